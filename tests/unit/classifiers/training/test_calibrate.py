"""Calibration arithmetic, against cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.training import calibrate


def test_platt_finds_the_curve_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, 20_000)
    labels = (rng.random(20_000) < calibrate.sigmoid(0.7 * logits)).astype(float)
    curve = calibrate.fit_platt(logits, labels)
    assert curve is not None
    assert curve.scale == pytest.approx(0.7, abs=0.06)
    assert curve.shift == pytest.approx(0.0, abs=0.1)


def test_too_few_positives_fit_no_curve() -> None:
    assert calibrate.fit_platt(np.arange(100.0), np.array([1.0] * 5 + [0.0] * 95)) is None


def test_a_curve_that_falls_with_the_logit_is_refused() -> None:
    logits = np.linspace(-5, 5, 200)
    assert calibrate.fit_platt(logits, (logits < 0).astype(float), ridge=1e-9) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300), st.sampled_from([0.0, 0.005, 0.05, 0.5]))
def test_a_threshold_is_reached_by_at_most_the_allowed_share(values: list[float], share: float) -> None:
    scores = np.array(values)
    threshold = calibrate.threshold_at(scores, share, floor=0.1)
    if (scores < 1.0).all() and len(set(values)) == len(values):
        assert (scores >= threshold + 1e-6).sum() <= share * len(values) + 1e-9
    assert threshold >= 0.1


def test_wilson_matches_the_published_example() -> None:
    rate = calibrate.wilson(10, 100)
    assert (round(rate.low, 4), round(rate.high, 4)) == (0.0552, 0.1744)


def test_wilson_of_nothing_is_the_whole_range() -> None:
    assert calibrate.wilson(0, 0) == calibrate.Rate(0.0, 0, 0.0, 1.0)


def test_temperature_of_overconfident_logits_is_below_one() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 2000)
    logits = rng.normal(0, 1, (2000, 4)) + 2.0 * np.eye(4)[labels]
    exact = calibrate.fit_temperature(logits, labels)
    assert calibrate.fit_temperature(3 * logits, labels) == pytest.approx(exact / 3, rel=0.1)


def test_auroc_counts_ties_half() -> None:
    assert calibrate.auroc(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == 0.5
    assert calibrate.auroc(np.array([0.9, 0.1, 0.5]), np.array([1.0, 0.0, 0.0])) == 1.0


def test_auprc_of_a_perfect_order_is_one() -> None:
    assert calibrate.auprc(np.array([0.9, 0.8, 0.1]), np.array([1.0, 1.0, 0.0])) == 1.0
    assert math.isnan(calibrate.auprc(np.array([0.1]), np.array([0.0])))


def test_f1_of_each_class() -> None:
    assert calibrate.f1_scores([0, 0, 1], [0, 1, 1], 3) == pytest.approx([2 / 3, 2 / 3, 0.0])


@pytest.mark.parametrize(("hits", "n", "bound"), [(0, 299, 0.00997), (0, 10_000, 0.0003), (3, 100, 0.0757)])
def test_the_upper_bound_is_the_exact_one(hits: int, n: int, bound: float) -> None:
    assert calibrate.upper_bound(hits, n) == pytest.approx(bound, rel=0.01)


def test_no_hit_missing_bounds_nothing() -> None:
    assert calibrate.upper_bound(5, 5) == 1.0


def test_a_certified_threshold_is_the_lowest_whose_bound_holds() -> None:
    scores = np.linspace(0, 1, 10_000)
    threshold = calibrate.certified_threshold(scores, 0.005)
    over = int((scores >= threshold).sum())
    assert calibrate.upper_bound(over, 10_000) <= 0.005 < calibrate.upper_bound(over + 1, 10_000)


def test_too_few_rows_certify_nothing() -> None:
    assert calibrate.certified_threshold(np.zeros(100), 0.005) == math.inf


def test_certificates_hold_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    broken = 0
    for _ in range(300):
        threshold = calibrate.certified_threshold(rng.random(2000), 0.01)
        broken += (1.0 - min(1.0, threshold)) > 0.01
    assert broken / 300 < 0.09


def test_recall_is_read_at_each_share_of_harmless_rows() -> None:
    harmless, risky = np.linspace(0, 1, 1000), np.array([0.2, 0.6, 0.995])
    found = calibrate.recall_at(risky, harmless, (0.5, 0.01))
    assert (found[0.5].rate, found[0.01].rate) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert found[0.5].n == 3


def test_calibrated_scores_lie_on_the_diagonal() -> None:
    rng = np.random.default_rng(5)
    scores = rng.random(50_000)
    labels = (rng.random(50_000) < scores).astype(float)
    for bin_ in calibrate.reliability(scores, labels, prior=float(labels.mean())):
        assert bin_.risky == pytest.approx(bin_.score, abs=0.03)
