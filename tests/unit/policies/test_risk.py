"""Risk of an answer."""

from __future__ import annotations

from dataclasses import replace

from policies.policy import Policy
from policies.risk import OVER_ALL, output_limits, output_risk
from policies.verdict import Action
from tests.kits.policy_kit import MODEL, reading, shipped

DEFAULT = shipped("default")


def test_limits_are_the_lowest_of_enforced_rules() -> None:
    """For a review and for a block."""
    assert output_limits(DEFAULT) == (0.4, 0.9)


def test_without_such_a_rule_no_score_reaches_the_limit() -> None:
    """So comparisons need no special case."""
    assert output_limits(shipped("monitor")) == (OVER_ALL, OVER_ALL)
    only_flags = replace(DEFAULT, rules=tuple(r for r in DEFAULT.rules if r.action is Action.FLAG))
    assert output_limits(only_flags) == (OVER_ALL, OVER_ALL)


def test_risk_is_the_highest_watched_score() -> None:
    """Refusal labels are not risk."""
    answer = reading({"harm_delivered": 0.3, "refuse": 0.99}, MODEL, classifier="exchange")
    assert output_risk(DEFAULT, [answer]) == 0.3


def test_not_measured_is_not_safe() -> None:
    """Unless nothing is watched at all."""
    assert output_risk(DEFAULT, []) == 1.0
    assert output_risk(Policy("p", "1", ()), []) == 0.0
