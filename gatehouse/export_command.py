"""The command `gatehouse export preferences`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gatehouse.command_options import FAILED, WRONG_USE, AsJson, fail, print_json

export_app = typer.Typer(help="Training data.", no_args_is_help=True)


class Form(StrEnum):
    """What a row teaches."""

    SFT = "sft"
    DPO = "dpo"
    KTO = "kto"
    REWARD = "reward"


class Dialect(StrEnum):
    """Whose file format."""

    TRL = "trl"
    OPENAI = "openai"


@export_app.command("preferences")
def export_preferences(  # noqa: PLR0913 - a command has as many parameters as options
    journal: Annotated[Path, typer.Argument(help="The preference journal (setting preferences.path).")],
    *,
    form: Annotated[Form, typer.Option("--format", help="What a row teaches.")],
    out: Annotated[Path, typer.Option(help="File of JSON lines; written anew, with others beside it.")],
    dialect: Annotated[
        Dialect, typer.Option(help="Whose file format; openai has sft and dpo.")
    ] = Dialect.TRL,
    seed: Annotated[int, typer.Option(help="Of every lot; the same seed, the same file.")] = 0,
    validation: Annotated[float, typer.Option(min=0, max=0.9, help="Share of conversations held out.")] = 0.1,
    refusals: Annotated[
        float, typer.Option(min=0, max=1, help="Most of the rows that may teach a refusal.")
    ] = 0.05,
    per_key: Annotated[
        float, typer.Option(min=0.0001, max=1, help="Most of the rows from one virtual key.")
    ] = 0.01,
    per_end_user: Annotated[
        float, typer.Option(min=0.0001, max=1, help="Most of the rows from one end user that clients named.")
    ] = 0.01,
    as_json: AsJson = False,
) -> None:
    """Make training rows of the reviews of tenants that consent.

    Writes NAME.jsonl, NAME.validation.jsonl, and NAME.README.md, the data card, all for their owner alone.
    """
    from evaluation.data_card import data_card  # noqa: PLC0415
    from evaluation.preference_export import ExportError, Plan, export  # noqa: PLC0415
    from evaluation.preference_formats import FormatError, check_known  # noqa: PLC0415
    from evaluation.preferences import JournalError, read_journal  # noqa: PLC0415

    plan = Plan(form.value, dialect.value, seed, validation, refusals, per_key, per_end_user)
    try:
        check_known(plan.dialect, plan.form)
        found = export(read_journal(journal), plan)
    except (FormatError, JournalError) as error:
        fail([str(error)], WRONG_USE)
    except OSError as error:
        fail([f"{journal}: cannot be read ({type(error).__name__})"], WRONG_USE)
    except ExportError as error:
        fail([str(error)], FAILED)
    held_out, card = out.with_suffix(f".validation{out.suffix}"), out.with_suffix(".README.md")
    _write(out, _lines(found.train))
    _write(held_out, _lines(found.validation))
    _write(card, data_card(found, out.name))
    told = {"train": len(found.train), "validation": len(found.validation), "dropped": dict(found.dropped)}
    if as_json:
        print_json({**told, "files": [str(out), str(held_out), str(card)]})
    else:
        typer.echo(
            f"{told['train']} rows in {out}, {told['validation']} in {held_out}; {card} says what they are."
        )


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as opened:
            os.fchmod(descriptor, 0o600)
            opened.write(text)
    except OSError as error:
        fail([f"{path}: cannot be written ({type(error).__name__})"], FAILED)
