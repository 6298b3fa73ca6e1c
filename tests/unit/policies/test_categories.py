"""Categories."""

from __future__ import annotations

from policies.categories import CATEGORIES, HAZARDS, likeliest


def test_the_likeliest_is_the_highest_one_that_is_likely_at_all() -> None:
    """Hazard heads are hints: under one half they say nothing."""
    assert likeliest({"vcr": 0.6, "ncr": 0.7, "harm": 0.99}) == "ncr"
    assert likeliest({"vcr": 0.49}) == ""
    assert likeliest({}) == ""


def test_an_attack_names_the_decision_where_it_is_likelier_than_any_hazard() -> None:
    """On attacks all hazard heads rise."""
    assert likeliest({"cse": 0.9, "ssh": 0.88, "jailbreak": 0.99}) == "jailbreak"
    assert likeliest({"iwp": 0.95, "prompt_injection": 0.6}) == "iwp"


def test_equal_hazards_go_by_order() -> None:
    """The result does not depend on the order of a mapping."""
    assert likeliest({"ncr": 0.5, "vcr": 0.5}) == likeliest({"vcr": 0.5, "ncr": 0.5}) == "vcr"


def test_every_hazard_is_a_category() -> None:
    """And every category is explained."""
    assert set(HAZARDS) < set(CATEGORIES)
    assert all(CATEGORIES.values())
