"""Recalibrated refusal scores: house styles differ, so the same score means other things for other models.

A calibration adds one bias to each class of refusal detection in log space. The shares that come out
keep the sum that the four scores had, so nothing moves where all biases are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp
from typing import Literal

CLASSES = ("comply", "partial", "refuse", "unable")
MAX_BIAS = 3.0

FittedOn = Literal["labelled", "unlabelled"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Class to bias, each within ±`MAX_BIAS`; a class that is not named has none.

    The rest says where it comes from: `n` rows of a kind, an ISO date, the classifier as `name@version`.
    """

    biases: Mapping[str, float] = field(default_factory=dict)
    n: int = 0
    date: str = ""
    fitted_on: FittedOn = "labelled"
    classifier: str = ""

    def adjust(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        """The scores with the four classes moved; other labels stay. Scores are at most 1."""
        own = {label: scores[label] for label in CLASSES if label in scores}
        moved = {label: score * exp(self.biases.get(label, 0.0)) for label, score in own.items()}
        total = sum(moved.values())
        if not total:
            return scores
        share = sum(own.values()) / total
        return {**scores, **{label: min(1.0, score * share) for label, score in moved.items()}}


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Calibrations by model name; a pattern that ends in `*` is the start of a name.

    An exact name goes before starts of names, and those count in the order given, as routes do.
    """

    patterns: Mapping[str, Calibration] = field(default_factory=dict)
    digest: str = ""
    _starts: tuple[tuple[str, Calibration], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        starts = tuple((key[:-1], each) for key, each in self.patterns.items() if key.endswith("*"))
        object.__setattr__(self, "_starts", starts)

    def find(self, model: str) -> Calibration | None:
        """The calibration of a model, if it has one."""
        found = self.patterns.get(model)
        if found is not None:
            return found
        return next((each for start, each in self._starts if model.startswith(start)), None)

    def adjust(self, model: str, scores: Mapping[str, float]) -> Mapping[str, float]:
        """A model's scores as `refusal.detect` shall read them; the same object where nothing is set."""
        found = self.find(model) if self.patterns else None
        return scores if found is None else found.adjust(scores)


UNCALIBRATED = Calibrations()
