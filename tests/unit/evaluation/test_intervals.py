"""Rates: Wilson's interval, against values known from elsewhere."""

from __future__ import annotations

from math import isnan

import pytest

from evaluation.intervals import Rate


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(3, 30, 0.0346, 0.2562), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (60, 1200, 0.0390, 0.0638)],
)
def test_the_interval_is_that_of_wilson(hits: int, n: int, low: float, high: float) -> None:
    """It stays within [0, 1] and is honest at the ends."""
    rate = Rate(hits, n)
    assert (rate.low, rate.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))
    assert rate.low <= rate.share <= rate.high


def test_a_rate_is_told_with_its_n_and_its_interval() -> None:
    """In words and as data."""
    rate = Rate.of([True, False, False, False])
    assert str(rate) == "0.25 (0.05 to 0.70, n 4)"
    assert rate.as_json() == {"hits": 1, "n": 4, "share": 0.25, "low": rate.low, "high": rate.high}


def test_nothing_counted_is_no_rate() -> None:
    """Neither 0 nor 1."""
    empty = Rate.of([])
    assert isnan(empty.share)
    assert str(empty) == "n 0"
    assert empty.as_json() == {"hits": 0, "n": 0, "share": None, "low": None, "high": None}
