"""A message made of chat completions: bodies and events, delta by delta.

What is judged is what the chat codec reads; what is sent is written here from the same deltas. Only the first
choice is asked for, and only that one is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from proxy.exchange.exchange import Delta, Exchange, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions import told
from proxy.surfaces.chat_completions.codec import ChatCodec, Role
from proxy.surfaces.messages import schema
from proxy.surfaces.messages.chat_request import chat_body
from proxy.surfaces.messages.omission import left_out
from proxy.surfaces.messages.schema import Event

_REASONS = {
    "length": "max_tokens",
    "content_filter": "refusal",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
}
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_OPENED: Mapping[str, Event] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}


class TranslatedCodec:
    """See `ports.Codec`. One for each exchange: a stream's events build on those before.

    Raises:
        BadRequest: `unsupported_by_upstream`, the request asks for what chat completions do not have.
    """

    __slots__ = ("_body", "_chat", "_request", "_writer")

    def __init__(self, body: Mapping[str, Any], role: Role = "system") -> None:
        self._body = body
        self._request = chat_body(body, role)
        self._chat = ChatCodec(role)
        self._writer: _Writer | None = None

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The request as chat completions, the constitution first."""
        request = self._request
        if exchange.withheld:
            request = chat_body(left_out(self._body, exchange.withheld), self._chat.role)
        return self._chat.led(request, constitution)

    def body(self, raw: bytes) -> Delta:
        """A whole answer.

        Raises:
            UpstreamError: `upstream_invalid`, it is not a chat completion.
        """
        delta = self._chat.body(raw)
        choice = next((each for each in delta.data["choices"] if each.get("index", 0) == 0), None)
        if choice is None:
            raise UpstreamError.invalid()
        writer = self._begun(delta.data)
        writer.tell(choice.get("message") or {})
        writer.stop(choice)
        writer.usage = delta.usage
        whole = {**writer.message, "content": writer.content(), **writer.ending(), "usage": writer.counted()}
        return delta.of_choice(0, orjson.dumps(whole), whole)

    def frame(self, raw: bytes) -> Delta:
        """One whole SSE frame of chat completions.

        Raises:
            UpstreamError: `upstream_invalid`, its data is no chunk of a chat completion.
        """
        delta = self._chat.frame(raw)
        if delta.kind == "comment":
            return replace(delta, raw=schema.PING)
        if delta.kind == "error":
            event = self._error(delta.data)
            return Delta(schema.frames([event]), "error", delta.pieces, (), None, (event,))
        if delta.kind == "done":
            events = self._ending()
            usage = self._writer.usage if self._writer is not None else None
            return Delta(schema.frames(events), "done", (), (), usage, tuple(events))
        events = self._chunk(delta)
        return delta.of_choice(0, schema.frames(events), tuple(events))

    def closing(self) -> bytes:
        """The events that a stream lacks whose end mark never came."""
        return schema.frames(self._ending())

    def _chunk(self, delta: Delta) -> list[Event]:
        events: list[Event] = []
        writer = self._writer
        if writer is None:
            writer = self._begun(delta.data)
            events.append(schema.start(writer.message))
        writer.usage = delta.usage or writer.usage
        for choice in delta.data["choices"]:
            if choice.get("index", 0) == 0:
                events += writer.tell(choice.get("delta") or {})
                writer.stop(choice)
        return events

    def _ending(self) -> list[Event]:
        events: list[Event] = []
        writer = self._writer
        if writer is None:
            writer = self._begun({})
            events.append(schema.start(writer.message))
        if writer.ended:
            return []
        writer.ended = True
        return [*events, *writer.close(), *schema.ending(writer.ending(), writer.counted())]

    def _error(self, data: Mapping[str, Any]) -> Event:
        if self._writer is not None:
            self._writer.ended = True
        error = data.get("error")
        message = error.get("message") if type(error) is dict else None
        words = message if type(message) is str else "The model server failed."
        return {"type": "error", "error": {"type": "api_error", "message": words}}

    def _begun(self, data: Mapping[str, Any]) -> _Writer:
        """The id is made of the upstream's, so that both can be found in its logs."""
        identity, model = data.get("id"), data.get("model")
        suffix = identity if type(identity) is str and _ID.fullmatch(identity) else "chat"
        named = model if type(model) is str and model else str(self._body.get("model"))
        message = schema.message(f"msg_{suffix}", named, schema.usage_body(None))
        self._writer = _Writer(message, frozenset(map(str, self._body.get("stop_sequences") or ())))
        return self._writer


