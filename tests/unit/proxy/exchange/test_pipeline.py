"""What the corridor promises on the common walks (every order of events: tests/orders)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from policies.constitution import CompiledConstitution, Principle
from policies.findings import Evidence
from policies.lanes import EvidenceFinder, no_evidence
from policies.policy import Policy, ReviewBudget, Rule
from policies.rules import resolve
from policies.verdict import Action, Failure, Stage
from proxy.exchange.coverage import NOTHING, Coverage
from proxy.exchange.events import CritiqueRound, GuardFailed, RefusalSeen, ReplyReplaced, VerdictGiven
from proxy.exchange.exchange import Delivery, Delta, Piece, ReplyOrigin
from proxy.exchange.pipeline import Corridor
from proxy.exchange.ports import UpstreamError
from proxy.testing import (
    CANNED,
    POINTS,
    FakeClient,
    FakeScreener,
    FakeUpstream,
    Gates,
    ListLedger,
    closing_deltas,
    plain_bundle,
    plain_exchange,
    text_delta,
)

IN = Rule("in", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5)
OUT = Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange")
POLICY = Policy("p", "1", (IN, OUT), digest="enforce", benign_below={"harm": 0.2})
MONITOR = replace(POLICY, rules=tuple(replace(r, mode="monitor") for r in POLICY.rules), digest="monitor")
BODY = Delta(b"a whole answer", "body", (Piece(0, "content", "a whole answer"),), ((0, "stop"),))
KEEP_ALIVE = 0.02
STREAM = (text_delta("w" * 130), text_delta("tail"), *closing_deltas())


class House:
    """One corridor with fakes around it."""

    def __init__(
        self, script: tuple[Delta, ...] = (BODY,), policy: Policy = POLICY, **screener: object
    ) -> None:
        self.gates = Gates(open_gates=True)
        self.screener = FakeScreener(self.gates, **screener)  # type: ignore[arg-type]
        self.upstream = FakeUpstream(self.gates, script)
        self.ledger = ListLedger()
        self.client = FakeClient()
        self.bundle = plain_bundle(resolve(policy, POINTS), "Be kind. ")
        self.passed = 0.0
        """Seconds by which the corridor's clock is ahead of the loop's."""

    async def reached(self, gate: str) -> None:
        for _ in range(1000):
            if gate in self.gates.waiting:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"{gate} was never reached")

    async def walk(self, stream: bool = False, evidence: EvidenceFinder = no_evidence, **changes: object):
        loop = asyncio.get_running_loop()
        corridor = Corridor(
            self.screener,
            self.upstream,
            self.upstream,
            self.ledger,
            lambda: loop.time() + self.passed,
            lambda: "n",
            keep_alive=KEEP_ALIVE,
            evidence=evidence,
        )
        defaults = {"started": loop.time(), "deadline": loop.time() + 5}
        await corridor.walk(
            plain_exchange(self.bundle, stream=stream, **{**defaults, **changes}), self.client
        )
        return self.ledger.closed()[0]


async def test_an_allowed_answer_reaches_the_client_with_the_constitution_sent_upstream() -> None:
    house = House()
    closed = await house.walk()
    assert house.client.seen == ["a whole answer", "<end>"]
    assert house.upstream.payloads == [b"Be kind. hello"]
    assert (closed.outcome, closed.reply, closed.input_screened) == ("completed", ReplyOrigin.UPSTREAM, True)


async def test_a_blocked_request_gets_the_canned_reply_for_each_choice_and_never_leaves() -> None:
    house = House(input_score=0.9)
    closed = await house.walk(choices=2)
    assert house.client.seen == [CANNED, CANNED, "<end>"]
    assert house.upstream.opened == 0
    assert closed.reply is ReplyOrigin.CANNED
    assert sum(isinstance(e, ReplyReplaced) for e in house.ledger.events) == 2


async def test_a_blocked_answer_is_replaced_before_a_byte_of_it_is_seen() -> None:
    house = House(output_score=0.9)
    await house.walk()
    assert house.client.seen == [CANNED, "<end>"]


async def test_a_late_block_ends_a_window_stream_with_the_canned_tail() -> None:
    house = House(STREAM, output_score=lambda text: 0.9 if "tail" in text else 0.0)
    closed = await house.walk(stream=True)
    assert closed.delivery is Delivery.WINDOWED
    assert house.client.seen == ["w" * 130, CANNED, "<end>"]
    late = [e for e in house.ledger.events if isinstance(e, ReplyReplaced)]
    assert [e.late for e in late] == [True]


async def test_a_stream_without_output_rules_flows_live() -> None:
    house = House(STREAM, replace(POLICY, rules=(IN,), digest="live"))
    closed = await house.walk(stream=True)
    assert closed.delivery is Delivery.LIVE
    assert house.client.seen == ["w" * 130, "tail", "<end>"]


async def test_deltas_that_came_together_leave_together_and_others_at_once() -> None:
    for together, relays in ((True, 1), (False, len(STREAM))):
        house = House(STREAM, replace(POLICY, rules=(IN,), digest="live"))
        house.upstream.together = together
        await house.walk(stream=True)
        assert house.client.relays == relays
        assert house.client.seen == ["w" * 130, "tail", "<end>"]


async def test_a_failed_guard_closes_the_gate_and_is_counted_as_failed() -> None:
    house = House(input_score=Failure.TIMEOUT)
    closed = await house.walk()
    assert house.upstream.opened == 0
    assert not closed.input_screened
    assert [e.mode for e in house.ledger.events if isinstance(e, GuardFailed)] == ["closed"]


async def test_a_rule_that_may_fail_open_says_so_in_the_record() -> None:
    open_policy = replace(
        POLICY, rules=tuple(replace(r, on_failure="allow") for r in POLICY.rules), digest="open"
    )
    house = House(policy=open_policy, input_score=Failure.TIMEOUT)
    closed = await house.walk()
    assert house.client.seen == ["a whole answer", "<end>"]
    assert closed.input_verdict.failure is Failure.TIMEOUT
    assert not closed.input_screened
    assert [e.mode for e in house.ledger.events if isinstance(e, GuardFailed)] == ["open"]


async def test_monitor_mode_changes_nothing_and_records_what_it_would_have_done() -> None:
    house = House(policy=MONITOR, input_score=0.9, output_score=0.9)
    closed = await house.walk()
    assert house.client.seen == ["a whole answer", "<end>"]
    assert closed.delivery is Delivery.OBSERVE
    assert closed.input_verdict.would is Action.BLOCK
    assert closed.output_verdicts[0].would is Action.BLOCK
    assert closed.outcome == "completed"


async def test_a_refusal_of_a_benign_request_is_a_suspected_over_refusal() -> None:
    refusal = Delta(
        b"", "body", (Piece(0, "content", "I'm sorry, but I can't help with that."),), ((0, "stop"),)
    )
    for score, suspected in ((0.05, True), (0.4, False)):
        house = House((refusal,), input_score=score)
        closed = await house.walk()
        seen = [e for e in house.ledger.events if isinstance(e, RefusalSeen)]
        assert [(e.origin, e.kind, e.suspected) for e in seen] == [("model", "refuse", suspected)]
        assert closed.suspected_over_refusal is suspected


async def test_the_providers_own_filter_is_counted_as_its_refusal() -> None:
    filtered = Delta(b"", "body", (Piece(0, "content", ""),), ((0, "content_filter"),))
    house = House((filtered,))
    await house.walk()
    assert [e.origin for e in house.ledger.events if isinstance(e, RefusalSeen)] == ["provider_filter"]


async def test_an_upstream_error_is_the_clients_error_and_one_record() -> None:
    house = House()
    house.gates.open_gates = False
    walking = asyncio.ensure_future(house.walk())
    for gate, value in (("input:during_call", None), ("head", UpstreamError("upstream_unreachable", 502))):
        await house.reached(gate)
        house.gates.open(gate, value)
    closed = await walking
    assert (closed.outcome, closed.error, closed.status) == ("upstream_error", "upstream_unreachable", 502)


async def test_a_fault_of_ours_is_logged_without_the_text_and_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(input_score=RuntimeError("the prompt was: hello secret"))
    with caplog.at_level(logging.ERROR):
        closed = await house.walk()
    assert (closed.outcome, closed.error) == ("error", "internal_error")
    assert "hello secret" not in caplog.text
    assert "RuntimeError" in caplog.text


async def test_a_silent_buffered_stream_is_kept_alive_with_comments() -> None:
    review = replace(OUT, id="rev", action=Action.REVIEW)
    house = House(STREAM, replace(POLICY, rules=(IN, review, OUT), digest="review"))
    house.gates.open_gates = False
    walking = asyncio.ensure_future(house.walk(stream=True))
    for gate in ("input:during_call", "head"):
        await house.reached(gate)
        house.gates.open(gate)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(400):
        await asyncio.sleep(0.01)
        if house.client.comments >= 3:
            break
    assert 3 <= house.client.comments <= (loop.time() - began) / KEEP_ALIVE + 1
    house.gates.open_gates = True
    house.gates.open("delta")
    await walking
    assert house.client.seen[-1] == "<end>"


async def test_cached_measurements_decide_without_waiting_and_say_they_were_cached() -> None:
    house = House(cached=True)
    await house.walk()
    given = [e for e in house.ledger.events if isinstance(e, VerdictGiven)]
    assert given[0].cached
    assert given[0].seconds == 0.0


async def test_a_client_who_is_found_gone_when_something_is_sent_has_left_and_nothing_failed() -> None:
    for stream, script in ((False, (BODY,)), (True, STREAM)):
        house = House(script)
        house.client.left = True
        closed = await house.walk(stream=stream)
        assert (closed.outcome, closed.reply, closed.error) == ("client_left", ReplyOrigin.NONE, "")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("wish", "reply"), [("allow", "upstream"), ("flag", "upstream"), ("block", "canned")]
)
async def test_a_part_of_an_answer_that_no_guard_reads_means_what_the_policy_says(
    wish: str, reply: str, stream: bool
) -> None:
    """A picture among the deltas leaves only where it may; before that a word of text may have left."""
    picture = Delta(b"picture", "chunk", unread=((0, "image"),))
    body = replace(BODY, unread=((0, "image"),))
    script = (text_delta("w" * 130), picture, text_delta("tail"), *closing_deltas()) if stream else (body,)
    for key in ("on_uncovered", "media"):
        said = wish if key == "on_uncovered" else {"image": wish}
        policy = replace(POLICY, rules=(IN,), digest=f"{key}{wish}", **{key: said})  # type: ignore[arg-type]
        house = House(script, policy)
        closed = await house.walk(stream=stream)
        assert (closed.reply, closed.output_uncovered) == (reply, ("image",))
        assert closed.output_verdicts[0].action == wish
        if wish == "block":
            assert house.client.seen[-2:] == [CANNED, "<end>"]
            assert "tail" not in house.client.seen


async def test_heads_and_rulings_tell_how_much_was_read() -> None:
    house = House()
    closed = await house.walk()
    assert closed.input_text == house.client.heads[0].coverage == Coverage(5, 5)
    assert closed.output_text == house.client.rulings[0].output_coverage == Coverage(14, 14)


async def test_a_refused_request_has_no_answer_to_read() -> None:
    house = House(input_score=0.9)
    closed = await house.walk()
    assert house.client.rulings[0].output_coverage is None
    assert closed.output_text == NOTHING


REVIEWED = Policy(
    "p",
    "1",
    (IN, Rule("rev", Stage.POST_CALL, Action.REVIEW, ("harm",), 0.3, classifier="exchange"), OUT),
    digest="reviewed",
)
SAMPLED = replace(REVIEWED, review=ReviewBudget(sample=1.0), digest="sampled")
CLAUSES = CompiledConstitution("c", "1", "sha256:c", "Be kind. ", 2, (Principle("kind", "K", "Be kind."),))


async def test_a_review_by_lot_begins_when_the_client_has_its_answer_and_changes_nothing() -> None:
    house = House(policy=SAMPLED, output_score=0.1)
    house.bundle = replace(house.bundle, constitution=CLAUSES)
    house.gates.open_gates = False
    walking = asyncio.create_task(house.walk())
    for gate in ("input:during_call", "head", "delta", "end", "output:0"):
        await house.reached(gate)
        house.gates.open(gate)
    await house.reached("critic:critique")
    assert house.client.seen == ["a whole answer", "<end>"]
    house.passed = 60.0
    house.gates.open("critic:critique")
    closed = await walking
    (told,) = [event for event in house.ledger.events if isinstance(event, CritiqueRound)]
    assert (told.trigger, told.outcome) == ("sample", "critic_failed")
    assert (closed.lane, closed.reply, closed.review_seconds) == ("pass", ReplyOrigin.UPSTREAM, 0.0)
    assert closed.total_seconds < 60.0 <= told.seconds


async def test_answers_outside_the_lot_and_the_lane_ask_no_critic() -> None:
    """Whether they stream or not."""
    for stream, script in ((False, (BODY,)), (True, STREAM)):
        house = House(script, policy=REVIEWED, output_score=0.1)
        house.bundle = replace(house.bundle, constitution=CLAUSES)
        house.upstream.critic_answer = None
        closed = await house.walk(stream=stream)
        assert not [event for event in house.ledger.events if isinstance(event, CritiqueRound)]
        assert (closed.lane, house.client.heads[-1].lane) == ("pass", "pass")


async def test_what_a_fixed_check_finds_is_reviewed_whatever_the_score() -> None:
    house = House(policy=REVIEWED, output_score=0.0)
    house.bundle = replace(house.bundle, constitution=CLAUSES)
    found = (Evidence("kind", "a whole answer", "a listed phrase"),)
    closed = await house.walk(evidence=lambda clauses, request, draft: found if "whole" in draft else ())
    (told,) = [event for event in house.ledger.events if isinstance(event, CritiqueRound)]
    assert (told.trigger, told.evidence, closed.lane, closed.evidence) == ("evidence", 1, "deliberate", 1)


async def test_no_lane_is_claimed_for_a_request_that_was_blocked() -> None:
    assert (await House(input_score=0.9).walk()).lane == ""
