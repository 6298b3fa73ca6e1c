"""The command `gatehouse calibrate-refusals`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gatehouse.command_options import (
    FAILED,
    WRONG_USE,
    AsJson,
    Config,
    Set,
    fail,
    print_json,
    settings_of,
)


def calibrate_refusals(
    *,
    rows: Annotated[
        Path, typer.Option(help="JSON lines with model, request, reply and, where a person judged, class.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="File for the setting refusal_calibration; written anew.")
    ] = None,
    model: Annotated[str, typer.Option(help="Only this model's rows; default: every model's.")] = "",
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Fit refusal detection to the style of each upstream model, and show what that changes."""
    from classifiers.classification import ClassifierError  # noqa: PLC0415 - models are needed here only
    from evaluation.refusal_recalibration import document, recalibrate  # noqa: PLC0415
    from evaluation.refusal_rows import RowsError  # noqa: PLC0415
    from gatehouse.recalibration import render, samples_of  # noqa: PLC0415

    settings = settings_of(config, set_)
    try:
        samples, classifier = samples_of(settings, rows, model)
    except RowsError as error:
        fail(error.problems, WRONG_USE)
    except ClassifierError as error:
        fail([str(error)], FAILED)
    findings = recalibrate(samples, date=datetime.now(UTC).date().isoformat(), classifier=classifier)
    fitted = document(findings)
    if as_json:
        print_json({"models": [each.as_json() for each in findings], "calibrations": fitted})
    else:
        typer.echo(render(findings))
    if not fitted:
        raise typer.Exit(FAILED)
    if out is not None:
        _write(out, json.dumps(fitted, indent=2, ensure_ascii=False) + "\n")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail([f"{path}: cannot be written ({type(error).__name__})"], FAILED)