class _Writer:
    """Events of one answer, and what they come to. One block is open at a time.

    Chat may go on with a call when the next one has begun: the fragment is then sent with the index of its
    own block, by which clients put it where it belongs.
    """

    __slots__ = ("_blocks", "_calls", "_open", "_reason", "_stop", "_stops", "ended", "message", "usage")

    def __init__(self, message: Event, stops: frozenset[str]) -> None:
        self.message = message
        self.usage: Usage | None = None
        self.ended = False
        self._stops = stops
        self._blocks: list[Event] = []
        self._calls: dict[int | str, int] = {}
        self._open = -1
        self._reason = ""
        self._stop: str | None = None

    def tell(self, message: Mapping[str, Any]) -> list[Event]:
        """More of chat's message or delta."""
        events: list[Event] = []
        for field, text in told.texts(message):
            events += self._text("thinking" if field == "reasoning" else "text", text)
            if field == "refusal":
                self._reason = "refusal"
        for key, call in told.calls(message):
            events += self._call(key, call)
        return events

    def stop(self, choice: Mapping[str, Any]) -> None:
        """Why it stopped, once chat says so. vLLM tells which stop sequence it was."""
        finish, sequence = choice.get("finish_reason"), choice.get("stop_reason")
        if type(finish) is not str or not finish:
            return
        reason = _REASONS.get(finish, "tool_use" if self._calls else "end_turn")
        if reason == "end_turn" and type(sequence) is str and sequence in self._stops:
            reason, self._stop = "stop_sequence", sequence
        self._reason = self._reason or reason

    def ending(self) -> Event:
        """`stop_reason` and what goes with it."""
        reason = self._reason or "end_turn"
        details = {"stop_details": schema.refusal()} if reason == "refusal" else {}
        return {"stop_reason": reason, "stop_sequence": self._stop, **details}

    def counted(self) -> Event:
        """Usage in the wire's form."""
        return schema.usage_body(self.usage)

    def content(self) -> list[Event]:
        """The blocks, with calls as objects."""
        return [_whole(block) for block in self._blocks]

    def close(self) -> list[Event]:
        """End the block that is open."""
        if self._open < 0:
            return []
        index, self._open = self._open, -1
        return [schema.block_stop(index)]

    def _text(self, kind: str, text: str) -> list[Event]:
        if not text:
            return []
        events: list[Event] = []
        if self._open < 0 or self._blocks[self._open]["type"] != kind:
            events += self._begin(dict(_OPENED[kind]))
        self._blocks[self._open][kind] += text
        return [*events, schema.block_delta(self._open, {"type": f"{kind}_delta", kind: text})]

    def _begin(self, block: Event) -> list[Event]:
        events = self.close()
        self._open = len(self._blocks)
        self._blocks.append(block)
        return [*events, schema.block_start(self._open, dict(block))]

    def _call(self, key: int | str, call: Mapping[str, Any]) -> list[Event]:
        """A tool call or a fragment of one; `key` names it in chat's stream."""
        called = call["function"]
        events: list[Event] = []
        if key not in self._calls:
            name, identity = called.get("name"), call.get("id")
            given = identity if type(identity) is str and identity else f"toolu_{len(self._blocks)}"
            self._calls[key] = len(self._blocks)
            events += self._begin({"type": "tool_use", "id": given, "name": str(name or ""), "input": {}})
            self._blocks[self._open] |= {"input": ""}
        index, arguments = self._calls[key], called.get("arguments")
        if type(arguments) is str and arguments:
            self._blocks[index]["input"] += arguments
            delta = {"type": "input_json_delta", "partial_json": arguments}
            events.append(schema.block_delta(index, delta))
        return events


def _whole(block: Event) -> Event:
    if block["type"] != "tool_use":
        return block
    try:
        called = orjson.loads(block["input"] or "{}")
    except orjson.JSONDecodeError:
        called = None
    return {**block, "input": called if type(called) is dict else {"arguments": block["input"]}}
