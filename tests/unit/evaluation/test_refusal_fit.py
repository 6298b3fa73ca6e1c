"""Fitting: a shifted style is found again, few rows change little, and bounds hold."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.refusal_fit import TRAINED_SHARES, fit_labelled, fit_unlabelled
from evaluation.refusal_rows import Sample
from policies.refusal_calibration import CLASSES, MAX_BIAS, Calibration

SHIFT = {"comply": 1.0, "partial": -0.2, "refuse": -1.2, "unable": 0.4}


def calibrated(count: int, seed: int, alphas: dict[str, float] | None = None) -> list[Sample]:
    """Samples whose scores are true chances: the class is drawn from them."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        weights = [chance.gammavariate((alphas or {}).get(name, 0.5), 1.0) + 1e-9 for name in CLASSES]
        scores = {name: w / sum(weights) for name, w in zip(CLASSES, weights, strict=True)}
        made.append(Sample("x", scores, chance.choices(CLASSES, list(scores.values()))[0]))  # type: ignore[arg-type]
    return made


def styled(samples: list[Sample], shift: dict[str, float]) -> list[Sample]:
    """The same replies in a house style that moves every score."""
    return [Sample(s.reply, Calibration(shift).adjust(s.scores), s.label) for s in samples]


def test_a_shifted_style_is_undone() -> None:
    """The biases are the shift with its sign turned, up to a constant."""
    found = fit_labelled(styled(calibrated(3000, 1), SHIFT))
    mean = sum(SHIFT.values()) / len(SHIFT)
    assert found == pytest.approx({name: mean - by for name, by in SHIFT.items()}, abs=0.2)


def test_scores_that_are_right_are_left_alone() -> None:
    """Nothing to repair, nothing moved."""
    assert all(abs(bias) < 0.15 for bias in fit_labelled(calibrated(3000, 2)).values())


def test_few_rows_change_less_than_many() -> None:
    """The ridge holds them back."""
    rows = styled(calibrated(2000, 3), SHIFT)
    few, many = fit_labelled(rows[:20]), fit_labelled(rows)
    assert sum(b * b for b in few.values()) < sum(b * b for b in many.values())


def test_the_order_of_rows_says_nothing() -> None:
    """Nor does who sorted the file."""
    rows = styled(calibrated(60, 4), SHIFT)
    assert fit_labelled(rows) == pytest.approx(fit_labelled(rows[::-1]), abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(CLASSES), st.booleans())
def test_biases_are_bounded_whatever_the_rows(seed: int, label: str, certain: bool) -> None:
    """All of one class, and scores that are sure of another one."""
    sure = {name: float(name == "comply") for name in CLASSES}
    rows = [Sample("x", sure if certain else s.scores, label) for s in calibrated(40, seed)]  # type: ignore[arg-type]
    for biases in (fit_labelled(rows), fit_unlabelled(rows)):
        assert list(biases) == list(CLASSES)
        assert all(math.isfinite(bias) and abs(bias) <= MAX_BIAS for bias in biases.values())


def test_more_rows_of_a_class_raise_its_bias() -> None:
    """Monotone in the labels: turning answers into refusals never lowers the bias of refusals."""
    rows = calibrated(80, 5)
    biases = []
    for turned in (0, 10, 20, 40):
        labels = ["refuse"] * turned + [row.label for row in rows[turned:]]
        moved = [Sample("x", row.scores, label) for row, label in zip(rows, labels, strict=True)]  # type: ignore[arg-type]
        biases.append(fit_labelled(moved)["refuse"])
    assert biases == sorted(biases)


def test_changed_shares_are_found_without_labels_and_half_of_the_way_is_gone() -> None:
    """Samples as in training, then with four times as many refusals to each answer."""
    chance = random.Random(6)
    trained = calibrated(20_000, 6, {name: 0.3 * share for name, share in TRAINED_SHARES.items()})
    kept = [row for row in trained if row.label != "comply" or chance.random() < 0.25]
    found = fit_unlabelled(kept)
    assert found["refuse"] - found["comply"] == pytest.approx(0.5 * math.log(4), abs=0.15)
    assert all(abs(bias) < 0.15 for bias in fit_unlabelled(trained).values())
