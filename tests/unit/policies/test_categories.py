"""Categories."""

from __future__ import annotations

from policies.categories import CATEGORIES, HAZARDS, likeliest_hazard


def test_the_likeliest_hazard_is_the_highest_one_that_is_likely_at_all() -> None:
    """Hazard heads are hints: under one half they say nothing."""
    assert likeliest_hazard({"vcr": 0.6, "ncr": 0.7, "harm": 0.99}) == "ncr"
    assert likeliest_hazard({"vcr": 0.49}) == ""
    assert likeliest_hazard({}) == ""


def test_equal_hazards_go_by_order() -> None:
    """The result does not depend on the order of a mapping."""
    assert likeliest_hazard({"ncr": 0.5, "vcr": 0.5}) == likeliest_hazard({"vcr": 0.5, "ncr": 0.5}) == "vcr"


def test_every_hazard_is_a_category() -> None:
    """And every category is explained."""
    assert set(HAZARDS) < set(CATEGORIES)
    assert all(CATEGORIES.values())
