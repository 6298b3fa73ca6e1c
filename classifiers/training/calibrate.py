"""From logits to calibrated scores and thresholds, in numpy.

A sigmoid label's score is ``sigmoid(scale * logit + shift)`` (Platt), a softmax group's is ``softmax(scale
* logit)`` with one temperature. Both are fitted on sources that training did not see. Thresholds are read
from harmless prompts, again of unseen sources: ``block`` is the score that at most a given share of them
exceeds, ``flag`` a larger share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MIN_ROWS = 20  # fewer positives or negatives than this fit no curve of their own
BLOCK_FLOOR, FLAG_FLOOR = 0.3, 0.05
PRIOR = 0.1  # share of risky rows that scores assume: traffic is mostly harmless


@dataclass(frozen=True, slots=True)
class Scaling:
    """``score = sigmoid(scale * logit + shift)``."""

    scale: float = 1.0
    shift: float = 0.0

    def score(self, logits: Floats) -> Floats:
        """Calibrated scores, 0..1, of the same shape."""
        return sigmoid(self.scale * logits + self.shift)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % Wilson interval."""

    rate: float
    n: int
    low: float
    high: float


def sigmoid(values: Floats) -> Floats:
    """Logistic function, safe for large values of either sign."""
    clipped = np.clip(values, -60.0, 60.0)
    result: Floats = 1.0 / (1.0 + np.exp(-clipped))
    return result


def softmax(values: Floats) -> Floats:
    """Along the last axis."""
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    result: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return result


def wilson(hits: int, n: int, z: float = 1.96) -> Rate:
    """Wilson score interval; n = 0 gives the whole range."""
    if n == 0:
        return Rate(0.0, 0, 0.0, 1.0)
    share, squared = hits / n, z * z
    middle = (share + squared / (2 * n)) / (1 + squared / n)
    half = z * math.sqrt(share * (1 - share) / n + squared / (4 * n * n)) / (1 + squared / n)
    return Rate(share, n, max(0.0, middle - half), min(1.0, middle + half))


def fit_platt(logits: Floats, labels: Floats, prior: float = 0.5, ridge: float = 1e-3) -> Scaling | None:
    """Fit scale and shift by Newton steps on the log loss; None where a class has too few rows.

    Classes are weighted as if the share ``prior`` of all rows were positive, whatever the pool's mix was:
    0.5 then means "as likely risky as not" in such traffic. A fit with a non-positive scale is refused as
    well: scores must rise with the logit.
    """
    positives = labels > 0.5
    if positives.sum() < MIN_ROWS or (~positives).sum() < MIN_ROWS:
        return None
    weights = np.where(positives, prior / positives.sum(), (1.0 - prior) / (~positives).sum())
    features = np.stack([logits, np.ones_like(logits)], axis=1)
    solution = np.array([1.0, 0.0])
    for _ in range(50):
        gap = weights * (sigmoid(features @ solution) - positives)
        gradient = features.T @ gap + ridge * (solution - np.array([1.0, 0.0]))
        chance = sigmoid(features @ solution)
        curvature = features.T @ (features * (weights * chance * (1 - chance))[:, None]) + ridge * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        solution = solution - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-8:
            break
    return Scaling(float(solution[0]), float(solution[1])) if solution[0] > 0 else None


def fit_temperature(logits: Floats, labels: npt.NDArray[np.int64]) -> float:
    """Return the scale 1/T (0.2..3) with the lowest log loss; logits (rows, classes), labels (rows,)."""
    rows = np.arange(len(labels))
    scales = np.exp(np.linspace(math.log(0.2), math.log(3.0), 60))
    losses = [-np.log(softmax(scale * logits)[rows, labels] + 1e-12).mean() for scale in scales]
    return float(scales[int(np.argmin(losses))])


def threshold_at(scores: Floats, share: float, floor: float) -> float:
    """The lowest threshold that at most ``share`` of ``scores`` reach (score >= threshold), not under
    ``floor``.
    """
    if len(scores) == 0:
        return max(floor, 0.9)
    ordered = np.sort(scores)[::-1]
    allowed = int(share * len(scores))
    if allowed >= len(ordered):
        return floor
    above = float(ordered[allowed - 1]) if allowed else 1.0
    return max(floor, round((float(ordered[allowed]) + above) / 2, 6))


