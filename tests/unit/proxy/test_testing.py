"""The shipped fakes behave like the neighbours they stand for."""

from __future__ import annotations

import asyncio

import pytest

from policies.critique import Ask
from policies.policy import Policy
from policies.verdict import ALLOWED, Failure, Stage
from proxy.exchange.exchange import Delivery, Draft, Replacement, ReplyOrigin
from proxy.exchange.ports import ClientLeft, ReplyHead, Ruling, UpstreamError
from proxy.testing import (
    FakeClient,
    FakeScreener,
    FakeUpstream,
    Gates,
    plain_bundle,
    plain_exchange,
    text_delta,
)

EXCHANGE = plain_exchange(plain_bundle(Policy("p", "1", ())))
HEAD = ReplyHead(ALLOWED, Delivery.LIVE, None)


async def test_a_gate_holds_until_it_is_opened_with_a_value_or_an_error() -> None:
    gates = Gates()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(gates.reach("one"))
        await asyncio.sleep(0)
        assert list(gates.waiting) == ["one"]
        gates.open("one", 7)
    assert first.result() == 7
    second = asyncio.ensure_future(gates.reach("two"))
    await asyncio.sleep(0)
    gates.open("two", ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await second


async def test_a_fake_guard_fails_raises_or_measures_as_told() -> None:
    gates = Gates(open_gates=True)
    failed = await FakeScreener(gates, Failure.ERROR).screen_input(EXCHANGE, Stage.DURING_CALL)
    assert failed.failure is Failure.ERROR
    with pytest.raises(RuntimeError):
        await FakeScreener(gates, RuntimeError()).screen_input(EXCHANGE, Stage.DURING_CALL)
    measured = await FakeScreener(gates, output_score=lambda text: len(text) / 10).screen_output(
        EXCHANGE, 0, "abc"
    )
    assert measured.readings[0].classification.scores == {"harm": 0.3}


async def test_a_fake_upstream_counts_what_is_open() -> None:
    upstream = FakeUpstream(Gates(open_gates=True), (text_delta("a"),))
    async with upstream.open(EXCHANGE, b"payload") as answer:
        assert [delta.pieces[0].text async for delta in answer.deltas()] == ["a"]
    assert (upstream.opened, upstream.closed, upstream.payloads) == (1, 1, [b"payload"])
    with pytest.raises(UpstreamError):
        await upstream.ask(EXCHANGE, Ask("critique", "s", "u", 1))


async def test_a_client_that_left_takes_nothing_more() -> None:
    client = FakeClient(left=True)
    for sending in (
        client.relay(HEAD, [text_delta("a")]),
        client.keep_alive(HEAD),
        client.deliver(HEAD, [], Draft(), Ruling(ALLOWED)),
        client.fail(UpstreamError("x", 502)),
    ):
        with pytest.raises(ClientLeft):
            await sending
    assert client.seen == []


async def test_a_client_sees_replacements_in_place_of_choices() -> None:
    client, draft = FakeClient(), Draft()
    draft.add(text_delta("keep", 0))
    draft.add(text_delta("drop", 1))
    ruling = Ruling(ALLOWED, replacements=((1, Replacement("canned", ReplyOrigin.CANNED)),))
    await client.deliver(HEAD, [text_delta("keep", 0), text_delta("drop", 1)], draft, ruling)
    assert client.seen == ["keep", "canned", "<end>"]
