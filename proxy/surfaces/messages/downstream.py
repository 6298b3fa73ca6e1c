"""The client of a message: relays, delivers, cuts, ends and fails in the terms of the Messages API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import orjson

from proxy.errors import GatehouseError
from proxy.exchange.exchange import Delta, Draft, Exchange
from proxy.exchange.ports import Ruling, UpstreamError
from proxy.surfaces.chat_completions.downstream import ChatDownstream
from proxy.surfaces.chat_completions.spoken import is_word
from proxy.surfaces.connection import Connection, encode_headers
from proxy.surfaces.event_downstream import EventDownstream
from proxy.surfaces.messages import schema
from proxy.surfaces.messages.transcript import Transcript
from proxy.surfaces.named_events import event_frame
from proxy.surfaces.verdict_headers import VerdictHeaders

_JSON = (b"content-type", b"application/json")


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


class MessagesDownstream(EventDownstream, AnthropicDownstream):
    """See `ports.Downstream`. One for each exchange."""

    __slots__ = ()

    alive: ClassVar[bytes] = schema.PING
    _told: Transcript

    def __init__(
        self, exchange: Exchange, connection: Connection, headers: VerdictHeaders, wall: Callable[[], float]
    ) -> None:
        super().__init__(exchange, connection, headers, wall, Transcript())

    def _body(self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> bytes:
        return orjson.dumps(self._replaced(deltas, draft, ruling)) if ruling.replacements else deltas[0].raw

    def _stream(self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> bytes:
        if not ruling.replacements:
            return self._rest(deltas, ruling)
        return schema.frames(schema.told(self._replaced(deltas, draft, ruling)))

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

    def _rest(self, held: Sequence[Delta], ruling: Ruling) -> bytes:  # noqa: ARG002
        """Original frames, and the last event where it never came."""
        for delta in held:
            self._note(delta)
        return b"".join([*(delta.raw for delta in held), self._closing()])

    def _broken_off(self, draft: Draft, ruling: Ruling) -> bytes:
        whole = self._replaced((), draft, ruling)
        if not self._told.started:
            return schema.frames(schema.told(whole))
        notice = "" if self._exchange.structured else ruling.replacements[0][1].text
        explanation = None if notice else ruling.replacements[0][1].text
        fields = {"stop_reason": "refusal", "stop_details": schema.refusal(explanation)}
        return schema.frames([*self._told.break_off(notice), *schema.ending(fields, whole["usage"])])

    def _error_frame(self, fault: GatehouseError) -> bytes:
        return b"" if self._told.ended else event_frame(schema.error(fault, self._exchange.id))


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
