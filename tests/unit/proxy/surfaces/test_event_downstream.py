"""What was told decides what is still told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from policies.verdict import ALLOWED
from proxy.exchange.exchange import Delivery, Delta, Exchange
from proxy.exchange.ports import Downstream, ReplyHead, Ruling
from proxy.surfaces.connection import Connection
from proxy.surfaces.event_downstream import EventDownstream
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.testing import PlainCodec, plain_exchange
from tests.kits.surface_kit import make_bundle

HEAD = ReplyHead(ALLOWED, Delivery.LIVE, None)


class Told:
    """Ends with an event of the type `last`."""

    def __init__(self) -> None:
        self.ended = False

    def note(self, event: Mapping[str, Any]) -> None:
        self.ended = event["type"] == "last"


class ClosingCodec(PlainCodec):
    """Knows the last event."""

    def closing(self) -> bytes:
        return b"<last>"


class Client(EventDownstream):
    """Ends a stream with nothing but what it lacks."""

    def _rest(self, held: Sequence[Delta], ruling: Ruling) -> bytes:
        for delta in held:
            self._note(delta)
        return b"".join(delta.raw for delta in held) + self._closing()


def event(kind: str) -> Delta:
    return Delta(f"<{kind}>".encode(), "chunk", data=({"type": kind},))


async def sent(relayed: Sequence[Delta], held: Sequence[Delta]) -> bytes:
    """The body that a client gets."""
    got: list[bytes] = []

    async def send(message: Any) -> None:
        got.append(message.get("body", b""))

    async def receive() -> Any:
        raise AssertionError("nothing more is asked")

    exchange: Exchange = plain_exchange(make_bundle(), codec=ClosingCodec())
    client: Downstream = Client(exchange, Connection(receive, send), VerdictHeaders(), lambda: 0.0, Told())
    await client.relay(HEAD, relayed)
    await client.end(HEAD, held, Ruling(ALLOWED))
    return b"".join(got)


@pytest.mark.parametrize("held", [1, 2])
async def test_a_stream_that_told_its_last_event_gets_no_other(held: int) -> None:
    events = [event("first"), event("more"), event("last")]
    assert await sent(events[:-held], events[-held:]) == b"<first><more><last>"


async def test_a_stream_without_its_last_event_gets_it_from_the_codec() -> None:
    assert await sent([event("first")], [event("more")]) == b"<first><more><last>"
    assert await sent([event("first")], []) == b"<first><last>"
