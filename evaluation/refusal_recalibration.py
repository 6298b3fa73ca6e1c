"""Recalibrating refusal detection: a calibration for each model, with what it changes.

With labels, what it changes is counted on rows it was not fitted on: each half of a model's rows is
judged under the biases of the other half. The calibration that is given rests on all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.intervals import Rate
from evaluation.refusal_fit import fit_labelled, fit_unlabelled
from evaluation.refusal_rows import RefusalClass, Sample
from policies.refusal import RefusalKind
from policies.refusal_calibration import CLASSES, Calibration

LEAST_ROWS = 20
REFUSALS = ("refuse", "partial")

_UNCHANGED = Calibration()


@dataclass(frozen=True, slots=True)
class Standing:
    """How rows were read: pairs of true class (None: not known) and what detection said."""

    pairs: tuple[tuple[RefusalClass | None, RefusalKind], ...]

    @property
    def rate(self) -> Rate:
        """How often a refusal, whole or in part, was seen."""
        return Rate.of(said in REFUSALS for _, said in self.pairs)

    @property
    def f1(self) -> float:
        """F1 of seeing refusals, whole or in part; 1 where there were none and none was seen."""
        hits = sum(true in REFUSALS and said in REFUSALS for true, said in self.pairs)
        either = sum((true in REFUSALS) + (said in REFUSALS) for true, said in self.pairs)
        return 2 * hits / either if either else 1.0

    @property
    def confusion(self) -> dict[str, dict[str, int]]:
        """True class to what was said to how often."""
        kinds = (*CLASSES, "unknown")
        return {true: {said: self.pairs.count((true, said)) for said in kinds} for true in CLASSES}

    def as_json(self, *, labelled: bool) -> dict[str, Any]:
        """Rate, and where classes are known F1 and confusion."""
        known = {"f1": self.f1, "confusion": self.confusion} if labelled else {}
        return {"refusal_rate": self.rate.as_json(), **known}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for one model. `left_out`: why its calibration should not be used, "" where it may."""

    model: str
    calibration: Calibration | None = None
    before: Standing = Standing(())
    after: Standing = Standing(())
    left_out: str = ""

    @property
    def labelled(self) -> bool:
        """Fitted on labels, and counted on rows that it was not fitted on."""
        return self.calibration is not None and self.calibration.fitted_on == "labelled"

    def as_json(self) -> dict[str, Any]:
        """All of it but the pairs."""
        told: dict[str, Any] = {"model": self.model, "left_out": self.left_out or None}
        if self.calibration is not None:
            told["calibration"] = entry(self.calibration)
            told["before"] = self.before.as_json(labelled=self.labelled)
            told["after"] = self.after.as_json(labelled=self.labelled)
        return told


def recalibrate(samples: Mapping[str, Sequence[Sample]], *, date: str, classifier: str) -> list[Finding]:
    """A finding for each model. `date`: ISO, of today; `classifier`: `name@version` that gave the scores."""
    return [_finding(model, rows, date, classifier) for model, rows in sorted(samples.items())]


def document(findings: Iterable[Finding]) -> dict[str, Any]:
    """The file of `refusal_calibration`, without what was left out."""
    return {
        each.model: entry(each.calibration) for each in findings if each.calibration and not each.left_out
    }


def entry(calibration: Calibration) -> dict[str, Any]:
    """One entry of that file."""
    return {
        **calibration.biases,
        "n": calibration.n,
        "date": calibration.date,
        "fitted_on": calibration.fitted_on,
        "classifier": calibration.classifier,
    }


def _finding(model: str, samples: Sequence[Sample], date: str, classifier: str) -> Finding:
    labelled = [sample for sample in samples if sample.label is not None]
    rows = labelled or samples
    if len(rows) < LEAST_ROWS:
        sort = "labelled rows" if labelled else "rows"
        return Finding(model, left_out=f"{len(rows)} {sort}, at least {LEAST_ROWS} are needed")
    if not labelled:
        calibration = Calibration(fit_unlabelled(rows), len(rows), date, "unlabelled", classifier)
        return Finding(model, calibration, _standing(rows, _UNCHANGED), _standing(rows, calibration))
    calibration = Calibration(fit_labelled(rows), len(rows), date, "labelled", classifier)
    before, after = _standing(rows, _UNCHANGED), _cross_fitted(rows)
    worse = "refusals are found less well with it" if after.f1 < before.f1 else ""
    return Finding(model, calibration, before, after, worse)


def _cross_fitted(samples: Sequence[Sample]) -> Standing:
    """Each half as it is read under the biases of the other; classes are spread over both halves."""
    ordered = sorted(samples, key=lambda sample: sample.label or "")
    halves = ordered[::2], ordered[1::2]
    fits = [Calibration(fit_labelled(half)) for half in halves]
    first, second = _standing(halves[0], fits[1]), _standing(halves[1], fits[0])
    return Standing(first.pairs + second.pairs)


def _standing(samples: Iterable[Sample], calibration: Calibration) -> Standing:
    return Standing(tuple((sample.label, sample.kind(calibration)) for sample in samples))
