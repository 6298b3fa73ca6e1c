"""Verdicts."""

from __future__ import annotations

from policies.verdict import ALLOWED, Action, Verdict


def test_actions_are_ordered_from_weakest_to_strongest() -> None:
    """Severity follows the order they are listed in."""
    assert [action.severity for action in Action] == [0, 1, 2, 3]


def test_a_verdict_without_news_is_the_shared_one() -> None:
    """Nothing found, nothing failed."""
    assert Verdict() == ALLOWED
    assert ALLOWED.failure is None
