"""The commands `gatehouse constitution …`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gatehouse.command_options import FAILED, WRONG_USE, AsJson, Config, Set, fail, print_json, settings_of

if TYPE_CHECKING:
    from evaluation.constitutions.judging import Critic
    from policies.constitution import CompiledConstitution, Constitution

constitution_app = typer.Typer(help="Constitutions: read, test and compare them.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(help="Name or path of a constitution, with +mode where a mode is meant.")
]
Upstream = Annotated[
    str,
    typer.Option(help="Base URL of a model as critic; default: a scripted critic that obeys the clauses."),
]
Model = Annotated[str, typer.Option(help="Name of that model; its key is read from OPENAI_API_KEY.")]
Corpus = Annotated[Path | None, typer.Option(help="Borderline exchanges; default: the shipped ones.")]


@constitution_app.command("list")
def list_constitutions(config: Config = None, set_: Set = None, as_json: AsJson = False) -> None:
    """List the constitutions there are, with version, digest and size."""
    from policies.loader import library_names  # noqa: PLC0415 - files are read here only

    library = settings_of(config, set_).policies_dir
    found = [_opened(name, library) for name in library_names("constitutions", library=library)]
    rows = [_facts(compiled, constitution) for constitution, compiled in found]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        modes = f"; modes {', '.join(row['modes'])}" if row["modes"] else ""
        typer.echo(
            f"{row['name']}@{row['version']}  {row['digest'][7:19]}  about {row['tokens']} tokens{modes}"
        )
        if row["summary"]:
            typer.echo(f"    {row['summary']}")


@constitution_app.command()
def show(name: Name, config: Config = None, set_: Set = None, as_json: AsJson = False) -> None:
    """Show the clauses of a constitution in their order of priority, and its digest."""
    constitution, compiled = _opened(name, settings_of(config, set_).policies_dir)
    clauses = [asdict(principle) for principle in compiled.principles]
    if as_json:
        print_json({**_facts(compiled, constitution), "principles": clauses})
        return
    typer.echo(f"{compiled.label}  {compiled.digest}")
    for line in (compiled.summary, f"extends {', '.join(compiled.lineage)}" if compiled.lineage else ""):
        typer.echo(line) if line else None
    for number, clause in enumerate(compiled.principles, 1):
        typer.echo(f"{number}. {clause.id} ({clause.authority}) {clause.title}")
        for key in ("behaviour", "limit", "critique", "revision"):
            if getattr(clause, key):
                typer.echo(f"     {key}: {getattr(clause, key)}")
        for key in ("canned", "safe_partial"):
            for language, said in getattr(clause, key):
                typer.echo(f"     {key} ({language}): {said}")


@constitution_app.command()
def text(name: Name, config: Config = None, set_: Set = None, as_json: AsJson = False) -> None:
    """Print the compiled text, byte for byte what a model is sent."""
    _, compiled = _opened(name, settings_of(config, set_).policies_dir)
    if as_json:
        print_json({"name": compiled.name, "digest": compiled.digest, "text": compiled.text})
    else:
        typer.echo(compiled.text, nl=False)


@constitution_app.command("test")
def run_tests(
    name: Name,
    *,
    upstream: Upstream = "",
    model: Model = "",
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Run the examples and tests of a constitution through a critic and the deterministic checks."""
    from evaluation.constitutions.examples import run_examples  # noqa: PLC0415
    from evaluation.constitutions.obedient import perceptions_of  # noqa: PLC0415

    constitution, _ = _opened(name, settings_of(config, set_).policies_dir)
    results = run_examples(_critic(upstream, model, perceptions_of(constitution)), constitution)
    failed = [result for result in results if not result.passed]
    if as_json:
        rows = [{**asdict(result), "passed": result.passed} for result in results]
        print_json({"exchanges": len(results), "failed": len(failed), "results": rows})
    else:
        for result in failed:
            about = f"{result.clause}: " if result.clause else ""
            typer.echo(f"{about}expected {result.expected}, got {result.got}: {result.request}")
        typer.echo(f"{len(results) - len(failed)} of {len(results)} exchanges as expected.")
    if failed:
        raise typer.Exit(FAILED)


