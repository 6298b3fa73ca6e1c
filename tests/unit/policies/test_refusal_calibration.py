"""Recalibrated scores: bounded, monotone, the same where nothing is set, and found by model name."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.refusal import detect
from policies.refusal_calibration import CLASSES, MAX_BIAS, UNCALIBRATED, Calibration, Calibrations

SCORE = st.floats(0.0, 1.0)
BIAS = st.floats(-MAX_BIAS, MAX_BIAS)
BIASES = st.fixed_dictionaries(dict.fromkeys(CLASSES, BIAS))


@st.composite
def shares(draw: st.DrawFn) -> dict[str, float]:
    """Scores of one softmax, with a label beside it."""
    weights = [draw(st.floats(0.001, 1.0)) for _ in CLASSES]
    return {**{name: w / sum(weights) for name, w in zip(CLASSES, weights, strict=True)}, "harm": 0.3}


@given(shares(), BIASES)
def test_shares_stay_shares(scores: dict[str, float], biases: dict[str, float]) -> None:
    """They sum to what they did, and stand to each other as p times the power of the bias."""
    moved = Calibration(biases).adjust(scores)
    assert math.isclose(sum(moved[name] for name in CLASSES), 1.0, rel_tol=1e-9)
    assert moved["harm"] == 0.3
    for name in CLASSES:
        ratio = (scores[name] / scores["comply"]) * math.exp(biases[name] - biases["comply"])
        assert math.isclose(moved[name] / moved["comply"], ratio, rel_tol=1e-6)


@given(st.fixed_dictionaries(dict.fromkeys(CLASSES, SCORE)), BIASES)
def test_scores_stay_scores(scores: dict[str, float], biases: dict[str, float]) -> None:
    """Highest scores over several windows need not sum to 1; none of them leaves [0, 1] all the same."""
    assert all(0.0 <= score <= 1.0 for score in Calibration(biases).adjust(scores).values())


@given(shares(), BIASES, st.sampled_from(CLASSES), st.floats(0.0, 2.0))
def test_a_larger_bias_never_lowers_its_class(
    scores: dict[str, float], biases: dict[str, float], name: str, more: float
) -> None:
    """And never raises another."""
    raised = {**biases, name: min(MAX_BIAS, biases[name] + more)}
    before, after = Calibration(biases).adjust(scores), Calibration(raised).adjust(scores)
    assert after[name] >= before[name] - 1e-12
    assert all(after[other] <= before[other] + 1e-12 for other in CLASSES if other != name)


@given(shares(), BIASES, st.floats(0.0, 1.0))
def test_a_higher_score_stays_the_higher_one(
    scores: dict[str, float], biases: dict[str, float], weight: float
) -> None:
    """More refusal before is more refusal after."""
    assume(weight > 0.01)
    higher = {name: scores[name] * (1 - weight) + weight * (name == "refuse") for name in CLASSES}
    calibration = Calibration(biases)
    assert calibration.adjust(higher)["refuse"] >= calibration.adjust(scores)["refuse"] - 1e-12


@given(shares())
def test_no_bias_changes_no_bit(scores: dict[str, float]) -> None:
    """Zeros leave the very numbers, and nothing set the very object."""
    assert Calibration().adjust(scores) == scores
    assert UNCALIBRATED.adjust("any", scores) is scores
    assert Calibrations({"other": Calibration({"refuse": 1.0})}).adjust("any", scores) is scores


@pytest.mark.parametrize("scores", [{}, {"harm": 0.9}, dict.fromkeys(CLASSES, 0.0)])
def test_where_nothing_was_measured_nothing_moves(scores: dict[str, float]) -> None:
    """A classifier of other labels, a guard that failed, scores of nothing."""
    assert Calibration({"refuse": 3.0}).adjust(scores) == scores


def test_exact_names_go_before_starts_and_starts_in_their_order() -> None:
    """As routes do."""
    exact, small, any_gpt, rest = (Calibration(n=n) for n in range(1, 5))
    assert Calibrations({"*": rest}).find("whatever") is rest
    table = Calibrations({"gpt-small*": small, "gpt*": any_gpt, "gpt-small-1": exact})
    assert table.find("gpt-small-1") is exact
    assert table.find("gpt-small-2") is small
    assert table.find("gpt-large") is any_gpt
    assert table.find("llama") is None


def test_detection_reads_the_adjusted_scores() -> None:
    """The same score is a refusal by one model and an answer by another."""
    scores = {"comply": 0.35, "partial": 0.02, "refuse": 0.6, "unable": 0.03}
    table = Calibrations({"curt": Calibration({"refuse": 2.0})})
    assert detect("Let us talk about kittens.", table.adjust("plain", scores)) == "comply"
    assert detect("Let us talk about kittens.", table.adjust("curt", scores)) == "refuse"
