"""Whatever order guard, upstream, critic, client and clock act in, the corridor keeps its promises."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from policies.policy import Policy, ReviewBudget, Rule
from policies.verdict import Action, Failure, Stage
from proxy.exchange.events import ExchangeClosed
from proxy.exchange.exchange import ReplyOrigin
from proxy.testing import CANNED
from tests.orders.explorer import Scenario, World, explore

INPUT = Rule("in", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5)
OUTPUT = Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange")
REVIEW = Rule("rev", Stage.POST_CALL, Action.REVIEW, ("harm",), 0.3, classifier="exchange")


def policy(*rules: Rule, **changes: object) -> Policy:
    return Policy("p", "1", rules, digest=repr((rules, sorted(changes.items()))), **changes)  # type: ignore[arg-type]


def monitored(*rules: Rule) -> Policy:
    from dataclasses import replace

    return policy(*(replace(rule, mode="monitor") for rule in rules))


BLOCKING = policy(INPUT, OUTPUT)
SPECULATIVE = policy(INPUT, OUTPUT, speculative=True)
LIVE = policy(INPUT)
REVIEWING = policy(INPUT, REVIEW, OUTPUT, review=ReviewBudget(on_failure="canned"))
OBSERVING = monitored(INPUT, OUTPUT)
FINDING = json.dumps({"findings": [], "action": "keep"})

SCENARIOS = {
    "windowed allowed": Scenario(BLOCKING),
    "windowed input blocked": Scenario(BLOCKING, input_score=0.9),
    "windowed guard fails": Scenario(BLOCKING, input_score=Failure.TIMEOUT),
    "windowed output blocked": Scenario(BLOCKING, output_score=0.9),
    "windowed output guard fails": Scenario(BLOCKING, output_score=Failure.ERROR),
    "speculative allowed": Scenario(SPECULATIVE, texts=("x" * 130,)),
    "speculative input blocked": Scenario(SPECULATIVE, input_score=0.9),
    "speculative guard fails": Scenario(SPECULATIVE, input_score=Failure.OVERLOADED, texts=("x",)),
    "live allowed": Scenario(LIVE),
    "live blocked, cached": Scenario(LIVE, input_score=0.9, cached=True),
    "buffered kept": Scenario(REVIEWING, output_score=0.4, critic=FINDING, texts=("x",)),
    "buffered ungated": Scenario(REVIEWING, output_score=0.1, critic=FINDING),
    "whole ungated": Scenario(REVIEWING, output_score=0.1, critic=FINDING, stream=False),
    "buffered critic fails": Scenario(REVIEWING, output_score=0.4, texts=("x",)),
    "whole allowed": Scenario(BLOCKING, stream=False),
    "whole output blocked": Scenario(BLOCKING, output_score=0.9, stream=False),
    "whole speculative": Scenario(SPECULATIVE, stream=False, texts=("x",)),
    "observed stream": Scenario(OBSERVING, input_score=0.9, output_score=0.9, texts=("x",)),
    "observed whole": Scenario(OBSERVING, input_score=0.9, stream=False),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_order_keeps_every_promise(name: str) -> None:
    outcomes: Counter[str] = Counter()
    for world in explore(SCENARIOS[name]):
        story = f"{name}: {world.played} -> {world.client.seen}"
        closed = one_record(world, story)
        nothing_left_running(world, story)
        nothing_unscreened_left(world, story)
        blocked_input_stays_inside(world, story)
        the_record_is_true(world, closed, story)
        ungated_answers_wait_for_no_critic(world, closed, story)
        outcomes[closed.outcome] += 1
    assert "error" not in outcomes, outcomes
    if not SCENARIOS[name].cached:
        assert {"deadline", "client_left"} <= set(outcomes), f"too few orders explored: {outcomes}"


def one_record(world: World, story: str) -> ExchangeClosed:
    closed = world.ledger.closed()
    assert len(closed) == 1, story
    assert world.ledger.events[-1] is closed[0], f"told after the last word: {story}"
    return closed[0]


def nothing_left_running(world: World, story: str) -> None:
    assert world.leftover == 0, f"a task is left: {story}"
    assert world.upstream.opened == world.upstream.closed, f"upstream left open: {story}"
    assert not world.upstream.reading, f"upstream iterator left open: {story}"


def nothing_unscreened_left(world: World, story: str) -> None:
    case = world.scenario
    if case.policy is OBSERVING:
        return
    assert not world.seen_before_ruling, story
    if case.policy is LIVE:
        return
    allowed = isinstance(case.output_score, float) and case.output_score < 0.5
    for text in world.client.seen:
        if text and text not in (CANNED, "<end>", "<error>"):
            assert allowed, f"withheld text left: {story}"
            assert any(text in judged for judged in world.screener.judged), f"unjudged text left: {story}"


def blocked_input_stays_inside(world: World, story: str) -> None:
    case = world.scenario
    if case.input_score == 0.0 or case.policy is OBSERVING:
        return
    if not case.policy.speculative:
        assert world.upstream.opened == 0, f"a blocked request reached the upstream: {story}"
    assert not [text for text in world.client.seen if text.startswith(("x", "y"))], story


def ungated_answers_wait_for_no_critic(world: World, closed: ExchangeClosed, story: str) -> None:
    asked = any(event.startswith("critic:") for event in world.played)
    assert not asked or closed.lane == "deliberate", f"a critic outside its lane: {story}"
    if closed.lane == "pass":
        assert closed.review_seconds == 0.0, story


def the_record_is_true(world: World, closed: ExchangeClosed, story: str) -> None:
    seen = world.client.seen
    if closed.outcome in ("completed", "blocked"):
        assert seen[-1] == "<end>", story
    if closed.outcome == "blocked":
        assert CANNED in seen, story
        assert closed.reply is ReplyOrigin.CANNED, story
    if closed.outcome in ("deadline", "upstream_error"):
        assert closed.reply is ReplyOrigin.ERROR, story
    ruled = world.scenario.cached or any(event.startswith("input:during") for event in world.played)
    failed = isinstance(world.scenario.input_score, Failure)
    assert closed.input_screened == (ruled and not failed), f"a false claim of screening: {story}"
    if not closed.input_screened:
        assert closed.input_verdict.failure is not None, f"not screened reads as passed: {story}"