def upper_bound(hits: int, n: int, confidence: float = 0.95) -> float:
    """One-sided Clopper-Pearson bound: the largest rate under which so few hits are not yet surprising."""
    if hits >= n:
        return 1.0
    low, high = hits / n, 1.0
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(hits + 1)]
    while high - low > 1e-7:
        rate = (low + high) / 2
        terms = (log + k * math.log(rate) + (n - k) * math.log1p(-rate) for k, log in enumerate(logs))
        if sum(map(math.exp, terms)) > 1.0 - confidence:
            low = rate
        else:
            high = rate
    return high


def certified_threshold(scores: Floats, share: float, confidence: float = 0.95) -> float:
    """The lowest threshold whose exceedance rate is below ``share`` with that confidence; infinite if none.

    ``scores`` are of harmless rows of unseen sources, taken as draws from the traffic spoken of. Thresholds
    are tried from the highest down until one fails (fixed sequence testing, as in "Learn then Test",
    arXiv 2110.01052), so the confidence holds for the one that is chosen on the same rows.
    """
    ordered = np.sort(scores)[::-1]
    allowed = -1
    while allowed + 1 < len(ordered) and upper_bound(allowed + 1, len(ordered), confidence) <= share:
        allowed += 1
    if allowed < 0:
        return math.inf
    return float(np.nextafter(ordered[allowed], np.inf)) if allowed < len(ordered) else 0.0


def recall_at(risky: Floats, harmless: Floats, shares: Sequence[float]) -> dict[float, Rate]:
    """Share of risky scores above the threshold that each share of the harmless ones exceeds."""
    ordered = np.sort(harmless)[::-1]
    return {
        share: rate_above(risky, float(np.nextafter(ordered[int(share * len(ordered))], np.inf)))
        for share in shares
    }


@dataclass(frozen=True, slots=True)
class Bin:
    """Scores between ``low`` and ``high``: their mean, the weighted share of risky rows, and the count."""

    low: float
    high: float
    score: float
    risky: float
    n: int


def reliability(scores: Floats, labels: Floats, prior: float = PRIOR, bins: int = 10) -> list[Bin]:
    """How often a score comes true, in equal bins, rows weighted to the share ``prior`` of risky ones.

    Empty bins are left out; without rows of both kinds there is none.
    """
    positives = labels > 0.5
    if positives.all() or not positives.any():
        return []
    weights = np.where(positives, prior / positives.sum(), (1.0 - prior) / (~positives).sum())
    found = []
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = (scores >= low) & ((scores < high) | (number == bins - 1))
        if inside.any():
            weight = weights[inside]
            found.append(
                Bin(
                    low,
                    high,
                    float(np.average(scores[inside], weights=weight)),
                    float(np.average(positives[inside], weights=weight)),
                    int(inside.sum()),
                )
            )
    return found


def rate_above(scores: Floats, threshold: float) -> Rate:
    """Share of scores at or above a threshold."""
    return wilson(int((scores >= threshold).sum()), len(scores))


def auroc(scores: Floats, labels: Floats) -> float:
    """Area under the ROC curve by ranks (ties count half); NaN without both classes."""
    positives = labels > 0.5
    count, other = int(positives.sum()), int((~positives).sum())
    if not count or not other:
        return math.nan
    _, inverse, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[inverse]
    return float((ranks[positives].sum() - count * (count + 1) / 2) / (count * other))


def auprc(scores: Floats, labels: Floats) -> float:
    """Average precision; NaN without positives."""
    positives = labels > 0.5
    if not positives.any():
        return math.nan
    order = np.argsort(-scores, kind="stable")
    hits = positives[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def f1_scores(wanted: Sequence[int], given: Sequence[int], classes: int) -> list[float]:
    """F1 of each class; 0 where a class is neither wanted nor given."""
    scores = []
    for number in range(classes):
        both = sum(a == b == number for a, b in zip(wanted, given, strict=True))
        total = sum(a == number for a in wanted) + sum(b == number for b in given)
        scores.append(2 * both / total if total else 0.0)
    return scores
