"""What users' own labels changed: the served and the new model on the rows that were held out.

Both are run as they are served, from their folders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from classifiers.classification import Classifier
from classifiers.training.calibrate import Rate, wilson
from classifiers.training.examples import Example
from classifiers.training.labels import REFUSAL, RISKS
from classifiers.training.report import percent


@dataclass(frozen=True, slots=True)
class Change:
    """A share of the held-out rows before and after, with n and its 95 % Wilson interval."""

    what: str
    before: Rate
    after: Rate


def compare_input(before: Classifier, after: Classifier, rows: Sequence[Example]) -> list[Change]:
    """How many harmless and how many risky texts any of harm, jailbreak, prompt_injection puts over a point.

    Rows that state neither (a hazard without harm) are left out.
    """
    kinds = {
        "harmless": [row for row in rows if not any(row.targets.values())],
        "risky": [row for row in rows if any(row.targets.get(name) == 1.0 for name in RISKS)],
    }
    return [
        Change(f"{kind} over {point}", _reaching(before, found, point), _reaching(after, found, point))
        for kind, found in kinds.items()
        for point in ("block", "flag")
    ]


def _reaching(classifier: Classifier, rows: Sequence[Example], point: str) -> Rate:
    def reaches(row: Example) -> bool:
        scores = classifier.classify(row.text).scores
        return any(scores[name] >= classifier.thresholds[name][point] for name in RISKS)

    return wilson(sum(map(reaches, rows)), len(rows))


def compare_exchange(before: Classifier, after: Classifier, rows: Sequence[Example]) -> list[Change]:
    """How many replies are named as their label says, all of them and the refusals alone."""
    kinds = {"replies": rows, "refusals": [row for row in rows if row.targets["refuse"] == 1.0]}
    return [
        Change(f"{kind} named rightly", _named(before, found), _named(after, found))
        for kind, found in kinds.items()
    ]


def _named(classifier: Classifier, rows: Sequence[Example]) -> Rate:
    def is_right(row: Example) -> bool:
        scores = classifier.classify(row.text, row.request).scores
        return row.targets[max(REFUSAL, key=lambda name: scores[name])] == 1.0

    return wilson(sum(map(is_right, rows)), len(rows))


def compare(model: str, before: Classifier, after: Classifier, rows: Sequence[Example]) -> list[Change]:
    """The changes of ``input`` or ``exchange``."""
    return (compare_input if model == "input" else compare_exchange)(before, after, rows)


def lines_of(changes: Mapping[str, Sequence[Change]]) -> Iterator[str]:
    """One line for each share that has rows."""
    for model, found in changes.items():
        for change in found:
            if change.after.n:
                shares = f"{percent(change.before)} before, {percent(change.after)} after"
                yield f"{model}: {change.what}: {shares}"
