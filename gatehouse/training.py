"""Training and conversion for the command line: problems where it went wrong, lines about what was made.

The libraries behind it come with the extra [train] and are imported only when something is to be made.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CHATTERERS = ("torch.onnx._internal.exporter._registration", "transformers")
"""Loggers that warn of what a user cannot change."""


class TrainingError(Exception):
    """Nothing was made; ``problems`` says why."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class MissingExtraError(TrainingError):
    """The libraries are not there."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made, as ``facts`` for programs and as ``lines`` for people."""

    facts: dict[str, Any]
    lines: list[str]


def train_models(out: Path, **given: Any) -> Made:
    """Train models into ``out``; ``given`` are the other fields of `classifiers.training.course.Order`.

    Raises:
        TrainingError: libraries, pool, settings, labels or base encoder are missing or wrong.
    """
    with _problems_told():
        from classifiers.training.course import Order, OrderError, carry_out, lines_about  # noqa: PLC0415

        try:
            outcome = carry_out(Order(out, **given))
        except OrderError as error:
            raise TrainingError(error.problems) from None
    return Made(asdict(outcome), lines_about(outcome))


def convert_model(directory: Path, out: Path, *, int8: bool, name: str) -> Made:
    """Convert a Hugging Face folder.

    Raises:
        TrainingError: libraries are missing, or the folder cannot be converted faithfully.
    """
    with _problems_told():
        from classifiers.training.convert import ConversionError, convert  # noqa: PLC0415

        try:
            found = convert(directory, out, int8=int8, name=name)
        except ConversionError as error:
            raise TrainingError([str(error)]) from None
    lines = [
        f"{found.folder}: {', '.join(found.labels)}; {found.digest}",
        f"largest difference from the original: {found.difference:.2g} over {found.texts} texts (float32)",
    ]
    if found.int8_difference is not None:
        lines.append(f"with weights of 8 bits: {found.int8_difference:.2g}; measure it on texts of your own")
    lines.append(f"Next: set thresholds in {found.folder}/gatehouse.yaml and name the folder under `models`.")
    return Made(asdict(found), lines)


@contextmanager
def _problems_told() -> Iterator[None]:
    """Progress on standard error without the libraries' own chatter; a missing library names its extra."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("classifiers.training").setLevel(logging.INFO)
    for name in CHATTERERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                [
                    f"{error.name} is not installed: this needs the extra [train]",
                    "install it with: pip install 'gatehouse[train]'",
                ]
            ) from None
