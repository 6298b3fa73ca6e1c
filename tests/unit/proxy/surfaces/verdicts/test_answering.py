"""An exchange that asks for a verdict has no model behind it, and nothing else reads as a verdict."""

from __future__ import annotations

import asyncio

import pytest

from policies.verdict import ALLOWED
from proxy.exchange.exchange import Delivery
from proxy.exchange.ports import ReplyHead, Ruling, UpstreamError
from proxy.surfaces.connection import Connection
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.verdicts.answering import NoModel, VerdictDownstream
from proxy.testing import plain_exchange
from tests.kits.surface_kit import make_bundle

HEAD = ReplyHead(ALLOWED, Delivery.BUFFERED, None)


def a_client(sent: list[dict[str, object]]) -> VerdictDownstream:
    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    exchange = plain_exchange(make_bundle())
    return VerdictDownstream(exchange, Connection(receive, send), VerdictHeaders(), lambda *_: b"{}")  # type: ignore[arg-type]


async def test_a_failure_is_an_error_status() -> None:
    sent: list[dict[str, object]] = []
    client = a_client(sent)
    await client.fail(UpstreamError("deadline_exceeded", 504))
    assert (client.status, sent[0]["status"]) == (504, 504)


async def test_after_the_verdict_nothing_more_is_sent() -> None:
    sent: list[dict[str, object]] = []
    client = a_client(sent)
    await client.deliver(HEAD, [], None, Ruling(ALLOWED))  # type: ignore[arg-type]
    await client.fail(RuntimeError())
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_nothing_can_be_relayed_or_asked_of_a_model() -> None:
    client = a_client([])
    for call in (client.relay(HEAD, []), client.cut(HEAD, None, None), client.end(HEAD, [], None)):  # type: ignore[arg-type]
        with pytest.raises(RuntimeError):
            await call
    for read in (NoModel().body, NoModel().frame):
        with pytest.raises(RuntimeError):
            read(b"{}")
    with pytest.raises(RuntimeError):
        NoModel().payload(plain_exchange(make_bundle()), "")
