"""Calibration and thresholds of the input model, from logits on the held-out parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classifiers.training import calibrate
from classifiers.training.calibrate import Floats, Rate, Scaling
from classifiers.training.examples import Example, targets_of
from classifiers.training.labels import Head

Known = tuple[Floats, Floats]


@dataclass(slots=True)
class Fitted:
    """One sigmoid label after fitting."""

    head: Head
    scaling: Scaling
    own_curve: bool
    flag: float
    block: float
    benign: dict[str, Rate] = field(default_factory=dict)
    bound: float = 1.0
    """The rate of harmless rows over ``block`` is below this with 95 % confidence."""

    def entry(self) -> dict[str, Any]:
        """The label's entry in manifest.json."""
        return {
            "name": self.head.name,
            "group": self.head.group,
            "activation": "sigmoid",
            "scale": round(self.scaling.scale, 6),
            "shift": round(self.scaling.shift, 6),
            "thresholds": {"flag": round(self.flag, 6), "block": round(self.block, 6)},
        }


def known(logits: Floats, examples: Sequence[Example], head: str, column: int) -> Known:
    """Logits and labels of the rows whose label is known."""
    labels = targets_of(examples, head)
    rows = ~np.isnan(labels)
    return logits[rows, column], labels[rows]


def fit_curves(heads: Sequence[Head], pairs: Sequence[Known]) -> list[tuple[Scaling, bool]]:
    """Platt curves; labels with too few held-out rows take the mean of their group's curves (False =
    borrowed).
    """
    own = [calibrate.fit_platt(*pair, prior=calibrate.PRIOR) for pair in pairs]
    curves: list[tuple[Scaling, bool]] = []
    for head, curve in zip(heads, own, strict=True):
        if curve is not None:
            curves.append((curve, True))
            continue
        group = [
            found for other, found in zip(heads, own, strict=True) if found and other.group == head.group
        ]
        curves.append((mean_curve(group), False))
    return curves


def mean_curve(curves: Sequence[Scaling]) -> Scaling:
    """The mean of some curves; the identity where there is none."""
    if not curves:
        return Scaling()
    return Scaling(float(np.mean([c.scale for c in curves])), float(np.mean([c.shift for c in curves])))


def share_for(head: Head, ratios: dict[str, float]) -> float:
    """Allowed share of harmless rows above ``block``: by label, else by group."""
    return ratios.get(head.name, ratios.get(head.group, 0.002))


def fit_label(
    head: Head, curve: tuple[Scaling, bool], tune: Floats, check: Floats, ratios: dict[str, float]
) -> Fitted:
    """Thresholds from harmless ``tune`` logits (hard prompts); ``block`` is raised until harmless ``check``
    logits, of other unseen sources, certify it at ``ratios["certified"]``. Rates are those of ``check``.
    """
    scaling, own = curve
    scores, fresh = scaling.score(tune), scaling.score(check)
    share = ratios.get("certified", 1.0)
    certified = calibrate.certified_threshold(fresh, share) if share < 1.0 else 0.0
    wanted = calibrate.threshold_at(scores, share_for(head, ratios), calibrate.BLOCK_FLOOR)
    block = min(1.0, max(wanted, certified))
    flag = min(block, calibrate.threshold_at(scores, ratios["flag"], calibrate.FLAG_FLOOR))
    rates = {"block": calibrate.rate_above(fresh, block), "flag": calibrate.rate_above(fresh, flag)}
    bound = calibrate.upper_bound(round(rates["block"].rate * rates["block"].n), max(1, rates["block"].n))
    return Fitted(head, scaling, own, flag, block, rates, bound)
