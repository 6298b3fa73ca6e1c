"""Known functions stand in one list each."""

from __future__ import annotations

from policies.decision_code import idioms


def test_a_function_measures_or_hands_on_but_not_both() -> None:
    assert not idioms.MEASURES & (idioms.CARRIES | idioms.FITS | idioms.LOOKS_UP | idioms.STORES)
    assert not idioms.AGGREGATES & idioms.CARRIES
