"""What the corridor does to a client, as a script: a surface's wire, without a corridor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from policies.verdict import ALLOWED
from proxy.exchange.exchange import Delivery, Delta, Draft, Exchange
from proxy.exchange.ports import Downstream, ReplyHead, Ruling, UpstreamHead


@dataclass
class Scripted:
    """What the upstream said, what the corridor ruled, and how it ended.

    `how`: the downstream call that ends it; `relayed`: frames that left before. A surface says what `body`
    asks and plays it on its route.
    """

    request: dict[str, Any] = field(default_factory=dict)
    upstream: Sequence[bytes] = ()
    ruling: Ruling = field(default_factory=lambda: Ruling(ALLOWED))
    style: str = "auto"
    how: str = "deliver"
    relayed: int = 0
    keep_alives: int = 0
    error: Exception | None = None
    head: UpstreamHead | None = None
    overhead: float | None = 0.00125

    async def play(self, exchange: Exchange, client: Downstream) -> None:
        """Do to the client what the corridor would do."""
        upstream = self.head if self.upstream else None
        head = ReplyHead(self.ruling.input_verdict, Delivery.BUFFERED, upstream, self.overhead)
        exchange.codec.payload(exchange, exchange.bundle.constitution.text)
        deltas = [read(exchange, raw) for raw in self.upstream]
        draft = Draft()
        for delta in deltas[: self.relayed] if self.how == "cut" else deltas:
            draft.add(delta)
        for _ in range(self.keep_alives):
            await client.keep_alive(head)
        for delta in deltas[: self.relayed]:
            await client.relay(head, [delta])
        if self.error is not None:
            await client.fail(self.error)
        elif self.how == "deliver":
            await client.deliver(head, deltas, draft, self.ruling)
        elif self.how == "cut":
            await client.cut(head, draft, self.ruling)
        else:
            await client.end(head, deltas[self.relayed :], self.ruling)


def read(exchange: Exchange, raw: bytes) -> Delta:
    """A delta, as an upstream would read it."""
    return exchange.codec.body(raw) if raw.startswith(b"{") else exchange.codec.frame(raw)


def payload_of(exchange: Exchange) -> dict[str, Any]:
    """What goes upstream, parsed."""
    payload = exchange.codec.payload(exchange, exchange.bundle.constitution.text)
    parsed: dict[str, Any] = orjson.loads(payload)
    return parsed
