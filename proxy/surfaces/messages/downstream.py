"""The client of a message: relays, delivers, cuts, ends and fails in the terms of the Messages API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import orjson

from proxy.errors import GatehouseError
from proxy.exchange.exchange import Delta, Draft, Exchange
from proxy.exchange.ports import ReplyHead, Ruling, UpstreamError
from proxy.surfaces.chat_completions.downstream import ChatDownstream, translated
from proxy.surfaces.chat_completions.schema import Shape, block_shape
from proxy.surfaces.chat_completions.spoken import is_word
from proxy.surfaces.connection import Connection, encode_headers
from proxy.surfaces.messages import schema
from proxy.surfaces.messages.transcript import Transcript
from proxy.surfaces.named_events import event_frame
from proxy.surfaces.verdict_headers import VerdictHeaders

_JSON = (b"content-type", b"application/json")


class Closing(Protocol):
    """What a client side needs of its codec."""

    def closing(self) -> bytes:
        """The events that a stream lacks which ended without its last one."""


class AnthropicDownstream(ChatDownstream):
    """A client that reads Anthropic's errors."""

    __slots__ = ()

    blamed: ClassVar[str] = "messages"

    def _shaped(self, fault: GatehouseError) -> bytes:
        return schema.error_body(fault, self._exchange.id)

    async def fail(self, error: Exception) -> None:
        """Status and body before the first byte; what an upstream said is given in Anthropic's shape."""
        if isinstance(error, UpstreamError) and error.body is not None and not self._connection.status:
            rows = [_JSON, *encode_headers(error.headers), *self._ids()]
            body = schema.reshaped(error.status, error.body, self._exchange.id)
            await self._connection.answer(error.status, rows, body)
            return
        await super().fail(error)


class MessagesDownstream(AnthropicDownstream):
    """See `ports.Downstream`. One for each exchange."""

    __slots__ = ("_codec", "_told")

    alive: ClassVar[bytes] = schema.PING

    def __init__(
        self, exchange: Exchange, connection: Connection, headers: VerdictHeaders, wall: Callable[[], float]
    ) -> None:
        super().__init__(exchange, connection, headers, wall)
        self._codec: Closing = exchange.codec  # type: ignore[assignment]
        self._told = Transcript()

    def _note(self, delta: Delta) -> None:
        for event in delta.data or ():
            self._told.note(event)

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:
        """Send a whole answer, in the block shape of the policy where it was replaced."""
        may_refuse = ruling.replacements and not self._connection.status
        if may_refuse and await self._refused(head, deltas, draft, ruling):
            return
        if not self._exchange.stream:
            whole = self._replaced(deltas, draft, ruling) if ruling.replacements else None
            body = deltas[0].raw if whole is None else orjson.dumps(whole)
            await self._answer_upstream(head, ruling, body)
            return
        if not self._connection.status:
            await self._start_stream(head, ruling)
        frames = (
            schema.frames(schema.told(self._replaced(deltas, draft, ruling)))
            if ruling.replacements
            else self._rest(deltas)
        )
        await self._connection.write(frames, more=False)

    def _replaced(self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> dict[str, Any]:
        """The whole message that stands in for the upstream's: nothing of that is left but its usage."""
        begun = self._begun(_message_in(deltas), draft)
        return {**begun, **schema.replaced(ruling.replacements[0][1], self._shape())}

    def _begun(self, seen: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
        identity, model = seen.get("id"), seen.get("model")
        return schema.message(
            identity if identity and is_word(identity) else f"msg_{self._exchange.id}",
            model if model and is_word(model) else self._exchange.model,
            schema.usage_body(draft.usage),
        )

    def _rest(self, deltas: Sequence[Delta]) -> bytes:
        """Original frames, and the last event where it never came."""
        for delta in deltas:
            self._note(delta)
        closing = b"" if self._told.ended else self._codec.closing()
        return b"".join([*(delta.raw for delta in deltas), closing])

    async def cut(self, head: ReplyHead, draft: Draft, ruling: Ruling) -> None:
        """End a started stream early; what has left cannot be taken back, so a notice follows it."""
        if not self._connection.status:
            await self._start_stream(head, ruling)
        await self._connection.write(schema.frames(self._broken_off(draft, ruling)), more=False)

    def _broken_off(self, draft: Draft, ruling: Ruling) -> list[schema.Event]:
        whole = self._replaced((), draft, ruling)
        if not self._told.started:
            return list(schema.told(whole))
        notice = "" if self._exchange.structured else ruling.replacements[0][1].text
        explanation = None if notice else ruling.replacements[0][1].text
        fields = {"stop_reason": "refusal", "stop_details": schema.refusal(explanation)}
        return [*self._told.break_off(notice), *schema.ending(fields, whole["usage"])]

    async def end(self, head: ReplyHead, held: Sequence[Delta], ruling: Ruling) -> None:
        """End a relayed stream: what was held, and a last event where none was."""
        if self._connection.ended:
            return
        if not self._connection.status:
            await self._start_stream(head, ruling)
        await self._connection.write(self._rest(held), more=False)

    async def fail(self, error: Exception) -> None:
        """Status and body before the first byte, an error event after it."""
        if not self._connection.status or self._connection.ended or not self._exchange.stream:
            await super().fail(error)
            return
        fault = translated(error, self._exchange.id)
        frame = b"" if self._told.ended else event_frame(schema.error(fault, self._exchange.id))
        await self._connection.write(frame, more=False)

    def _shape(self) -> Shape:
        style = self._exchange.bundle.policy.block_style
        return Shape(block_shape("auto" if style == "error" else style, self._exchange.structured))


def _message_in(deltas: Sequence[Delta]) -> Mapping[str, Any]:
    """The message as an answer began it, `{}` where it told none."""
    for delta in deltas:
        if delta.kind == "body":
            body: Mapping[str, Any] = delta.data
            return body
        for event in delta.data or ():
            if type(event.get("message")) is dict:
                message: Mapping[str, Any] = event["message"]
                return message
    return {}
