"""The command `gatehouse decision-code`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatehouse.command_options import FAILED, WRONG_USE, AsJson, fail, print_json
from policies.decision_code import Examination, examine, shipped_lexicon


def decision_code(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A reply or a Python file; - reads standard input.")
    ],
    *,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="One more name that stands for a protected attribute; may be repeated."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave this attribute out, e.g. `school`; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find Python that decides about people by who they are; nothing of it is run.

    Ends with 1 where something was found.
    """
    lexicon = shipped_lexicon().without(without or ()).with_names(proxy or ())
    text = _text(file)
    found = examine(f"```python\n{text}\n```\n" if file.endswith(".py") else text, lexicon)
    if as_json:
        print_json(
            {
                "findings": [each.as_json() for each in found.findings],
                "statements": found.statements,
                "complete": found.complete,
            }
        )
    else:
        typer.echo(_told(found))
    if found.findings:
        raise typer.Exit(FAILED)


def _text(file: str) -> str:
    if file == "-":
        return typer.get_text_stream("stdin").read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail([f"{file}: cannot be read ({type(error).__name__})"], WRONG_USE)


def _told(found: Examination) -> str:
    if not found.statements:
        return "There is no Python in it."
    lines = [] if found.complete else ["It is too large; only a part was read."]
    for each in found.findings:
        lines += [f"{each.attribute} (severity {each.severity}): {each.quote}"]
        lines += [f"  {line}" for line in each.path if line != each.quote]
    return "\n".join(lines or ["Nothing that decides about people by who they are."])
