"""Lanes of answers."""

from __future__ import annotations

import pytest

from policies.findings import Evidence
from policies.lanes import gravest, lane_of, no_evidence, sampled, trigger_of
from policies.loader import load_bundle
from policies.policy import ReviewBudget
from policies.verdict import Action, Verdict

FOUND = (Evidence("dignity", "worthless idiot", "a listed word"),)


@pytest.mark.parametrize(
    ("action", "lane", "with_evidence"),
    [
        (Action.ALLOW, "pass", "deliberate"),
        (Action.FLAG, "pass", "deliberate"),
        (Action.REVIEW, "deliberate", "deliberate"),
        (Action.BLOCK, "block", "block"),
    ],
)
def test_rules_and_fixed_checks_choose_the_lane(action: Action, lane: str, with_evidence: str) -> None:
    """Evidence raises a passing answer, and lowers no block."""
    assert lane_of(Verdict(action)) == lane
    assert lane_of(Verdict(action), FOUND) == with_evidence


def test_a_monitored_rule_opens_no_lane() -> None:
    """What it would have done is recorded elsewhere."""
    assert lane_of(Verdict(Action.ALLOW, would=Action.BLOCK)) == "pass"


def test_the_trigger_tells_scores_from_evidence() -> None:
    assert trigger_of(Verdict(Action.REVIEW)) == "score"
    assert trigger_of(Verdict(Action.FLAG)) == "evidence"


def test_of_several_answers_the_gravest_lane_counts() -> None:
    assert gravest(("pass", "deliberate", "pass")) == "deliberate"
    assert gravest(("block", "deliberate")) == "block"
    assert gravest(()) is None


def test_the_lot_is_drawn_by_the_exchange() -> None:
    """By its id alone, so it can be checked from the record."""
    assert not sampled("gh-1", ReviewBudget())
    assert sampled("gh-1", ReviewBudget(sample=1.0))


def test_a_house_without_fixed_checks_finds_nothing() -> None:
    assert no_evidence(load_bundle("default").constitution, "", "anything") == ()
