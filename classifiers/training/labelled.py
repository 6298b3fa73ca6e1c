"""Rows that users label themselves, as JSON lines.

A row says what a text is (``text`` with ``label``), what somebody thought of the decision on it (``text``
with ``feedback`` and perhaps ``decision``, as a ledger's feedback joined with one's own texts), or what a
reply does (``reply`` with ``refusal``, and the ``request`` it answers). It may say both. ``weight`` and
``source`` are optional; other keys are left alone, so that an export needs no cleaning.

A fifth of the texts, chosen by a hash, is held out and never trained on: the run reports how the shipped and
the new model do on them. What a user says of a text outranks what the pool says of it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifiers.training.examples import Example
from classifiers.training.labels import REFUSAL
from classifiers.training.split import PARTS, Split, lend_harmless
from classifiers.training.written import label_targets

LABELLED = "labelled:"
LICENCE = "as labelled by whoever trained this"
HELD_SHARE = 0.2
WEIGHT, MOST_WEIGHT = 3.0, 100.0
"""How much a row counts against a row of the pool, unless it says otherwise: there are few of them."""
FEEDBACK: Mapping[str, str] = {"wrong_block": "0", "wrong_pass": "harm"}
"""Feedback that states a label. Other kinds say nothing about the text and are passed over."""
_KEYS = ("text", "label", "feedback", "decision", "reply", "refusal", "request", "source")


class LabelsError(ValueError):
    """Label files that cannot be used; ``problems`` names every one with its line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One model's rows: those it learns from, and those it is compared on."""

    train: Sequence[Example] = ()
    held: Sequence[Example] = ()

    def added_to(self, rows: Sequence[Example]) -> list[Example]:
        """These rows and the training rows; where both have a text, only the user's row stays."""
        return [*self._others(rows), *self.train]

    def joined_to(self, split: Split) -> Split:
        """The same split with the training rows in it, and no text of the user's anywhere else."""
        lend_harmless(split)
        for part in PARTS:
            setattr(split, part, self._others(getattr(split, part)))
        split.train = self.added_to(split.train)
        return split

    def _others(self, rows: Sequence[Example]) -> list[Example]:
        mine = {_reading(row) for row in (*self.train, *self.held)}
        return [row for row in rows if _reading(row) not in mine]


UNLABELLED = Labelled()


@dataclass(slots=True)
class LabelledRows:
    """All that label files hold. ``passed_over`` counts feedback that states no label, by kind."""

    input: Labelled = UNLABELLED
    exchange: Labelled = UNLABELLED
    passed_over: Counter[str] = field(default_factory=Counter)

    def of(self, model: str) -> Labelled:
        """The rows for ``input`` or ``exchange``."""
        return self.input if model == "input" else self.exchange


@dataclass(frozen=True, slots=True)
class _Placed:
    """An example and where it was found."""

    example: Example
    model: str
    place: str


def read_labels(paths: Sequence[Path]) -> LabelledRows:
    """Read label files.

    Raises:
        LabelsError: a file or a row is wrong, or two rows contradict each other; all problems at once.
    """
    problems: list[str] = []
    rows = LabelledRows()
    found: list[_Placed] = []
    for path in paths:
        for place, row in _objects(path, problems):
            found.extend(_placed(place, row, problems, rows.passed_over))
    kept = _distinct(found, problems)
    if problems:
        raise LabelsError(problems)
    rows.input, rows.exchange = (
        _split([each.example for each in kept if each.model == model]) for model in ("input", "exchange")
    )
    return rows


def _objects(path: Path, problems: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        problems.append(f"{path}: {error.strerror or type(error).__name__}")
        return
    except UnicodeDecodeError as error:
        problems.append(f"{path}: not UTF-8 at byte {error.start}")
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            problems.append(f"{path}:{number}: not JSON")
            continue
        if isinstance(row, dict):
            yield f"{path}:{number}", {key: value for key, value in row.items() if value is not None}
        else:
            problems.append(f"{path}:{number}: not an object")


def _placed(
    place: str, row: Mapping[str, Any], problems: list[str], passed_over: Counter[str]
) -> list[_Placed]:
    """The examples of one row, at most one for each model."""
    wrong = [f"{place}: {key} must be a text" for key in _KEYS if not _is_text(row.get(key, ""))]
    if wrong:
        problems.extend(wrong)
        return []
    stated = {key: row.get(key, "").strip() for key in _KEYS}
    if stated["text"] and not stated["label"] and stated["feedback"] and stated["feedback"] not in FEEDBACK:
        passed_over[stated["feedback"]] += 1
        return []
    try:
        found = {"input": _input_row(row, stated), "exchange": _exchange_row(row, stated)}
    except ValueError as error:
        problems.append(f"{place}: {error}")
        return []
    examples = [_Placed(example, model, place) for model, example in found.items() if example]
    if not examples:
        problems.append(f"{place}: needs text with label or feedback, or reply with refusal")
    return examples


def _input_row(row: Mapping[str, Any], stated: Mapping[str, str]) -> Example | None:
    label = stated["label"] or FEEDBACK.get(stated["feedback"], "")
    if not label:
        return None
    if not stated["text"]:
        raise ValueError("a label without a text")
    targets, scale = label_targets(label)
    return _example(row["text"], targets, row, scale)


def _exchange_row(row: Mapping[str, Any], stated: Mapping[str, str]) -> Example | None:
    if not stated["refusal"]:
        return None
    if not stated["reply"]:
        raise ValueError("refusal without a reply")
    if stated["refusal"] not in REFUSAL:
        raise ValueError(f"unknown refusal: {stated['refusal']}; known: {', '.join(REFUSAL)}")
    targets = {name: float(name == stated["refusal"]) for name in REFUSAL}
    return _example(row["reply"], targets, row, request=row.get("request") or row.get("text", ""))


def _example(
    text: str, targets: Mapping[str, float], row: Mapping[str, Any], scale: float = 1.0, request: str = ""
) -> Example:
    weight = row.get("weight", WEIGHT)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= MOST_WEIGHT:
        raise ValueError(f"weight must be a number above 0, at most {MOST_WEIGHT:g}")
    source = LABELLED + (row.get("source") or "own")
    return Example(text, targets, source, LICENCE, scale * weight, request, family="labelled")


def _is_text(value: object) -> bool:
    """JSON can hold halves of characters, which no encoding takes."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _distinct(found: Sequence[_Placed], problems: list[str]) -> list[_Placed]:
    """The first of rows that read the same; those that contradict it are problems."""
    first: dict[tuple[str, str], _Placed] = {}
    for each in found:
        known = first.setdefault((each.model, each.example.key()), each)
        if known.example.targets != each.example.targets:
            problems.append(f"{each.place}: the same text has another label at {known.place}")
    return list(first.values())


def _split(rows: Sequence[Example]) -> Labelled:
    held = [row for row in rows if _drawn(row) < HELD_SHARE]
    return Labelled([row for row in rows if _drawn(row) >= HELD_SHARE], held)


def _drawn(row: Example) -> float:
    """A number from 0 to 1 that depends on how the text reads, so that a text is always on one side."""
    return int.from_bytes(hashlib.sha256(_reading(row).encode()).digest()[:4], "big") / 2**32


def _reading(row: Example) -> str:
    """Text with case and spacing removed; a reply reads the same whatever it answers."""
    return " ".join(row.text.split()).lower()
