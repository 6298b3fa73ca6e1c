"""Relayed routes on a real corridor: an upstream that answers bytes, a guard that knows the word `bad`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from classifiers.classification import Classification
from policies.critique import Ask
from policies.policy import Policy, Rule
from policies.rules import resolve
from policies.verdict import Action, Failure, Reading, Stage
from proxy.exchange.exchange import Delta, Exchange
from proxy.exchange.pipeline import Corridor
from proxy.exchange.ports import CriticAnswer, Screening, UpstreamAnswer, UpstreamHead, Wire
from proxy.surfaces.guarded_route import Entrance, GuardedRoute, Surface
from proxy.surfaces.reading import Limits
from proxy.surfaces.relayed.embeddings import Embeddings
from proxy.surfaces.relayed.media import ROUTES, Media
from proxy.testing import POINTS, FakeScreener, Gates, ListLedger
from tests.kits.surface_kit import DECISION, Caller, greeted, make_bundle

IN = Rule("in", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5)
OUT = Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange")
POLICY = Policy("house", "3", (IN, OUT), digest="sha256:relayed", on_uncovered="flag")
WIRES: frozenset[Wire] = frozenset({"chat_completions", "embeddings", "media"})


class SeesBad(FakeScreener):
    """Scores by what is said; `heard` is every text that it was shown."""

    heard: tuple[str, ...] = ()

    async def screen_input(self, exchange: Exchange, stage: Stage) -> Screening:
        turns = exchange.conversation.turns
        self.heard = tuple(turn.text for turn in turns)
        if isinstance(self.input_score, Failure):
            return await super().screen_input(exchange, stage)
        scores = [0.9 if "bad" in text else 0.0 for text in self.heard]
        measured = [Classification("fake@1", "sha256:fake", {"harm": score}) for score in scores]
        places = enumerate(zip(turns, measured, strict=True))
        return Screening(tuple(Reading("input", turn.origin, each, i) for i, (turn, each) in places))


@dataclass
class BytesUpstream:
    """Answers the same bytes to everybody."""

    answer: bytes
    content_type: str = "application/json"
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        self.asked.append((exchange.target, exchange.content_type, payload))
        return self._connection(exchange)

    @asynccontextmanager
    async def _connection(self, exchange: Exchange) -> AsyncIterator[UpstreamAnswer]:
        yield BytesAnswer(self, exchange)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        raise AssertionError("nothing here is revised")


class BytesAnswer:
    pending = False

    def __init__(self, upstream: BytesUpstream, exchange: Exchange) -> None:
        self.head = UpstreamHead(200, (("content-type", upstream.content_type), ("x-ratelimit-left", "9")))
        self._answer, self._exchange = upstream.answer, exchange

    async def deltas(self) -> AsyncGenerator[Delta]:
        yield self._exchange.codec.body(self._answer)


class House:
    """One relayed route. `upstream`, `screener` and `ledger` tell what happened."""

    def __init__(
        self,
        surface: Surface,
        answer: bytes = b"{}",
        content_type: str = "application/json",
        *,
        policy: Policy = POLICY,
        failure: Failure | None = None,
    ) -> None:
        self.upstream = BytesUpstream(answer, content_type)
        self.screener = SeesBad(
            Gates(open_gates=True), failure or 0.0, lambda text: 0.9 if "bad" in text else 0.0
        )
        self.ledger = ListLedger()
        self._surface, self._policy = surface, policy

    @property
    def caller(self) -> Caller:
        clock = asyncio.get_running_loop().time
        corridor = Corridor(self.screener, self.upstream, self.upstream, self.ledger, clock, lambda: "n")
        resolved = resolve(self._policy, POINTS)
        bundle = make_bundle()
        bundle = type(bundle)(resolved, bundle.constitution, bundle.replies)
        entrance = Entrance(greeted(bundle), Limits(), new_id=lambda: DECISION, clock=clock)
        return Caller(GuardedRoute(self._surface, corridor, entrance, forms=True))


def media_surface(path: str, wires: frozenset[Wire] = WIRES) -> Media:
    """The surface of one media route."""
    found = [(family, route) for family, routes in ROUTES.items() for route in routes if route.path == path]
    family, route = found[0]
    return Media(family, route, lambda _: wires)


def embeddings_surface(wires: frozenset[Wire] = WIRES) -> Embeddings:
    """The surface of embeddings."""
    return Embeddings(lambda _: wires)


def form(*parts: tuple[str, bytes | str, dict[str, str]], boundary: str = "b0undary") -> bytes:
    """A form; each part is its disposition's parameters, its data and its other headers."""
    pieces = []
    for given, data, headers in parts:
        lines = [f"content-disposition: form-data; {given}", *(f"{k}: {v}" for k, v in headers.items())]
        raw = data.encode() if isinstance(data, str) else data
        pieces.append(
            f"--{boundary}\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n" + raw + b"\r\n"
        )
    return b"".join(pieces) + f"--{boundary}--\r\n".encode()


FORM_TYPE = {"content-type": "multipart/form-data; boundary=b0undary"}
SOUND = ('name="file"; filename="a.wav"', b"RIFF\xff\xfe\x00\x01", {"content-type": "audio/wav"})
MODEL: tuple[str, str, dict[str, str]] = ('name="model"', "whisper-1", {})
