"""Margins: which operating points a score reaches, and by how much."""

from __future__ import annotations

import math

import pytest

from classifiers.margin import highest_reached, leading_label, log_odds, margins_of

POINTS = {"flag": 0.2, "block": 0.8}


def test_log_odds_are_finite_at_both_ends() -> None:
    assert log_odds(0.5) == pytest.approx(0.0)
    assert log_odds(0.8) == pytest.approx(math.log(4))
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0))
    assert math.isfinite(log_odds(1.0))


def test_each_point_is_reached_or_missed_by_an_amount() -> None:
    block, flag = margins_of(0.5, POINTS)
    assert (block.point, block.reached, flag.point, flag.reached) == ("block", False, "flag", True)
    assert block.score == pytest.approx(-0.3)
    assert block.log_odds == pytest.approx(-math.log(4))
    assert flag.score == pytest.approx(0.3)
    assert flag.log_odds == pytest.approx(math.log(4))


def test_a_score_at_a_point_reaches_it() -> None:
    assert margins_of(0.8, POINTS)[0].reached


def test_the_highest_reached_point_is_the_nearest_one_below() -> None:
    for score, point in ((0.1, None), (0.5, "flag"), (0.9, "block")):
        reached = highest_reached(margins_of(score, POINTS))
        assert (reached.point if reached else None) == point


def test_the_leading_label_is_measured_against_its_own_block_point() -> None:
    thresholds = {"harm": {"block": 0.9}, "rare": {"flag": 0.1, "block": 0.3}}
    assert leading_label({"harm": 0.7, "rare": 0.4, "free": 0.99}, thresholds) == "rare"


def test_without_block_points_the_highest_label_leads() -> None:
    assert leading_label({"a": 0.2, "b": 0.6}, {"a": {"flag": 0.1}}) == "b"
