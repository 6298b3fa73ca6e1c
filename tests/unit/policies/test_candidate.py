"""A candidate beside the policy that serves: what differs, and when nothing can be said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.classification import Classification, Conversation, Origin, Turn
from policies.candidate import (
    CANDIDATE_RESULTS,
    Decision,
    differ,
    input_verdict,
    reads_together,
)
from policies.policy import Policy, Rule
from policies.verdict import ALLOWED, Action, Failure, Reading, Stage, Verdict

BLOCK = Verdict(Action.BLOCK, Action.BLOCK, rule="live")
OTHER = Verdict(Action.BLOCK, Action.BLOCK, rule="new")
FLAG = Verdict(Action.FLAG, Action.FLAG, rule="soft")
GAP = Verdict(failure=Failure.NOT_RUN)
GUESS = Verdict(Action.BLOCK, Action.BLOCK, rule="closed", failure=Failure.TIMEOUT)


@pytest.mark.parametrize(
    ("served", "candidate", "told"),
    [
        (Decision(ALLOWED, (ALLOWED,)), Decision(ALLOWED, (ALLOWED,)), ("same", "", "")),
        (Decision(BLOCK), Decision(OTHER), ("same", "", "")),
        (Decision(ALLOWED, (ALLOWED,)), Decision(OTHER), ("newly_blocked", "input", "new")),
        (Decision(FLAG, (ALLOWED,)), Decision(ALLOWED, (OTHER,)), ("newly_blocked", "output", "new")),
        (Decision(BLOCK), Decision(ALLOWED), ("newly_allowed", "input", "live")),
        (
            Decision(ALLOWED, (ALLOWED, BLOCK)),
            Decision(FLAG, (ALLOWED,) * 2),
            ("newly_allowed", "output", "live"),
        ),
        (Decision(ALLOWED), Decision(FLAG), ("otherwise", "input", "soft")),
        (Decision(ALLOWED), Decision(GAP), ("unmeasured", "", "")),
        (Decision(BLOCK), Decision(GAP), ("unmeasured", "", "")),
        (Decision(ALLOWED, (ALLOWED,)), Decision(ALLOWED, (GUESS,)), ("unmeasured", "", "")),
        (Decision(GUESS), Decision(ALLOWED), ("unmeasured", "", "")),
        (
            Decision(ALLOWED, (ALLOWED,)),
            Decision(ALLOWED, (GUESS, OTHER)),
            ("newly_blocked", "output", "new"),
        ),
    ],
)
def test_each_difference_is_named_with_the_rule_that_makes_it(
    served: Decision, candidate: Decision, told: tuple[str, str, str]
) -> None:
    """What was not measured never reads as the same, nor as allowed."""
    found = differ(served, candidate)
    assert (found.result, found.side, found.rule) == told


verdicts = st.sampled_from((ALLOWED, FLAG, BLOCK, OTHER, GAP, GUESS))
decisions = st.builds(Decision, verdicts, st.lists(verdicts, max_size=2).map(tuple))


@given(decisions, decisions)
def test_every_pair_of_decisions_has_one_result(served: Decision, candidate: Decision) -> None:
    found = differ(served, candidate)
    assert found.result in CANDIDATE_RESULTS
    assert bool(found.rule) == (found.result not in ("same", "unmeasured"))


@given(decisions)
def test_a_policy_beside_itself_changes_nothing(decision: Decision) -> None:
    assert differ(decision, decision).result in ("same", "unmeasured")


RULE = Rule("r", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5)
ASKED = Conversation((Turn("user", "hello", Origin.USER),))


def verdict(rule: Rule, score: float | None, **more: Any) -> Verdict:
    readings = []
    if score is not None:
        readings.append(Reading("input", Origin.USER, Classification("m@1", "d", {"harm": score})))
    return input_verdict(Policy("p", "1", (rule,), **more), readings, ASKED, None)


def test_a_candidate_may_rule_the_input_at_another_stage() -> None:
    """The measurements are the same, so it does not matter when they were made."""
    for stage in (Stage.PRE_CALL, Stage.DURING_CALL):
        rule = replace(RULE, stage=stage)
        assert verdict(rule, 0.9).action is Action.BLOCK
        assert verdict(rule, 0.1) == ALLOWED
        gap = verdict(replace(rule, on_failure="allow"), None)
        assert (gap.action, gap.failure) == (Action.ALLOW, Failure.NOT_RUN)


def test_whether_turns_are_read_together_is_told() -> None:
    together = replace(RULE, origins=(Origin.CONVERSATION,))
    assert reads_together(Policy("p", "1", (together,)))
    assert not reads_together(Policy("p", "1", (RULE, replace(together, mode="off"))))
