"""The Responses routes on a real corridor: an upstream that plays bytes, and a guard that knows one word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from policies.critique import Ask
from policies.policy import Policy, Rule
from policies.rules import resolve
from policies.verdict import Action, Stage
from proxy.exchange.exchange import Delta, Exchange
from proxy.exchange.pipeline import Corridor
from proxy.exchange.ports import CriticAnswer, UpstreamAnswer, UpstreamError, UpstreamHead, Wire
from proxy.surfaces.front import Front, Pattern
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from proxy.surfaces.responses.retrieval import Action as StoredAction
from proxy.surfaces.responses.retrieval import StoredResponses
from proxy.surfaces.responses.routes import Responses
from proxy.surfaces.responses.withheld import Withheld
from proxy.testing import POINTS, FakeScreener, Gates, ListLedger
from tests.kits.scripted_corridor import read
from tests.kits.surface_kit import DECISION, NOW, Caller, greeted, make_bundle
from tests.unit.proxy.surfaces.responses.scenarios import NATIVE

SECRET = "nitroglycerine"
OUT = Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange")
POLICY = Policy("house", "3", (OUT,), digest="sha256:guarded")
ROUTES: tuple[tuple[str, str, StoredAction], ...] = (
    ("GET", "/responses/{id}", "fetch"),
    ("GET", "/responses/{id}/input_items", "list"),
    ("POST", "/responses/{id}/cancel", "cancel"),
    ("DELETE", "/responses/{id}", "delete"),
)


@dataclass
class WireUpstream:
    """Plays bytes through the exchange's codec and keeps what it was asked."""

    frames: Sequence[bytes] = ()
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        self.asked.append((exchange.method, exchange.target, payload))
        return self._connection(exchange)

    @asynccontextmanager
    async def _connection(self, exchange: Exchange) -> AsyncIterator[UpstreamAnswer]:
        yield WireAnswer(exchange, self.frames)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        raise UpstreamError("upstream_unreachable", 502)


@dataclass
class WireAnswer:
    exchange: Exchange
    frames: Sequence[bytes]
    head: UpstreamHead = field(default_factory=lambda: UpstreamHead(200, ()))
    pending: bool = False

    async def deltas(self) -> AsyncGenerator[Delta]:
        for frame in self.frames:
            yield read(self.exchange, frame)


class GuardedHouse:
    """All routes. Whatever holds the word is blocked on its way out; `judged` is what the guard read."""

    def __init__(self, *frames: bytes, wires: frozenset[Wire] = NATIVE, policy: Policy = POLICY) -> None:
        self.upstream = WireUpstream(frames)
        self.screener = FakeScreener(Gates(open_gates=True), output_score=lambda text: float(SECRET in text))
        self.ledger = ListLedger()
        self.withheld = Withheld()
        self._wires = wires
        self._policy = resolve(policy, POINTS)

    @property
    def judged(self) -> str:
        return "\n".join(self.screener.judged)

    def app(self) -> Front:
        """Everything behind a front, on the running loop."""
        clock = asyncio.get_running_loop().time
        corridor = Corridor(self.screener, self.upstream, self.upstream, self.ledger, clock, lambda: "n")
        changes = {f: getattr(self._policy, f) for f in ("name", "version", "rules", "digest", "stream")}
        bundle = make_bundle(**changes)
        entrance = Entrance(greeted(bundle), new_id=lambda: DECISION, clock=clock)

        def stored(method: str, path: str, action: StoredAction) -> Pattern:
            surface = StoredResponses(action, lambda _: self._wires, self.withheld, wall=lambda: NOW)
            return Pattern(method, path, GuardedRoute(surface, corridor, entrance, bodyless=True))

        surface = Responses(lambda _: self._wires, self.withheld, wall=lambda: NOW)
        hot = {"/responses": GuardedRoute(surface, corridor, entrance)}
        return Front(FastAPI(), hot, [stored(*route) for route in ROUTES])

    async def post(self, **body: Any) -> Any:
        """Ask."""
        return await Caller(self.app()).post("/v1/responses", {"model": "m", "input": "hello", **body})

    async def call(self, method: str, path: str) -> Any:
        """Any other request."""
        return await Caller(self.app()).call(method, path)
