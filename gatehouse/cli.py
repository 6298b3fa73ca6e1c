"""The command line.

Exit codes: 0 done, 1 it was tried and did not work (problems found, not ready, chain broken), 2 the
command line or the settings are wrong.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gatehouse.command_options import (
    FAILED,
    WRONG_USE,
    AsJson,
    Config,
    Set,
    fail,
    load,
    print_json,
    settings_of,
)
from gatehouse.constitution_command import constitution_app
from gatehouse.decision_code_command import decision_code
from gatehouse.export_command import export_app
from gatehouse.recalibration_command import calibrate_refusals
from gatehouse.tenant_commands import candidate_app, explain_placement, key_app
from proxy.settings import Settings, SettingsError

app = typer.Typer(
    name="gatehouse",
    help="A guardrail proxy for OpenAI-compatible models.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
ledger_app = typer.Typer(help="The record of decisions.", no_args_is_help=True)
app.add_typer(ledger_app, name="ledger")
app.add_typer(key_app, name="key")
app.add_typer(candidate_app, name="candidate")
app.add_typer(constitution_app, name="constitution")
app.add_typer(export_app, name="export")


class Trained(StrEnum):
    """The shipped models."""

    INPUT = "input"
    EXCHANGE = "exchange"


class Device(StrEnum):
    """What training runs on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


@app.command()
def serve(
    *,
    config: Config = None,
    set_: Set = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    upstream: Annotated[str | None, typer.Option(help="Base URL of an OpenAI-compatible server.")] = None,
    policy: Annotated[str | None, typer.Option(help="Name of a policy, or path of a policy file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no start-up text.")] = False,
) -> None:
    """Guard an upstream until a signal ends it."""
    given = {"host": host, "port": port, "upstream": upstream, "policy": policy}
    settings = settings_of(config, set_, given)
    from gatehouse.serving import StartError, run  # noqa: PLC0415 - the server is needed here only

    try:
        started = run(settings, quiet=quiet)
    except StartError as error:
        fail(error.problems, WRONG_USE)
    if not started:
        raise typer.Exit(FAILED)


@app.command()
def check(
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
    fast: Annotated[bool, typer.Option("--fast", help="Do not open the models.")] = False,
) -> None:
    """Validate settings, policies and models, and say what would happen."""
    try:
        settings = load(config, set_)
    except SettingsError as error:
        if as_json:
            print_json({"ok": False, "says": [], "warnings": [], "problems": error.problems})
            raise typer.Exit(WRONG_USE) from None
        fail(error.problems, WRONG_USE)
    from gatehouse.checking import check as examine  # noqa: PLC0415 - models and policies are needed here only

    report = examine(settings, load_models=not fast)
    if as_json:
        print_json({"ok": report.ok, **asdict(report)})
    else:
        for line in report.says:
            typer.echo(line)
        for line in report.warnings:
            typer.echo(f"warning: {line}")
        for line in report.problems:
            typer.echo(f"problem: {line}", err=True)
        typer.echo("Ready to serve." if report.ok else "It would not start.", err=not report.ok)
    if not report.ok:
        raise typer.Exit(FAILED)


@app.command()
def version() -> None:
    """Print the version."""
    from proxy.version import VERSION  # noqa: PLC0415

    typer.echo(VERSION)


