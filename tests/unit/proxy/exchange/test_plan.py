"""Delivery follows from the policy and from what the input looked like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from classifiers.classification import Origin
from policies.policy import Policy, ReviewBudget, Rule
from policies.verdict import Action, Stage
from proxy.exchange.exchange import Delivery
from proxy.exchange.plan import plan
from proxy.testing import plain_bundle, plain_exchange

BLOCK_IN = Rule("in", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5)
BLOCK_OUT = Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.9, classifier="exchange")
REVIEW = Rule("rev", Stage.POST_CALL, Action.REVIEW, ("harm",), 0.5, classifier="exchange")
REVIEW_FLAGGED = replace(REVIEW, id="rev-flagged", when_flagged=True)


def delivery(
    *rules: Rule, flagged: bool = False, stream: bool = True, choices: int = 1, chosen: str = "auto"
):
    policy = Policy("p", "1", rules, stream=chosen)
    exchange = plain_exchange(plain_bundle(policy), stream=stream, choices=choices)
    return plan(policy).delivery(exchange, flagged)


@pytest.mark.parametrize(
    ("rules", "changes", "expected"),
    [
        ((BLOCK_IN,), {}, Delivery.LIVE),
        ((BLOCK_IN, BLOCK_OUT), {}, Delivery.WINDOWED),
        ((BLOCK_IN, BLOCK_OUT), {"choices": 2}, Delivery.BUFFERED),
        ((BLOCK_IN, BLOCK_OUT, REVIEW_FLAGGED), {}, Delivery.WINDOWED),
        ((BLOCK_IN, BLOCK_OUT, REVIEW_FLAGGED), {"flagged": True}, Delivery.BUFFERED),
        ((BLOCK_IN, REVIEW_FLAGGED), {}, Delivery.LIVE),
        ((BLOCK_IN, replace(BLOCK_OUT, when_flagged=True)), {}, Delivery.LIVE),
        ((BLOCK_IN, replace(BLOCK_OUT, when_flagged=True)), {"flagged": True}, Delivery.WINDOWED),
        ((BLOCK_IN, replace(BLOCK_OUT, action=Action.FLAG, on_failure="flag")), {}, Delivery.LIVE),
        ((BLOCK_IN, replace(BLOCK_OUT, action=Action.FLAG)), {}, Delivery.WINDOWED),
        ((REVIEW,), {}, Delivery.BUFFERED),
        ((BLOCK_IN,), {"stream": False}, Delivery.BUFFERED),
        ((BLOCK_IN, REVIEW), {"chosen": "windowed"}, Delivery.WINDOWED),
        ((replace(BLOCK_IN, mode="monitor"), replace(REVIEW, mode="monitor")), {}, Delivery.OBSERVE),
        (
            (replace(BLOCK_IN, mode="monitor"), replace(BLOCK_OUT, mode="off")),
            {"stream": False},
            Delivery.OBSERVE,
        ),
    ],
)
def test_delivery_is_chosen_by_the_table(rules, changes, expected) -> None:
    assert delivery(*rules, **changes) is expected


def test_a_policy_that_blocks_uncovered_parts_does_not_merely_observe() -> None:
    policy = Policy("p", "1", (replace(BLOCK_IN, mode="monitor"),), on_uncovered="block")
    assert not plan(policy).observes


def test_a_policy_that_blocks_a_medium_does_not_merely_observe() -> None:
    policy = Policy("p", "1", (replace(BLOCK_IN, mode="monitor"),), media={"image": "block"})
    assert not plan(policy).observes


def test_a_policy_that_blocks_unread_languages_withholds_every_answer_until_it_is_judged() -> None:
    policy = Policy("p", "1", (replace(BLOCK_IN, mode="monitor"),), on_unsupported_language="block")
    made = plan(policy)
    assert not made.observes
    exchange = plain_exchange(plain_bundle(policy), stream=True)
    assert {made.delivery(exchange, flagged) for flagged in (True, False)} == {Delivery.WINDOWED}


@pytest.mark.parametrize("key", ["on_uncovered", "on_unsupported_language"])
def test_a_policy_in_monitor_mode_observes_whatever_it_would_block(key: str) -> None:
    policy = Policy("p", "1", (replace(BLOCK_IN, mode="monitor"),), mode="monitor", **{key: "block"})
    assert plan(policy).observes


def test_the_input_is_always_ruled_on_and_other_stages_where_they_have_rules() -> None:
    assert plan(Policy("p", "1", ())).ruled == {Stage.DURING_CALL}
    off = replace(BLOCK_IN, id="off", stage=Stage.PRE_CALL, mode="off")
    assert plan(Policy("p", "1", (off, BLOCK_OUT))).ruled == {Stage.DURING_CALL, Stage.POST_CALL}


def test_turns_are_read_together_only_where_a_rule_of_the_input_looks() -> None:
    looks = replace(BLOCK_IN, origins=(Origin.CONVERSATION,))
    assert plan(Policy("p", "1", (looks,))).reads_together
    for rule in (BLOCK_IN, replace(looks, mode="off"), replace(looks, stage=Stage.POST_CALL)):
        assert not plan(Policy("p", "1", (rule,))).reads_together


def test_fixed_checks_of_every_answer_hold_every_stream() -> None:
    """And by default only answers that are held anyhow are checked."""
    always = Policy("p", "1", (BLOCK_IN,), review=ReviewBudget(evidence="always"))
    exchange = plain_exchange(plain_bundle(always), stream=True)
    assert plan(always).delivery(exchange, False) is Delivery.BUFFERED
    assert plan(replace(always, review=ReviewBudget())).delivery(exchange, False) is Delivery.LIVE
    assert plan(replace(always, mode="monitor", rules=())).observes
