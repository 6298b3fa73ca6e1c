"""Rows of replies by known models, read from JSON lines and scored as the proxy scores a reply.

No problem that is told quotes a row, and no value that holds a reply shows it when printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from classifiers import registry
from classifiers.classification import Classifier
from policies.refusal import RefusalKind, detect
from policies.refusal_calibration import CLASSES, Calibration

RefusalClass = Literal["comply", "partial", "refuse", "unable"]


class RowsError(Exception):
    """Rows cannot be used. `problems`: one sentence each, all of them, without a word of the rows."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


class Row(BaseModel):
    """One line: which model replied what to which request, and, where a person said so, of which class."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^*\n]+$")]
    request: str = Field(default="", repr=False)
    reply: Annotated[str, AfterValidator(_visible)] = Field(repr=False)
    label: RefusalClass | None = Field(default=None, alias="class")


@dataclass(frozen=True, slots=True)
class Sample:
    """A reply with the classifier's scores, and its true class where that is known."""

    reply: str = field(repr=False)
    scores: Mapping[str, float]
    label: RefusalClass | None = None

    def kind(self, calibration: Calibration) -> RefusalKind:
        """What refusal detection makes of it under a calibration."""
        return detect(self.reply, calibration.adjust(self.scores))


def read_rows(path: Path) -> list[Row]:
    """All rows of a file of JSON lines; blank lines are passed over.

    Raises:
        RowsError: with every line that is no row.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeError) as error:
        raise RowsError([f"{path}: cannot be read ({type(error).__name__})"]) from None
    rows: list[Row] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(Row.model_validate_json(line))
        except ValidationError as error:
            problems += [f"{path}:{number}: {problem}" for problem in _problems(error)]
    if problems:
        raise RowsError(problems)
    return rows


def score_rows(rows: Iterable[Row], classifier: Classifier) -> dict[str, list[Sample]]:
    """Model name to its samples, in the order of the rows.

    Raises:
        RowsError: the classifier has no refusal classes.
        ClassifierError: it could not measure.
    """
    if not set(CLASSES) <= set(classifier.labels):
        raise RowsError([f"classifier {classifier.name}: it does not measure {', '.join(CLASSES)}"])
    samples: dict[str, list[Sample]] = {}
    for row in rows:
        scores = registry.measure(classifier, row.reply, row.request).scores
        samples.setdefault(row.model, []).append(Sample(row.reply, scores, row.label))
    return samples


def _problems(error: ValidationError) -> Iterable[str]:
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        if item["type"] == "json_invalid":
            yield "is not JSON"
        elif item["type"] == "extra_forbidden":
            yield "has an unknown key; known: model, request, reply, class"
        else:
            place = ".".join(map(str, item["loc"]))
            message = item["msg"].removeprefix("Value error, ")
            yield f"{place}: {message[:1].lower()}{message[1:]}" if place else "is not a JSON object"