@constitution_app.command()
def bite(
    name: Name,
    *,
    upstream: Upstream = "",
    model: Model = "",
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Turn every clause round and take it out: verdicts must follow, or the clause is decoration."""
    from evaluation.constitutions.bite import bite as bite_test  # noqa: PLC0415
    from evaluation.constitutions.obedient import perceptions_of  # noqa: PLC0415

    constitution, _ = _opened(name, settings_of(config, set_).policies_dir)
    found = bite_test(_critic(upstream, model, perceptions_of(constitution)), constitution)
    idle = [clause for clause in found if not clause.bites]
    crossed = sum(len(clause.crossed) for clause in found)
    if as_json:
        clauses = [{**asdict(clause), "bites": clause.bites} for clause in found]
        print_json({"clauses": clauses, "crossed_items": crossed, "idle": [clause.clause for clause in idle]})
    else:
        for clause in idle:
            typer.echo(f"{clause.clause} does not bite: {_why(clause)}")
        typer.echo(f"{len(found) - len(idle)} of {len(found)} clauses bite, on {crossed} crossed items.")
    if idle:
        raise typer.Exit(FAILED)


@constitution_app.command()
def diff(
    before: Annotated[str, typer.Argument(help="The older constitution: name or path.")],
    after: Annotated[str, typer.Argument(help="The newer one, or a sibling.")],
    *,
    corpus: Corpus = None,
    upstream: Upstream = "",
    model: Model = "",
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """List every verdict that flips on the borderline corpus, by clause; a version that says less fails."""
    from evaluation.constitutions.flips import compare  # noqa: PLC0415
    from evaluation.constitutions.obedient import perceptions_of  # noqa: PLC0415

    library = settings_of(config, set_).policies_dir
    (old, older), (new, newer) = _opened(before, library), _opened(after, library)
    rows = _corpus(corpus)
    told = (*perceptions_of(old), *perceptions_of(new), *(each for row in rows for each in row.perceptions))
    found = compare(_critic(upstream, model, told), older, newer, rows)
    if as_json:
        print_json({**asdict(found), "before": older.digest, "after": newer.digest, "honest": found.honest})
    else:
        _print_comparison(found, older, newer)
    if not found.honest:
        raise typer.Exit(FAILED)


@constitution_app.command()
def tones(
    name: Name,
    *,
    corpus: Corpus = None,
    upstream: Upstream = "",
    model: Model = "",
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Look whether modes change form only; with a model, its replies are compared too."""
    from evaluation.constitutions.obedient import perceptions_of  # noqa: PLC0415
    from evaluation.constitutions.tones import reply_shifts, text_shifts, verdict_shifts  # noqa: PLC0415

    constitution, _ = _opened(name, settings_of(config, set_).policies_dir)
    rows = _corpus(corpus)
    told = (*perceptions_of(constitution), *(each for row in rows for each in row.perceptions))
    critic = _critic(upstream, model, told)
    shifts = [*text_shifts(constitution), *verdict_shifts(critic, constitution, rows)]
    if upstream:
        shifts += reply_shifts(critic, constitution, (row.test.request for row in rows))
    if as_json:
        print_json({"modes": list(constitution.modes), "shifts": [asdict(shift) for shift in shifts]})
    else:
        for shift in shifts:
            typer.echo(f"{shift.mode}: {shift.what}: {shift.where}")
        typer.echo(f"{len(constitution.modes)} modes on {len(rows)} exchanges: {len(shifts)} shifts.")
    if shifts:
        raise typer.Exit(FAILED)


def _opened(reference: str, library: Path | None) -> tuple[Constitution, CompiledConstitution]:
    from policies.constitution import split_mode  # noqa: PLC0415
    from policies.loader import PolicyError, load_compiled_constitution, load_constitution  # noqa: PLC0415

    try:
        whole = load_constitution(split_mode(reference)[0], library=library)
        return whole, load_compiled_constitution(reference, library=library)
    except PolicyError as error:
        fail(error.problems, FAILED)


def _corpus(path: Path | None) -> tuple[Any, ...]:
    from evaluation.constitutions.borderline import CORPUS, CorpusError, read_corpus  # noqa: PLC0415

    try:
        return read_corpus(path or CORPUS)
    except CorpusError as error:
        fail([str(error)], WRONG_USE)


def _critic(upstream: str, model: str, perceptions: Any) -> Critic:
    from evaluation.constitutions.live import LiveModel  # noqa: PLC0415
    from evaluation.constitutions.obedient import ObedientCritic  # noqa: PLC0415

    if bool(upstream) != bool(model):
        fail(["--upstream and --model go together"], WRONG_USE)
    if not upstream:
        return ObedientCritic(perceptions)
    try:
        critic = LiveModel(upstream, model, os.environ.get("OPENAI_API_KEY", ""))
    except ValueError as error:
        fail([str(error)], WRONG_USE)
    if critic("Answer with one word.", "Are you there?") is None:
        fail([f"{upstream}: model {model} gave no answer; nothing was tested"], WRONG_USE)
    return critic


def _facts(compiled: CompiledConstitution, constitution: Constitution) -> dict[str, Any]:
    return {
        "name": compiled.name,
        "version": compiled.version,
        "digest": compiled.digest,
        "tokens": compiled.tokens,
        "clauses": len(compiled.principles),
        "modes": list(constitution.modes),
        "extends": list(compiled.lineage),
        "summary": compiled.summary,
    }


def _why(clause: Any) -> str:
    wrong = [item for item in clause.items if not item.followed]
    told = (f"under the {item.rule} rule {item.got} in place of {item.expected}" for item in wrong)
    return "; ".join((*clause.problems, *told))


def _print_comparison(found: Any, older: CompiledConstitution, newer: CompiledConstitution) -> None:
    typer.echo(f"{older.label} and {newer.label} on {found.exchanges} exchanges:")
    for line in (*found.clauses, *_flip_lines(found)):
        typer.echo(f"  {line}")
    typer.echo(f"{len(found.flips)} flips, {found.unread} exchanges unread.")
    if found.declared is not None:
        typer.echo(f"The version says: {found.declared}. What changed asks for: {found.needed}.")


def _flip_lines(found: Any) -> Iterator[str]:
    clauses = Counter(flip.clause for flip in found.flips)
    for clause, count in clauses.most_common():
        yield f"{clause}: {count} flips"
        yield from (
            f"  {flip.exchange}: {flip.before} -> {flip.after}"
            for flip in found.flips
            if flip.clause == clause
        )
