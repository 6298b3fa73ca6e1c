"""How far a score lies from a label's operating points, in score and in log-odds.

Near 0 and 1 scores crowd together; log-odds keep the distances there apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_CLOSEST_TO_CERTAIN = 1e-6


@dataclass(frozen=True, slots=True)
class Margin:
    """One operating point (`flag`, `block`) against a score.

    `score` and `log_odds` are distances from the threshold, negative under it.
    """

    point: str
    threshold: float
    reached: bool
    score: float
    log_odds: float


def log_odds(score: float) -> float:
    """Natural log-odds of a score; scores within a millionth of 0 or 1 count as that far from it."""
    inner = min(max(score, _CLOSEST_TO_CERTAIN), 1.0 - _CLOSEST_TO_CERTAIN)
    return math.log(inner / (1.0 - inner))


def margins_of(score: float, points: Mapping[str, float]) -> tuple[Margin, ...]:
    """The margin to each operating point, highest threshold first."""
    return tuple(
        Margin(point, threshold, score >= threshold, score - threshold, log_odds(score) - log_odds(threshold))
        for point, threshold in sorted(points.items(), key=lambda item: (-item[1], item[0]))
    )


def highest_reached(margins: Sequence[Margin]) -> Margin | None:
    """The highest operating point that the score reaches, None where it reaches none."""
    return max(
        (margin for margin in margins if margin.reached), key=lambda each: each.threshold, default=None
    )


def leading_label(scores: Mapping[str, float], thresholds: Mapping[str, Mapping[str, float]]) -> str:
    """The label that is highest relative to its `block` point; where no label has one, the highest."""
    distances = {
        label: log_odds(score) - log_odds(thresholds[label]["block"])
        for label, score in scores.items()
        if "block" in thresholds.get(label, {})
    }
    ranked = distances or scores
    return max(ranked, key=lambda label: ranked[label])
