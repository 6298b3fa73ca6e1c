"""The neighbours of the pipeline, each with one to three methods."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from policies.critique import Ask
from policies.lanes import Lane
from policies.verdict import Failure, Reading, Stage, Verdict
from proxy.exchange.coverage import Coverage
from proxy.exchange.events import LedgerEvent
from proxy.exchange.exchange import Delivery, Delta, Draft, Exchange, Replacement, Usage
from proxy.exchange.values import value


@value(frozen=True, slots=True)
class Screening:
    """Result of running the classifiers a stage needs. `failure` set: some gave no measurement."""

    readings: tuple[Reading, ...] = ()
    failure: Failure | None = None
    cached: bool = False


class Screener(Protocol):
    """Runs classifiers off the event loop, bounded and with a deadline; never raises for a guard."""

    def cached_input(self, exchange: Exchange, stage: Stage) -> Screening | None:
        """The readings of that stage if every one of them is cached, without waiting; else None."""

    async def screen_input(self, exchange: Exchange, stage: Stage) -> Screening:
        """Readings for every turn of the conversation that a rule of this stage wants judged."""

    async def screen_output(self, exchange: Exchange, choice: int, text: str) -> Screening:
        """Readings for one choice of the answer (or the part of it that has arrived)."""


class History(Protocol):
    """Remembers what was blocked, by digests, so that a session can go on after a block."""

    async def recall(self, exchange: Exchange) -> frozenset[int]:
        """Places of old messages that were blocked before, and may therefore be withheld."""

    async def remember(self, exchange: Exchange, verdict: Verdict) -> None:
        """Keep in mind that this exchange's input was blocked."""


class UpstreamError(Exception):
    """The upstream did not answer as asked.

    `status` and `body` are relayed where the upstream itself answered (`body` is not None);
    otherwise `code` says what went wrong (the class methods).
    `provider_filter`: the upstream's own content filter refused.
    """

    def __init__(
        self,
        code: str,
        status: int,
        body: bytes | None = None,
        content_type: str = "application/json",
        headers: Sequence[tuple[str, str]] = (),
        provider_filter: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = tuple(headers)
        self.provider_filter = provider_filter

    @classmethod
    def unreachable(cls) -> Self:
        """No connection: refused, no such host, TLS failed, or closed before it answered."""
        return cls("upstream_unreachable", 502)

    @classmethod
    def timed_out(cls) -> Self:
        """A time limit passed: connecting, waiting for the first byte, between bytes, or in all."""
        return cls("upstream_timeout", 504)

    @classmethod
    def invalid(cls) -> Self:
        """It answered, but not what was asked for."""
        return cls("upstream_invalid", 502)

    @classmethod
    def cut_off(cls) -> Self:
        """The answer ended before it was complete."""
        return cls("upstream_cut_off", 502)


@value(frozen=True, slots=True)
class UpstreamHead:
    """Status and headers to relay (content-type, x-request-id, ratelimit, retry-after, …)."""

    status: int
    headers: tuple[tuple[str, str], ...]


class UpstreamAnswer(Protocol):
    """An answer under way."""

    head: UpstreamHead
    pending: bool
    """The delta given last came in one read with the next one, so a relay can wait for that."""

    def deltas(self) -> AsyncGenerator[Delta, None]:
        """Deltas in order; a non-stream answer is one delta of kind `body`.

        Raises:
            UpstreamError: broken off, stalled, or not what the surface's codec can read.
        """


Wire = Literal["chat_completions", "responses", "messages", "completions", "embeddings", "media"]
"""What an upstream may speak; `media`: audio and images."""

CHAT: frozenset[Wire] = frozenset({"chat_completions"})


class Codec(Protocol):
    """A surface's translator between wire payloads and deltas. Pure."""

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """Body that goes upstream: constitution first, or the original bytes where it is empty."""

    def body(self, raw: bytes) -> Delta:
        """Delta of kind `body` from a whole answer.

        Raises:
            UpstreamError: `upstream_invalid`, the answer is not one of this surface.
        """

    def frame(self, raw: bytes) -> Delta:
        """Delta from one whole SSE frame (blank line included).

        Raises:
            UpstreamError: `upstream_invalid`, the frame is not one of this surface.
        """


class Upstream(Protocol):
    """Calls the model an exchange names."""

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """Send `payload` (the surface's wire body) and wait for the head.

        Leaving the context closes the connection or returns it to the pool, also on cancellation.

        Raises:
            UpstreamError: unreachable, timed out, or answered with an error status.
        """


@dataclass(frozen=True, slots=True)
class CriticAnswer:
    """What the critic said and what it cost."""

    text: str
    usage: Usage


class Critic(Protocol):
    """A model asked by the critique dialogue."""

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        """One call, no tools, temperature 0.

        Raises:
            UpstreamError: the critic did not answer.
        """


@value(frozen=True, slots=True)
class ReplyHead:
    """What is known when the reply starts. `upstream` is None when no upstream answered.

    `overhead_seconds`: time since the start that was not spent waiting for the model, where known.
    """

    verdict: Verdict
    delivery: Delivery
    upstream: UpstreamHead | None
    overhead_seconds: float | None = None
    coverage: Coverage | None = None
    """What was read of the request; None where no guard has ruled on it yet."""
    unread: tuple[str, ...] = ()
    """Kinds of parts of the request that no guard reads."""
    lane: Lane | None = None
    """The gravest lane of the answers; None while none is judged."""


@value(frozen=True, slots=True)
class Ruling:
    """The final word on a reply, for rendering: verdicts and replacements by choice."""

    input_verdict: Verdict
    output_verdicts: tuple[Verdict, ...] = ()
    replacements: tuple[tuple[int, Replacement], ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    evaluated_output: bool = False
    output_scores: tuple[tuple[str, float], ...] = ()
    output_coverage: Coverage | None = None
    """What was read of the answer; None where there is none, or it was not judged yet."""
    output_unread: tuple[str, ...] = ()


class ClientLeft(Exception):
    """The client closed the connection. Raised by a downstream's sends; the pipeline then closes."""


class Downstream(Protocol):
    """The client's side, in the client's own terms. The first call is the commit point."""

    @property
    def status(self) -> int:
        """HTTP status that the client saw; 0 before the commit point."""

    async def relay(self, head: ReplyHead, deltas: Sequence[Delta]) -> None:
        """Send deltas as they are, in one write (starting the response before the first)."""

    async def keep_alive(self, head: ReplyHead) -> None:
        """Send a comment on a stream while the guard or the upstream is silent."""

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:
        """Send a whole answer at once: the original deltas, but replaced choices as ruled.

        With no replacement the originals go out byte for byte (plus the moderation part where the
        client asked for it). With no deltas (input block) only the replacements exist.
        """

    async def cut(self, head: ReplyHead, draft: Draft, ruling: Ruling) -> None:
        """End a started stream early: canned tail, `content_filter`, end mark."""

    async def end(self, head: ReplyHead, held: Sequence[Delta], ruling: Ruling) -> None:
        """End a relayed stream: held closing deltas (finish, usage, end mark) with the verdict part."""

    async def fail(self, error: Exception) -> None:
        """Answer with an error in the surface's shape: a status before the first byte, else a data
        error frame."""


class Ledger(Protocol):
    """Is told what happened; must not block and must not raise."""

    def tell(self, event: LedgerEvent) -> None:
        """Take one event."""
