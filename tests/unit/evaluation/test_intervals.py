"""Rates carry their n and interval."""

from __future__ import annotations

import json
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.intervals import Rate, Rise

RATES = st.integers(1, 500).flatmap(lambda n: st.builds(Rate, st.integers(0, n), st.just(n)))


def test_the_interval_is_that_of_wilson() -> None:
    """Figures from the published formula."""
    assert Rate(8, 10).low == pytest.approx(0.4902, abs=1e-4)
    assert Rate(8, 10).high == pytest.approx(0.9433, abs=1e-4)
    assert Rate(0, 40).high == pytest.approx(0.0876, abs=1e-4)


@given(RATES)
def test_a_share_lies_within_its_interval(rate: Rate) -> None:
    assert 0.0 <= rate.low <= rate.share + 1e-12
    assert rate.share - 1e-12 <= rate.high <= 1.0


@given(RATES, RATES)
def test_a_rise_lies_within_its_interval(before: Rate, after: Rate) -> None:
    rise = Rise(before, after)
    assert -1.0 <= rise.low <= rise.share <= rise.high <= 1.0


def test_the_interval_of_a_rise_is_that_of_newcombe() -> None:
    """The published example: 56 of 70 against 48 of 80."""
    rise = Rise(Rate(48, 80), Rate(56, 70))
    assert (rise.share, rise.low, rise.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_samples_can_be_joined() -> None:
    assert Rate.of([True, False]) + Rate(3, 3) == Rate(4, 5)
    assert Rise(Rate(0, 2), Rate(1, 2)) + Rise(Rate(1, 2), Rate(2, 2)) == Rise(Rate(1, 4), Rate(3, 4))


def test_no_sample_is_no_rate() -> None:
    """It prints and exports as missing, never as 0."""
    none = Rate(0, 0)
    assert isnan(none.share)
    assert isnan(none.low)
    assert str(none) == str(Rise(none, none)) == "n 0"
    assert none.as_json() == {"hits": 0, "n": 0, "share": None, "low": None, "high": None}
    assert Rise(none, none).as_json()["rise"] is None


def test_rates_are_told_with_their_n() -> None:
    assert str(Rate(8, 10)) == "0.80 (0.49 to 0.94, n 10)"
    assert str(Rise(Rate(0, 10), Rate(1, 10))).endswith(", n 10)")
    assert json.loads(json.dumps(Rise(Rate(0, 10), Rate(1, 10)).as_json()))["after"]["hits"] == 1
