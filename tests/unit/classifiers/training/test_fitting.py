"""Labels are fitted on held-out rows; what cannot be fitted is borrowed and said to be."""

from __future__ import annotations

import numpy as np

from classifiers.training.calibrate import Scaling
from classifiers.training.examples import Example
from classifiers.training.fitting import fit_curves, fit_label, known
from classifiers.training.labels import Head

HARM = Head("harm", "risk", "sigmoid", 1.0)
ONE, TWO = Head("one", "hazard", "sigmoid", 1.0), Head("two", "hazard", "sigmoid", 1.0)


def test_rows_of_unknown_label_fit_nothing() -> None:
    rows = [Example("a", {"harm": 1.0}, "s", "MIT"), Example("b", {}, "s", "MIT")]
    logits, labels = known(np.array([[2.0], [9.0]]), rows, "harm", 0)
    assert logits.tolist() == [2.0]
    assert labels.tolist() == [1.0]


def test_a_label_without_rows_borrows_its_groups_curve() -> None:
    rng = np.random.default_rng(0)
    logits = np.concatenate([rng.normal(2, 1, 200), rng.normal(-2, 1, 200)])
    labels = np.concatenate([np.ones(200), np.zeros(200)])
    curves = fit_curves([ONE, TWO], [(logits, labels), (logits[:3], labels[:3])])
    assert curves[0][1]
    assert not curves[1][1]
    assert curves[0][0] == curves[1][0]


def test_thresholds_are_ordered_and_rates_come_from_fresh_rows() -> None:
    tune, check = np.linspace(-6, 6, 1000), np.full(500, -6.0)
    fitted = fit_label(HARM, (Scaling(), True), tune, check, {"harm": 0.01, "flag": 0.05})
    assert 0.05 <= fitted.flag < fitted.block <= 1.0
    assert fitted.benign["block"].n == 500
    assert fitted.benign["block"].rate == 0.0
    assert fitted.entry()["thresholds"] == {"flag": round(fitted.flag, 6), "block": round(fitted.block, 6)}
