"""Risk of an answer, as one number: the highest score of the labels that output rules watch."""

from __future__ import annotations

from collections.abc import Sequence

from policies.policy import Policy, Rule
from policies.verdict import Action, Reading, Stage

OVER_ALL = 1.01
"""A limit that no score reaches: there is no such rule."""


def output_limits(policy: Policy) -> tuple[float, float]:
    """Lowest score at which an enforced output rule asks for a review, and for a block."""
    return _lowest(policy, Action.REVIEW), _lowest(policy, Action.BLOCK)


def output_risk(policy: Policy, readings: Sequence[Reading]) -> float:
    """Highest score in [0, 1] of the labels that output rules review or block.

    Where nothing that those rules read was measured the risk is 1: not measured is not safe.
    """
    watched = {(rule.classifier, label) for rule in _output_rules(policy) for label, _ in rule.limits}
    scores = [
        score
        for reading in readings
        for label, score in reading.classification.scores.items()
        if (reading.classifier, label) in watched
    ]
    return max(scores, default=1.0 if watched else 0.0)


def _lowest(policy: Policy, action: Action) -> float:
    rules = _output_rules(policy)
    return min(
        (limit for rule in rules if rule.action is action for _, limit in rule.limits), default=OVER_ALL
    )


def _output_rules(policy: Policy) -> list[Rule]:
    return [
        rule
        for rule in policy.rules
        if rule.stage is Stage.POST_CALL
        and rule.mode == "enforce"
        and rule.action in (Action.REVIEW, Action.BLOCK)
    ]
