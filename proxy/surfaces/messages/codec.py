"""Between bytes of the Messages API and deltas. One for each exchange: blocks go on over events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.exchange.exchange import Delta, DeltaKind, Exchange, PieceField
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions.codec import is_faithful, load
from proxy.surfaces.chat_completions.spoken import Spoken, is_word, read_error
from proxy.surfaces.messages.omission import left_out
from proxy.surfaces.messages.schema import PING
from proxy.surfaces.messages.spoken import Blocks, finish_of, read_rest, usage_of
from proxy.surfaces.named_events import event_frame, is_framed
from proxy.surfaces.sse import data_of

_DELTAS: Mapping[str, tuple[str, PieceField]] = {
    "text_delta": ("text", "content"),
    "thinking_delta": ("thinking", "reasoning"),
    "input_json_delta": ("partial_json", "tool_call"),
}


def led(body: Mapping[str, Any], constitution: str) -> dict[str, Any]:
    """The request with the constitution before its own system prompt."""
    own = body.get("system")
    if type(own) is list:
        system: Any = [{"type": "text", "text": constitution}, *own]
    else:
        system = f"{constitution}\n\n{own}" if own else constitution
    return {**body, "system": system}


def asked(exchange: Exchange, constitution: str) -> bytes:
    """What goes upstream: the original bytes, unless something is to be added or withheld."""
    if not (constitution or exchange.withheld):
        return exchange.original
    body = left_out(exchange.body, exchange.withheld) if exchange.withheld else exchange.body
    return orjson.dumps(led(body, constitution) if constitution else body)


class MessagesCodec:
    """See `ports.Codec`. All of a message is choice 0: its blocks are judged together.

    `body`: the request.
    """

    __slots__ = ("_blocks", "_finished", "_usage")

    def __init__(self, body: Mapping[str, Any]) -> None:
        stops = body.get("stop_sequences")
        self._blocks = Blocks(frozenset(stop for stop in stops or () if type(stop) is str))
        self._finished = False
        self._usage: dict[str, Any] = {}

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The request with the constitution before its own system prompt, all else kept."""
        return asked(exchange, constitution)

    def closing(self) -> bytes:
        """What a stream lacks that ended without its last event."""
        return event_frame({"type": "message_stop"}) if self._finished else b""

    def body(self, raw: bytes) -> Delta:
        """A whole message.

        Raises:
            UpstreamError: `upstream_invalid`, it is none.
        """
        data = load(raw)
        if type(data.get("content")) is not list:
            raise UpstreamError.invalid()
        if not is_faithful(raw, data):
            raw = orjson.dumps(data)
        pieces = Spoken()
        self._blocks.message(data, pieces)
        finish = finish_of(data.get("stop_reason")) or "stop"
        unread = tuple(pieces.unread)
        return Delta(raw, "body", tuple(pieces), ((0, finish),), usage_of(data.get("usage")), data, unread)

    def frame(self, raw: bytes) -> Delta:
        """One whole SSE frame.

        Raises:
            UpstreamError: `upstream_invalid`, its data is no event of a message, or `upstream_cut_off`, the
                end mark of another API came before the message was over.
        """
        payload = data_of(raw)
        if payload is None:
            return Delta(PING, "comment")
        if payload[:6] == b"[DONE]":
            raise UpstreamError.cut_off()
        event = load(payload)
        kind = event.get("type")
        if type(kind) is not str or not kind:
            if "error" not in event:
                raise UpstreamError.invalid()
            event = {"type": "error", **event}
            kind = "error"
        if kind == "ping":
            return Delta(PING, "comment")
        if not is_framed(raw, kind, payload) or not is_faithful(payload, event):
            raw = event_frame(event)
        return self._read(raw, kind, event)

    def _read(self, raw: bytes, kind: str, event: dict[str, Any]) -> Delta:
        pieces = Spoken()
        finishes: tuple[tuple[int, str], ...] = ()
        usage = None
        end: DeltaKind = "chunk"
        if kind == "error":
            read_error(event, pieces)
            return Delta(raw, "error", tuple(pieces), data=(event,))
        if kind == "message_start":
            usage = self._begin(event, pieces)
        elif kind in ("content_block_start", "content_block_delta"):
            self._go_on(kind, event, pieces)
        elif kind == "message_delta":
            finishes, usage = self._finish(event, pieces)
        else:
            end = "done" if kind == "message_stop" else "chunk"
            self._beside(kind, event, (), pieces)
        return Delta(raw, end, tuple(pieces), finishes, usage, (event,), tuple(pieces.unread))

    def _beside(self, kind: str, event: Mapping[str, Any], known: tuple[str, ...], pieces: Spoken) -> None:
        """What an event says beside what it is for."""
        for name, value in event.items():
            if name not in known and not (name == "type" and is_word(kind)):
                read_rest(name, value, pieces, kind if is_word(kind) else "")

    def _begin(self, event: Mapping[str, Any], pieces: Spoken) -> Any:
        message = event.get("message")
        if type(message) is dict:
            self._blocks.message(message, pieces)
            self._beside("message_start", event, ("message",), pieces)
            return self._counted(message.get("usage"))
        self._beside("message_start", event, (), pieces)
        return None

    def _go_on(self, kind: str, event: Mapping[str, Any], pieces: Spoken) -> None:
        index = event.get("index")
        if type(index) is not int:
            raise UpstreamError.invalid()
        if kind == "content_block_start":
            self._blocks.block(index, event.get("content_block"), pieces)
            self._beside(kind, event, ("content_block",), pieces)
            return
        delta = event.get("delta")
        told = delta if type(delta) is dict else {"delta": delta}
        sort = told.get("type")
        name, field = _DELTAS.get(sort, ("", "other")) if type(sort) is str else ("", "other")
        text = told.get(name)
        if name and type(text) is str:
            self._blocks.text(index, field, text, pieces)
        for key, value in told.items():
            if not (key == name and type(value) is str) and not (key == "type" and is_word(value)):
                read_rest(key, value, pieces, f"block {index}")
        self._beside(kind, event, ("delta",), pieces)

    def _finish(self, event: Mapping[str, Any], pieces: Spoken) -> Any:
        delta = event.get("delta")
        fields = delta if type(delta) is dict else {"delta": delta}
        self._blocks.ending({**fields, "usage": event.get("usage")}, pieces)
        self._beside("message_delta", event, ("delta", "usage"), pieces)
        finish = finish_of(fields.get("stop_reason"))
        self._finished = self._finished or bool(finish)
        return ((0, finish),) if finish else (), self._counted(event.get("usage"))

    def _counted(self, usage: Any) -> Any:
        """Counts of a stream are told twice, and the later ones hold."""
        if type(usage) is dict:
            self._usage |= {name: value for name, value in usage.items() if value is not None}
        return usage_of(self._usage) if self._usage else None
