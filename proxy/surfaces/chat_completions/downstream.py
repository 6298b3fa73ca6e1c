"""The client of a chat completion: relays, delivers, cuts, ends and fails in its own terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from policies.verdict import Action, Verdict
from proxy.errors import (
    DeadlineExceeded,
    GatehouseError,
    GuardUnavailable,
    InternalError,
    PolicyViolation,
    UpstreamFailed,
)
from proxy.exchange.exchange import Delta, Draft, Exchange, ReplyOrigin
from proxy.exchange.ports import ReplyHead, Ruling, UpstreamError
from proxy.surfaces.chat_completions import azure, schema
from proxy.surfaces.chat_completions import rendering as render
from proxy.surfaces.chat_completions.rendering import Rendering
from proxy.surfaces.chat_completions.schema import Identity, Shape
from proxy.surfaces.connection import Connection, HeaderRows, encode_headers
from proxy.surfaces.sse import KEEP_ALIVE, STREAM_HEADERS, data_frame, raw_frame
from proxy.surfaces.verdict_headers import VerdictHeaders, relayed

_JSON = (b"content-type", b"application/json")
_NO_RETRY = (b"x-should-retry", b"false")
_UPSTREAM_MESSAGES = {
    "upstream_unreachable": "The model server could not be reached.",
    "upstream_timeout": "The model server did not answer in time.",
    "upstream_invalid": "The model server sent an answer that cannot be read.",
}


class ChatDownstream:
    """See `ports.Downstream`. One for each exchange; `wall`: seconds since the epoch."""

    __slots__ = ("_chunk", "_connection", "_done", "_exchange", "_finished", "_headers", "_spoke", "_wall")

    blamed: ClassVar[str] = "messages"
    """The request field that an error for a blocked answer names."""
    form: ClassVar[schema.ChatForm] = schema.CHAT
    alive: ClassVar[bytes] = KEEP_ALIVE
    """What is sent on a stream while its answer is held."""

    def __init__(
        self, exchange: Exchange, connection: Connection, headers: VerdictHeaders, wall: Callable[[], float]
    ) -> None:
        self._exchange = exchange
        self._connection = connection
        self._headers = headers
        self._wall = wall
        self._chunk: Delta | None = None
        self._finished: set[int] = set()
        self._spoke: set[int] = set()
        self._done = False

    @property
    def _for_azure(self) -> bool:
        return self._exchange.bundle.policy.profile == "azure" and self._exchange.surface == azure.SURFACE

    @property
    def status(self) -> int:
        """HTTP status that the client saw; 0 before the commit point."""
        return self._connection.status

    async def relay(self, head: ReplyHead, deltas: Sequence[Delta]) -> None:
        """Send deltas as they are, in one write."""
        if deltas[0].kind == "body":
            await self._answer_upstream(head, None, deltas[0].raw)
            return
        if not self._connection.status:
            await self._start_stream(head, None)
        for delta in deltas:
            self._note(delta)
        await self._connection.write(b"".join([delta.raw for delta in deltas]))

    def _note(self, delta: Delta) -> None:
        if self._chunk is None and delta.kind == "chunk":
            self._chunk = delta
        for piece in delta.pieces:
            self._spoke.add(piece.choice)
        for index, _ in delta.finishes:
            self._finished.add(index)
        if delta.kind in ("done", "error"):
            self._done = True  # an error frame is the last one, too

    async def keep_alive(self, head: ReplyHead) -> None:
        """Send a comment on a stream; an answer that is not a stream has no way to say "wait"."""
        if not self._exchange.stream or self._connection.ended:
            return
        if not self._connection.status:
            await self._start_stream(head, None)
        await self._connection.write(self.alive)

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:
        """Send a whole answer, in the block shape of the policy where choices were replaced."""
        may_refuse = ruling.replacements and not self._connection.status
        if may_refuse and await self._refused(head, deltas, draft, ruling):
            return
        if not self._exchange.stream:
            await self._answer_upstream(head, ruling, self._body(deltas, draft, ruling))
            return
        frames = self._stream(deltas, draft, ruling)
        if not self._connection.status:
            await self._start_stream(head, ruling)
        await self._connection.write(frames, more=False)

    def _body(self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> bytes:  # noqa: ARG002
        """A whole answer."""
        if deltas and not ruling.replacements and not self._exchange.wants_verdict:
            return deltas[0].raw
        return render.render_body(self._rendering(ruling), deltas)

    def _stream(self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> bytes:
        """A whole stream, or the rest of one that has started."""
        return render.render_stream(self._rendering(ruling), deltas, draft)

    async def cut(self, head: ReplyHead, draft: Draft, ruling: Ruling) -> None:
        """End a started stream early; what has left cannot be taken back, so a notice follows it."""
        if not self._connection.status:
            await self._start_stream(head, ruling)
        await self._connection.write(self._broken_off(draft, ruling), more=False)

    def _broken_off(self, draft: Draft, ruling: Ruling) -> bytes:
        """The end of a stream that is cut."""
        rendering = self._rendering(ruling)
        identity = self._identity(rendering)
        replaced = rendering.replaced
        frames: list[bytes] = []
        for index in sorted({*draft.choices, *replaced} - self._finished):
            if index in replaced and index not in self._spoke:
                frames.extend(render.replaced_frames(rendering, identity, index, replaced[index]))
            else:
                frames.append(self._tail(rendering, identity, index))
        usage = None if draft.usage is None else schema.usage_body(draft.usage)
        frames.extend(render.ending(rendering, identity, usage))
        return b"".join(frames)

    def _tail(self, rendering: Rendering, identity: Identity, index: int) -> bytes:
        """Notice and finish reason after text that has left. Inside JSON no notice can be read."""
        replacement = rendering.replaced.get(index)
        choices = [self.form.chunk_choice(index, {}, "content_filter")]
        if replacement is not None and not self._exchange.structured:
            choices.insert(0, self.form.chunk_choice(index, {"content": f"\n\n{replacement.text}"}))
        return b"".join([render.own_frame(rendering, identity, choice) for choice in choices])

    async def end(self, head: ReplyHead, held: Sequence[Delta], ruling: Ruling) -> None:
        """End a relayed stream with what it lacks."""
        if self._connection.ended:
            return
        if not self._connection.status:
            await self._start_stream(head, ruling)
        await self._connection.write(self._rest(held, ruling), more=False)

    def _rest(self, held: Sequence[Delta], ruling: Ruling) -> bytes:
        """Finish, verdict where asked, usage, end mark."""
        rendering = self._rendering(ruling)
        return b"".join(render.closing(rendering, held, self._identity(rendering), ended=self._done))

    async def fail(self, error: Exception) -> None:
        """Status and body before the first byte, a frame with the error after it."""
        if self._connection.ended:
            return
        if isinstance(error, UpstreamError) and error.body is not None and not self._connection.status:
            rows = [(b"content-type", error.content_type.encode("latin-1")), *encode_headers(error.headers)]
            await self._connection.answer(error.status, [*rows, *self._ids()], error.body)
            return
        fault = translated(error, self._exchange.id)
        if self._connection.status:
            frame = self._error_frame(fault) if self._exchange.stream else b""
            await self._connection.write(frame, more=False)
            return
        rows = [_JSON, *encode_headers(fault.headers()), *self._ids()]
        await self._connection.answer(fault.status, rows, self._shaped(fault))

    def _error_frame(self, fault: GatehouseError) -> bytes:
        """An error that ends a stream."""
        return raw_frame(fault.body())

    def _ids(self) -> HeaderRows:
        return self._headers.ids(self._exchange.id)

    def _shaped(self, fault: GatehouseError) -> bytes:
        """An error in the surface's shape."""
        return fault.body()

    async def _refused(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> bool:
        """Answer with an error status where the whole answer is canned and that is what the policy wants."""
        whole = draft.choices.keys() if deltas else ()
        canned = [index for index, item in ruling.replacements if item.origin is ReplyOrigin.CANNED]
        if not canned or not set(whole) <= set(canned):
            return False
        style = self._exchange.bundle.policy.block_style
        if self._for_azure and style == "auto" and ruling.input_verdict.action is Action.BLOCK:
            style = "error"
        if is_outage(ruling) and style in ("auto", "error"):
            fault: GatehouseError = GuardUnavailable()
            rows = encode_headers(fault.headers())
            await self._answer_error(head, ruling, fault.status, self._shaped(fault), rows)
            return True
        if style != "error":
            return False
        text = dict(ruling.replacements)[canned[0]].text
        body = self._shaped(PolicyViolation(text, param=self.blamed))
        if self._for_azure:
            blocking = (ruling.input_verdict, *ruling.output_verdicts)
            body = azure.error(text, next(each for each in blocking if each.action is Action.BLOCK))
        await self._answer_error(head, ruling, 400, body, [_NO_RETRY])
        return True

    async def _answer_error(
        self, head: ReplyHead, ruling: Ruling, status: int, body: bytes, extra: HeaderRows
    ) -> None:
        rows = [_JSON, *extra, *self._headers.rows(self._exchange, head, ruling)]
        await self._connection.answer(status, rows, body)

    async def _answer_upstream(self, head: ReplyHead, ruling: Ruling | None, body: bytes) -> None:
        """A whole JSON answer with the upstream's status and headers."""
        status = 200 if head.upstream is None else head.upstream.status
        rows = [_JSON, *relayed(head.upstream), *self._headers.rows(self._exchange, head, ruling)]
        await self._connection.answer(status, rows, body)

    async def _start_stream(self, head: ReplyHead, ruling: Ruling | None) -> None:
        status = 200 if head.upstream is None else head.upstream.status
        rows = [*STREAM_HEADERS, *relayed(head.upstream), *self._headers.rows(self._exchange, head, ruling)]
        await self._connection.start(status, rows)
        if self._for_azure:
            told = {"prompt_filter_results": azure.prompt_results(head.verdict)}
            opening = self.form.chunk(Identity("", 0, ""), (), **told)
            await self._connection.write(data_frame(opening))

    def _identity(self, rendering: Rendering) -> Identity:
        return render.identity_of(rendering, [self._chunk] if self._chunk is not None else [])

    def _rendering(self, ruling: Ruling) -> Rendering:
        exchange = self._exchange
        identity = Identity.canned(exchange, self._wall(), self.form.prefix)
        return Rendering(exchange, ruling, self._shape(), identity, self.form)

    def _shape(self) -> Shape:
        """What a replaced answer looks like."""
        style = self._exchange.bundle.policy.block_style
        return Shape(schema.block_shape("auto" if style == "error" else style, self._exchange.structured))


def is_outage(ruling: Ruling) -> bool:
    """A guard gave no measurement and that alone is why the answer is withheld."""
    verdicts: tuple[Verdict, ...] = (ruling.input_verdict, *ruling.output_verdicts)
    blocking = [verdict for verdict in verdicts if verdict.action is Action.BLOCK]
    return bool(blocking) and all(verdict.failure is not None for verdict in blocking)


def translated(error: Exception, decision: str) -> GatehouseError:
    """Any failure of a walk as an error the client may see: no message of the original is kept."""
    if isinstance(error, GatehouseError):
        return error
    code = error.code if isinstance(error, UpstreamError) else ""
    if isinstance(error, TimeoutError) or code == "deadline_exceeded":
        return DeadlineExceeded("The exchange ran out of time.")
    if isinstance(error, UpstreamError):
        message = _UPSTREAM_MESSAGES.get(error.code, "The model server did not answer as asked.")
        return UpstreamFailed(message, code=error.code, status=error.status)
    return InternalError(f"Gatehouse failed on this exchange. Decision id: {decision}.")
