"""The command line.

Exit codes: 0 done, 1 it was tried and did not work (problems found, not ready, chain broken), 2 the
command line or the settings are wrong.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gatehouse.command_options import FAILED, WRONG_USE, AsJson, Config, Set
from gatehouse.command_options import fail as _fail
from gatehouse.command_options import load as _load
from gatehouse.command_options import print_json as _print_json
from gatehouse.command_options import settings_of as _settings
from gatehouse.recalibration_command import calibrate_refusals
from proxy.settings import SettingsError

app = typer.Typer(
    name="gatehouse",
    help="A guardrail proxy for OpenAI-compatible models.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
ledger_app = typer.Typer(help="The record of decisions.", no_args_is_help=True)
app.add_typer(ledger_app, name="ledger")


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
    settings = _settings(config, set_, given)
    from gatehouse.serving import StartError, run  # noqa: PLC0415 - the server is needed here only

    try:
        started = run(settings, quiet=quiet)
    except StartError as error:
        _fail(error.problems, WRONG_USE)
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
        settings = _load(config, set_, {})
    except SettingsError as error:
        if as_json:
            _print_json({"ok": False, "says": [], "warnings": [], "problems": error.problems})
            raise typer.Exit(WRONG_USE) from None
        _fail(error.problems, WRONG_USE)
    from gatehouse.checking import check as examine  # noqa: PLC0415 - models and policies are needed here only

    report = examine(settings, load_models=not fast)
    if as_json:
        _print_json({"ok": report.ok, **asdict(report)})
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

    found = ask(url or readiness_url(_settings(config, set_, {})))
    if as_json:
        _print_json({"ready": found.ready, "parts": found.parts})
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

    settings = _settings(config, set_, {})
    try:
        found = verify(
            path or settings.ledger.path,
            key=chain_key(settings.ledger),
            anchor=_anchor(anchor) if anchor else None,
        )
    except LedgerError as error:
        _fail([str(error)], FAILED)
    if as_json:
        _print_json({"intact": found.intact, **asdict(found)})
    else:
        _print_verification(found)
    if not found.intact:
        raise typer.Exit(FAILED)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the settings, for editors."""
    from gatehouse.reference import settings_schema  # noqa: PLC0415

    typer.echo(settings_schema(), nl=False)


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="The text to measure; - reads standard input.")],
    *,
    classifier: Annotated[str, typer.Option(help="Name of a classifier.")] = "input",
    label: Annotated[
        str, typer.Option(help="Label to explain; default: the highest relative to its block point.")
    ] = "",
    request: Annotated[str, typer.Option(help="What the text answers, for classifiers of exchanges.")] = "",
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Show which words of a text give a score, how far it is from blocking, and what would flip it."""
    from classifiers.classification import ClassifierError  # noqa: PLC0415
    from classifiers.explain import explain as examine  # noqa: PLC0415
    from classifiers.registry import load  # noqa: PLC0415
    from gatehouse.checking import model_folders  # noqa: PLC0415
    from gatehouse.explanation import document, render  # noqa: PLC0415

    folders = model_folders(_settings(config, set_, {}))
    if classifier not in folders:
        _fail([f"there is no classifier {classifier!r}; known: {', '.join(folders) or 'none'}"], WRONG_USE)
    given = typer.get_text_stream("stdin").read() if text == "-" else text
    try:
        opened = load(folders[classifier], name=classifier)
        if label and label not in opened.labels:
            _fail([f"{classifier} has no label {label!r}; known: {', '.join(opened.labels)}"], WRONG_USE)
        found = examine(opened, given, label, request)
    except ClassifierError as error:
        _fail([str(error)], FAILED)
    if as_json:
        _print_json(document(found, given))
    else:
        typer.echo(render(found, given, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def train(context: typer.Context) -> None:
    """Train the shipped models anew; arguments go to `python -m classifiers.training`."""
    try:
        from classifiers.training.__main__ import main as run  # noqa: PLC0415

        code = run(context.args)
    except ModuleNotFoundError as error:
        missing = [
            f"{error.name} is not installed: training needs the extra [train]",
            "install it with: pip install 'gatehouse[train]'",
        ]
        _fail(missing, WRONG_USE)
    raise typer.Exit(code)


app.command("calibrate-refusals")(calibrate_refusals)


def main() -> None:
    """Entry point of the `gatehouse` command."""
    app()


def _anchor(text: str) -> tuple[int, str]:
    seq, _, head = text.partition(":")
    if not seq.isdigit() or len(head) != 64:
        _fail(["--anchor wants SEQ:HASH, a number and 64 hex digits"], WRONG_USE)
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
