"""Biases of the refusal classes, fitted to a model's scores: with labels, or from the scores alone.

With labels: maximum likelihood with a ridge, so that few rows change little. Without: the shares of the
classes by expectation-maximisation (M. Saerens, P. Latinne and C. Decaestecker, "Adjusting the outputs
of a classifier to new a priori probabilities", Neural Computation 14, 2002). That assumes that the
classes look as they did in training and only their shares differ, which a house style may break, so
only half of the way is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from evaluation.refusal_rows import Sample
from policies.refusal_calibration import CLASSES, MAX_BIAS

TRAINED_SHARES: Mapping[str, float] = {"comply": 0.498, "partial": 0.120, "refuse": 0.304, "unable": 0.078}
"""Shares of the classes in the rows that `gatehouse-exchange` 0.2.0 was trained on."""
RIDGE = 4.0
"""Weight of the pull towards 0: a bias is expected within about ±1."""
PRIOR_ROWS = 4.0
"""So many rows with the shares of training are added to the rows without labels."""
UNSUPERVISED_SHARE = 0.5
"""How much of the way a fit without labels goes."""

_LEAST_SCORE = 1e-6
_STEPS = 5000
_STILL = 1e-7

Vector = npt.NDArray[np.float64]


def fit_labelled(samples: Sequence[Sample]) -> dict[str, float]:
    """Class to bias from samples that all have labels.

    Projected gradient ascent. The curvature of this likelihood is at most n / 2, so the step never
    overshoots.
    """
    logs = np.log(_chances(samples))
    wanted = np.array([[sample.label == name for name in CLASSES] for sample in samples], dtype=np.float64)
    biases = np.zeros(len(CLASSES))
    for _ in range(_STEPS):
        slope = (wanted - _normal(np.exp(logs + biases))).sum(axis=0) - RIDGE * biases
        moved = np.clip(biases + slope / (len(samples) / 2 + RIDGE), -MAX_BIAS, MAX_BIAS)
        still = np.abs(moved - biases).max() < _STILL
        biases = moved
        if still:
            break
    return _named(biases)


def fit_unlabelled(samples: Sequence[Sample]) -> dict[str, float]:
    """Class to bias from the scores alone: log of estimated to trained share, half of it."""
    chances = _chances(samples)
    trained = _normal(np.array([[TRAINED_SHARES[name] for name in CLASSES]]))[0]
    shares = trained
    for _ in range(_STEPS):
        expected = _normal(chances * (shares / trained)).sum(axis=0)
        moved = (expected + PRIOR_ROWS * trained) / (len(samples) + PRIOR_ROWS)
        still = np.abs(moved - shares).max() < _STILL
        shares = moved
        if still:
            break
    ratios = np.log(shares / trained)
    biases = UNSUPERVISED_SHARE * (ratios - ratios.mean())
    return _named(np.clip(biases, -MAX_BIAS, MAX_BIAS))


def _chances(samples: Sequence[Sample]) -> Vector:
    """One row of class probabilities for each sample, none of them 0."""
    scores = np.array([[sample.scores[name] for name in CLASSES] for sample in samples], dtype=np.float64)
    return _normal(np.maximum(scores, _LEAST_SCORE))


def _normal(rows: Vector) -> Vector:
    normal: Vector = rows / rows.sum(axis=1, keepdims=True)
    return normal


def _named(biases: Vector) -> dict[str, float]:
    return {name: round(float(bias), 4) for name, bias in zip(CLASSES, biases, strict=True)}
