"""Real fakes for the ports of the corridor: used by the product's tests and by anyone who extends it.

Each fake waits at a *gate* until a test opens it, so that every order of outside events can be
played; with `open_gates` nothing waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from classifiers.classification import Classification, Conversation, Origin, Turn
from policies.bundle import PolicyBundle
from policies.constitution import CompiledConstitution
from policies.critique import Ask
from policies.policy import Policy
from policies.replies import CannedReplies
from policies.verdict import Failure, Reading, Stage
from proxy.exchange.events import ExchangeClosed, LedgerEvent
from proxy.exchange.exchange import Delta, Draft, Exchange, Piece, Usage
from proxy.exchange.ports import (
    ClientLeft,
    CriticAnswer,
    ReplyHead,
    Ruling,
    Screening,
    UpstreamAnswer,
    UpstreamError,
    UpstreamHead,
)

Score = float | Failure | Exception
CANNED = "CANNED"
POINTS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "input": {"harm": {"flag": 0.3, "block": 0.5}},
    "exchange": {"harm": {"flag": 0.3, "block": 0.5}},
}
"""Operating points of the fake classifiers, for `rules.resolve`."""


@dataclass(slots=True)
class Gates:
    """Named points where the outside world has to act. `waiting` lists those reached, in order."""

    open_gates: bool = False
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    async def reach(self, name: str, default: Any = None) -> Any:
        """Wait until the test opens the gate; returns (or raises) what it was opened with."""
        if self.open_gates:
            return default
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiting[name] = future
        try:
            return await future
        finally:
            self.waiting.pop(name, None)

    def open(self, name: str, value: Any = None) -> None:
        """Let the waiting one go on with a value, or raise it when it is an exception."""
        future = self.waiting.pop(name)
        if isinstance(value, Exception):
            future.set_exception(value)
        else:
            future.set_result(value)


@dataclass(slots=True)
class FakeScreener:
    """Gives the readings it is told to. `input_score`/`output_score`: score of label `harm`, or a
    function of the text that gives it; a `Failure` is a guard that failed, an exception is raised;
    `cached` answers at once."""

    gates: Gates
    input_score: Score = 0.0
    output_score: Score | Callable[[str], Score] = 0.0
    cached: bool = False
    judged: list[str] = field(default_factory=list)

    def cached_input(self, exchange: Exchange, stage: Stage) -> Screening | None:
        """See `ports.Screener`."""
        del exchange, stage
        return self._screening("input", Origin.USER, self.input_score) if self.cached else None

    async def screen_input(self, exchange: Exchange, stage: Stage) -> Screening:
        """See `ports.Screener`."""
        del exchange
        await self.gates.reach(f"input:{stage}")
        return self._screening("input", Origin.USER, self.input_score)

    async def screen_output(self, exchange: Exchange, choice: int, text: str) -> Screening:
        """See `ports.Screener`."""
        del exchange
        await self.gates.reach(f"output:{choice}")
        self.judged.append(text)
        score = self.output_score(text) if callable(self.output_score) else self.output_score
        return self._screening("exchange", Origin.MODEL, score)

    def _screening(self, name: str, origin: Origin, score: Score) -> Screening:
        if isinstance(score, Exception):
            raise score
        if isinstance(score, Failure):
            return Screening((), score)
        measured = Classification("fake@1", "sha256:fake", {"harm": score})
        return Screening((Reading(name, origin, measured),), cached=self.cached)


@dataclass(slots=True)
class FakeAnswer:
    """An answer whose deltas wait at the gate `delta`; opening it with an exception breaks it off."""

    upstream: FakeUpstream
    head: UpstreamHead = field(
        default_factory=lambda: UpstreamHead(200, (("content-type", "application/json"),))
    )

    pending: bool = False

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        """See `ports.UpstreamAnswer`."""
        self.upstream.reading = True
        try:
            left = len(self.upstream.script)
            for delta in self.upstream.script:
                await self.upstream.gates.reach("delta")
                left -= 1
                self.pending = self.upstream.together and left > 0
                yield delta
            await self.upstream.gates.reach("end")
        finally:
            self.upstream.reading = False


@dataclass(slots=True)
class FakeUpstream:
    """Plays a script of deltas. `opened`/`closed` count connections; `reading`: an iterator is open;
    `together`: all deltas come in one read."""

    gates: Gates
    script: Sequence[Delta] = ()
    opened: int = 0
    closed: int = 0
    reading: bool = False
    together: bool = False
    payloads: list[bytes] = field(default_factory=list)
    critic_answer: str | None = None

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """See `ports.Upstream`."""
        del exchange
        return self._connection(payload)

    @asynccontextmanager
    async def _connection(self, payload: bytes) -> AsyncIterator[UpstreamAnswer]:
        self.opened += 1
        self.payloads.append(payload)
        try:
            await self.gates.reach("head")
            yield FakeAnswer(self)
        finally:
            self.closed += 1

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        """See `ports.Critic`: answers `critic_answer`, or fails where it is None."""
        del exchange
        await self.gates.reach(f"critic:{prompt.purpose}")
        if self.critic_answer is None:
            raise UpstreamError("upstream_unreachable", 502)
        return CriticAnswer(self.critic_answer, Usage(10, 5))


@dataclass(slots=True)
class FakeClient:
    """Records what a client would have seen. `left`: the next send raises `ClientLeft`."""

    left: bool = False
    status: int = 0
    seen: list[str] = field(default_factory=list)
    """Texts in order: relayed text, canned or revised text, `<error>`, `<end>`."""
    comments: int = 0
    relays: int = 0
    completed: bool = False
    heads: list[ReplyHead] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)

    async def relay(self, head: ReplyHead, deltas: Sequence[Delta]) -> None:
        """See `ports.Downstream`."""
        self._begin(head)
        self.relays += 1
        for delta in deltas:
            self._see(delta)

    async def keep_alive(self, head: ReplyHead) -> None:
        """See `ports.Downstream`."""
        self._begin(head)
        self.comments += 1

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:
        """See `ports.Downstream`."""
        self._begin(head)
        replaced = dict(ruling.replacements)
        for delta in deltas:
            if not replaced:
                self._see(delta)
        for index in draft.choices if replaced else ():
            self.seen.append(replaced[index].text if index in replaced else draft.choices[index].content)
        if not draft.choices:
            self.seen.extend(replacement.text for replacement in replaced.values())
        self._finish(ruling)

    async def cut(self, head: ReplyHead, draft: Draft, ruling: Ruling) -> None:
        """See `ports.Downstream`."""
        del draft
        self._begin(head)
        self.seen.extend(replacement.text for _, replacement in ruling.replacements)
        self._finish(ruling)

    async def end(self, head: ReplyHead, held: Sequence[Delta], ruling: Ruling) -> None:
        """See `ports.Downstream`."""
        self._begin(head)
        for delta in held:
            self._see(delta)
        self._finish(ruling)

    async def fail(self, error: Exception) -> None:
        """See `ports.Downstream`."""
        if self.left:
            raise ClientLeft
        self.status = self.status or (error.status if isinstance(error, UpstreamError) else 500)
        self.seen.append("<error>")
        self.completed = True

    def _begin(self, head: ReplyHead) -> None:
        if self.left:
            raise ClientLeft
        self.heads.append(head)
        self.status = self.status or 200

    def _see(self, delta: Delta) -> None:
        self.seen.extend(piece.text for piece in delta.pieces)

    def _finish(self, ruling: Ruling) -> None:
        self.rulings.append(ruling)
        self.completed = True
        self.seen.append("<end>")


@dataclass(slots=True)
class ListLedger:
    """Keeps every event."""

    events: list[LedgerEvent] = field(default_factory=list)

    def tell(self, event: LedgerEvent) -> None:
        """See `ports.Ledger`."""
        self.events.append(event)

    def closed(self) -> list[ExchangeClosed]:
        """The closing records."""
        return [event for event in self.events if isinstance(event, ExchangeClosed)]


@dataclass(frozen=True, slots=True)
class PlainCodec:
    """A codec whose wire is the text itself: one piece of content on choice 0."""

    path: str = "/plain"

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """See `ports.Codec`."""
        return constitution.encode() + exchange.original

    def body(self, raw: bytes) -> Delta:
        """See `ports.Codec`."""
        return Delta(raw, "body", (Piece(0, "content", raw.decode()),), ((0, "stop"),))

    def frame(self, raw: bytes) -> Delta:
        """See `ports.Codec`."""
        return text_delta(raw.decode())


def text_delta(text: str, choice: int = 0) -> Delta:
    """A streamed piece of content."""
    return Delta(text.encode(), "chunk", (Piece(choice, "content", text),))


def closing_deltas(choice: int = 0) -> tuple[Delta, Delta]:
    """The finish frame and the end mark of a stream."""
    return Delta(b"finish", "chunk", (), ((choice, "stop"),)), Delta(b"done", "done")


def plain_bundle(policy: Policy, constitution: str = "") -> PolicyBundle:
    """A bundle with a one-line constitution and one canned text."""
    compiled = CompiledConstitution("plain", "1", "sha256:plain", constitution, len(constitution) // 4)
    return PolicyBundle(policy, compiled, CannedReplies("plain", "1", {"en": {"default": CANNED}}))


def plain_exchange(
    bundle: PolicyBundle, *, stream: bool = True, text: str = "hello", deadline: float = 1e9, **changes: Any
) -> Exchange:
    """An exchange of one user turn on the plain codec."""
    values: dict[str, Any] = {
        "id": "gh-test",
        "surface": "plain",
        "tenant": "default",
        "model": "m",
        "stream": stream,
        "conversation": Conversation((Turn("user", text, Origin.USER),)),
        "bundle": bundle,
        "codec": PlainCodec(),
        "body": {},
        "original": text.encode(),
        "headers": {},
        "started": 0.0,
        "deadline": deadline,
        "parts": 1,
    }
    return Exchange(**{**values, **changes})