@app.command()
def health(
    config: Config = None,
    set_: Set = None,
    url: Annotated[str, typer.Option(help="Address of /readyz; default: as the settings say.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask a running Gatehouse whether it is ready (for container health checks)."""
    from gatehouse.health import ask, readiness_url  # noqa: PLC0415

    found = ask(url or readiness_url(settings_of(config, set_)))
    if as_json:
        print_json({"ready": found.ready, "parts": found.parts})
    else:
        typer.echo("ready" if found.ready else "not ready")
        for name, state in found.parts.items():
            typer.echo(f"  {name}: {state}")
    if not found.ready:
        raise typer.Exit(FAILED)


@ledger_app.command("verify")
def ledger_verify(
    path: Annotated[Path | None, typer.Argument(help="Ledger file; default: as the settings say.")] = None,
    config: Config = None,
    set_: Set = None,
    anchor: Annotated[
        str, typer.Option(metavar="SEQ:HASH", help="A record known from elsewhere that must be there.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Walk the hash chain: finds edits, gaps and reorderings (a cut tail with --anchor)."""
    from proxy.ledger.files import LedgerError  # noqa: PLC0415
    from proxy.ledger.opening import chain_key  # noqa: PLC0415
    from proxy.ledger.verification import verify  # noqa: PLC0415

    settings = settings_of(config, set_)
    try:
        found = verify(
            path or settings.ledger.path,
            key=chain_key(settings.ledger),
            anchor=_anchor(anchor) if anchor else None,
        )
    except LedgerError as error:
        fail([str(error)], FAILED)
    if as_json:
        print_json({"intact": found.intact, **asdict(found)})
    else:
        _print_verification(found)
    if not found.intact:
        raise typer.Exit(FAILED)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the settings, for editors."""
    from gatehouse.reference import settings_schema  # noqa: PLC0415

    typer.echo(settings_schema(), nl=False)


@app.command(name="openapi")
def print_openapi() -> None:
    """Print the OpenAPI document of Gatehouse's own routes."""
    from gatehouse import openapi  # noqa: PLC0415

    typer.echo(openapi.text(), nl=False)


@app.command()
def explain(  # noqa: PLR0913 - a command has as many parameters as options
    text: Annotated[
        str | None,
        typer.Argument(help="The text to measure; - reads standard input; none: which policy applies."),
    ] = None,
    *,
    classifier: Annotated[str, typer.Option(help="Name of a classifier.")] = "input",
    label: Annotated[
        str, typer.Option(help="Label to explain; default: the highest relative to its block point.")
    ] = "",
    request: Annotated[str, typer.Option(help="What the text answers, for classifiers of exchanges.")] = "",
    key: Annotated[
        str, typer.Option(help="Whose key: TENANT/NAME, a digest, or - to read the key from standard input.")
    ] = "",
    tenant: Annotated[str, typer.Option(help="Whose request, where it is not told by a key.")] = "",
    model: Annotated[str, typer.Option(help="Model that is asked.")] = "",
    route: Annotated[str, typer.Option(help="Route, e.g. chat_completions or embeddings.")] = "",
    policy: Annotated[str, typer.Option(help="Policy that the client asks for by header.")] = "",
    constitution: Annotated[str, typer.Option(help="Constitution that it asks for by header.")] = "",
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Say why: which words of a text give a score, or which policy applies to a request.

    With a text: how far it is from blocking, and what would flip it. Without one: the policy and the
    constitution that rule a request of a key, for a model, on a route, and every place that had a say.
    """
    asked = {"key": key, "tenant": tenant, "model": model, "route": route}
    asked |= {"policy": policy, "constitution": constitution}
    if text is None:
        explain_placement(config, set_, asked, as_json=as_json)
        return
    if given := [f"--{name}" for name, value in asked.items() if value]:
        fail([f"{', '.join(given)}: for the question which policy applies, which has no text"], WRONG_USE)
    if not text.strip():
        fail(["the text is empty; without a text, `gatehouse explain` says which policy applies"], WRONG_USE)
    measured = typer.get_text_stream("stdin").read() if text == "-" else text
    _explain_text(settings_of(config, set_), classifier, measured, label, request, as_json=as_json)


def _explain_text(
    settings: Settings, classifier: str, given: str, label: str, request: str, *, as_json: bool
) -> None:
    from classifiers import registry  # noqa: PLC0415
    from classifiers.classification import ClassifierError  # noqa: PLC0415
    from classifiers.explain import explain as examine  # noqa: PLC0415
    from gatehouse.checking import model_folders  # noqa: PLC0415
    from gatehouse.explanation import document, render  # noqa: PLC0415

    folders = model_folders(settings)
    if classifier not in folders:
        fail([f"there is no classifier {classifier!r}; known: {', '.join(folders) or 'none'}"], WRONG_USE)
    try:
        opened = registry.load(folders[classifier], name=classifier, cascade=False)
        if label and label not in opened.labels:
            fail([f"{classifier} has no label {label!r}; known: {', '.join(opened.labels)}"], WRONG_USE)
        found = examine(opened, given, label, request)
    except ClassifierError as error:
        fail([str(error)], FAILED)
    if as_json:
        print_json(document(found, given))
    else:
        typer.echo(render(found, given, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))


@app.command()
def train(  # noqa: PLR0913 - a command has as many parameters as options
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for <model>/{model.onnx,tokenizer.json,manifest.json,…}.")
    ],
    pool: Annotated[
        Path | None, typer.Option(help="Folder with the *.jsonl.gz files of the data pool.")
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="JSON lines with rows of your own; may be repeated."),
    ] = None,
    model: Annotated[
        list[Trained] | None, typer.Option(help="Only this model; may be repeated. Default: all.")
    ] = None,
    base: Annotated[
        str,
        typer.Option(
            help="Base encoder (folder, wheel, package, hub name), or a model's folder to go on from; "
            "default: as configured."
        ),
    ] = "",
    config: Annotated[
        Path | None, typer.Option(help="Recipe and seeds; default: classifiers/training/training.yaml.")
    ] = None,
    device: Annotated[
        Device, typer.Option(help="Where to train; auto: a GPU where there is one.")
    ] = Device.AUTO,
    minutes: Annotated[
        float, typer.Option(min=0.0, help="Most minutes of training, all models together; 0: no bound.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Train the shipped models anew, from the data pool and rows of your own.

    Needs the extra `train`. Progress goes to standard error, a summary to standard output. Reading,
    exporting and measuring come on top of --minutes.
    """
    from gatehouse.training import TrainingError, train_models  # noqa: PLC0415

    given = {"pool": pool, "config": config, "base": base, "device": device.value, "minutes": minutes}
    models = tuple(each.value for each in model or ())
    try:
        found = train_models(out, models=models, labels=tuple(labels or ()), **given)
    except TrainingError as error:
        fail(error.problems, WRONG_USE)
    if as_json:
        print_json(found.facts)
    else:
        typer.echo("\n".join(found.lines))


@app.command()
def convert(
    directory: Annotated[Path, typer.Argument(help="Local Hugging Face folder of a sequence classifier.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder to write; it must not exist yet.")],
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights in 8 bits: smaller and faster, less exact.")
    ] = False,
    name: Annotated[str, typer.Option(help="Name of the classifier; default: the new folder's.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a classifier that Gatehouse serves of a Hugging Face folder.

    Needs the extra `train`. Weights are read as safetensors, or from a PyTorch file that may hold nothing
    but tensors; no code of the folder is run and nothing is downloaded. The ONNX file is compared with the
    original before it is kept.
    """
    from gatehouse.training import MissingExtraError, TrainingError, convert_model  # noqa: PLC0415

    try:
        found = convert_model(directory, out, int8=int8, name=name)
    except TrainingError as error:
        fail(error.problems, WRONG_USE if isinstance(error, MissingExtraError) else FAILED)
    if as_json:
        print_json(found.facts)
    else:
        typer.echo("\n".join(found.lines))


app.command("calibrate-refusals")(calibrate_refusals)
app.command("decision-code")(decision_code)


def main() -> None:
    """Entry point of the `gatehouse` command."""
    app()


def _anchor(text: str) -> tuple[int, str]:
    seq, _, head = text.partition(":")
    if not seq.isdigit() or len(head) != 64:
        fail(["--anchor wants SEQ:HASH, a number and 64 hex digits"], WRONG_USE)
    return int(seq), head


def _print_verification(found: Any) -> None:
    typer.echo(
        f"{found.records} records in {len(found.files)} file(s), {found.first_seq} to {found.seq}; "
        f"{found.exchanges} exchanges; head {found.seq}:{found.head}"
    )
    if found.dropped:
        typer.echo(f"The ledger says that it lost {found.dropped} events.")
    if found.unfinished:
        typer.echo(f"{len(found.unfinished)} exchange(s) started and have no record yet.")
    for problem in found.problems:
        typer.echo(f"problem: {problem}", err=True)
    typer.echo("The chain holds." if found.intact else "The chain does not hold.")
