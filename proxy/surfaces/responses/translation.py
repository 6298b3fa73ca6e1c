"""A Responses answer made of chat completions: bodies and events, delta by delta.

What is judged is what the chat codec reads; what is sent is written here from the same deltas. Only the first
choice is asked for, and only that one is sent.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from proxy.exchange.exchange import Delta, Exchange, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions import told
from proxy.surfaces.chat_completions.codec import ChatCodec, Role
from proxy.surfaces.named_events import event_frame
from proxy.surfaces.responses import schema
from proxy.surfaces.responses.chat_request import chat_body
from proxy.surfaces.responses.omission import left_out

_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_DELTA_OF = {
    "content": "response.output_text.delta",
    "refusal": "response.refusal.delta",
    "reasoning": "response.reasoning_text.delta",
}

Events = list[dict[str, Any]]


class TranslatedCodec:
    """See `ports.Codec`. One for each exchange: a stream's events build on those before.

    Raises:
        BadRequest: `unsupported_by_upstream`, the request asks for what chat completions do not have.
    """

    after = -1

    __slots__ = ("_body", "_chat", "_finish", "_request", "_usage", "_wall", "_writer")

    def __init__(
        self, body: Mapping[str, Any], role: Role = "system", wall: Callable[[], float] = time.time
    ) -> None:
        self._body = body
        self._request = chat_body(body, role)
        self._wall = wall
        self._chat = ChatCodec(role)
        self._writer: _Writer | None = None
        self._usage: Usage | None = None
        self._finish = ""

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
        writer = self._begun(delta.data)
        choice = next((each for each in delta.data["choices"] if each.get("index", 0) == 0), None)
        if choice is None:
            raise UpstreamError.invalid()
        self._tell(writer, choice.get("message") or {})
        self._finish, self._usage = str(choice.get("finish_reason") or "stop"), delta.usage
        response = self._end(writer)
        return delta.of_choice(0, orjson.dumps(response), response)

    def frame(self, raw: bytes) -> Delta:
        """One whole SSE frame of chat completions.

        Raises:
            UpstreamError: `upstream_invalid`, its data is no chunk of a chat completion.
        """
        delta = self._chat.frame(raw)
        if delta.kind == "comment":
            return delta
        if delta.kind == "error":
            return self._error(delta)
        if delta.kind == "done":
            events = self._ending()
            frames = b"".join(event_frame(event) for event in events)
            return Delta(frames, "done", (), (), self._usage, tuple(events))
        events = self._chunk(delta)
        frames = b"".join(event_frame(event) for event in events)
        return delta.of_choice(0, frames, tuple(events))

    def closing(self) -> bytes:
        """The events that a stream lacks whose end mark never came."""
        return b"".join(event_frame(event) for event in self._ending())

    def _chunk(self, delta: Delta) -> Events:
        events: Events = []
        writer = self._writer
        if writer is None:
            writer = self._begun(delta.data)
            events += writer.begin()
        for choice in delta.data["choices"]:
            if choice.get("index", 0) == 0:
                events += self._tell(writer, choice.get("delta") or {}, choice.get("logprobs"))
                self._finish = str(choice.get("finish_reason") or "") or self._finish
        self._usage = delta.usage or self._usage
        return events

    def _ending(self) -> Events:
        writer = self._writer or self._begun({})
        if writer.ended:
            return []
        events = writer.close()
        response = self._end(writer)
        kind = "response.incomplete" if response["status"] == "incomplete" else "response.completed"
        writer.ended = True
        return [*events, writer.event(kind, response=response)]

    def _end(self, writer: _Writer) -> dict[str, Any]:
        writer.close()
        usage = schema.usage_body(self._usage)
        return schema.ended(writer.response, writer.output, usage, _REASONS.get(self._finish, ""))

    def _begun(self, data: Mapping[str, Any]) -> _Writer:
        """The id is made of the upstream's, so that both can be found in its logs."""
        identity, model = data.get("id"), data.get("model")
        suffix = identity if type(identity) is str and _ID.fullmatch(identity) else "chat"
        created = data.get("created")
        response = schema.response(
            f"resp_{suffix}",
            created if type(created) is int else int(self._wall()),
            model if type(model) is str and model else str(self._body.get("model")),
            self._body,
        )
        self._writer = _Writer({**response, "store": False}, suffix)
        return self._writer

    def _tell(self, writer: _Writer, message: Mapping[str, Any], logprobs: Any = None) -> Events:
        events: Events = []
        for field, text in told.texts(message):
            events += writer.add(field, text, logprobs if field == "content" else None)
        for key, call in told.calls(message):
            events += writer.call(key, call)
        return events

    def _error(self, delta: Delta) -> Delta:
        error = delta.data.get("error")
        given = error if type(error) is dict else {}
        message, code = given.get("message"), given.get("code")
        number = self._writer.number if self._writer is not None else 0
        event = schema.error_event(
            message if type(message) is str else "The model server failed.",
            code if type(code) is str else None,
            number,
        )
        if self._writer is not None:
            self._writer.ended = True
        return Delta(event_frame(event), "error", delta.pieces, (), None, (event,))


class _Writer:
    """Events of one answer. One item is open at a time, but calls: chat may say several at once."""

    __slots__ = ("_calls", "_open", "_suffix", "ended", "number", "output", "response")

    def __init__(self, response: dict[str, Any], suffix: str) -> None:
        self.response = response
        self.output: Events = []
        self.number = 0
        self.ended = False
        self._suffix = suffix
        self._open: int | None = None
        self._calls: dict[int | str, int] = {}

    def event(self, kind: str, **fields: Any) -> dict[str, Any]:
        self.number += 1
        return {"type": kind, "sequence_number": self.number - 1, **fields}

    def begin(self) -> Events:
        return [
            self.event("response.created", response=self.response),
            self.event("response.in_progress", response=self.response),
        ]

    def add(self, field: str, text: str, logprobs: Any) -> Events:
        """More text of a message or of reasoning; a field that changes opens a part or an item."""
        kind = "reasoning" if field == "reasoning" else "message"
        events: Events = []
        if self._open is None or self.output[self._open]["type"] != kind:
            events += self.close() + self._open_item(kind)
        item, index = self.output[self._open or 0], self._open or 0
        if field != "reasoning" and (not item["content"] or _field_of(item["content"][-1]) != field):
            events += self._close_part() + self._open_part(field)
        if field == "reasoning" and not item["content"]:
            item["content"].append({"type": "reasoning_text", "text": ""})
        part = item["content"][-1]
        part["refusal" if field == "refusal" else "text"] += text
        where = {"item_id": item["id"], "output_index": index, "content_index": len(item["content"]) - 1}
        more = {"logprobs": _logprobs(logprobs)} if field == "content" else {}
        return [*events, self.event(_DELTA_OF[field], **where, delta=text, **more)]

    def _open_item(self, kind: str) -> Events:
        index = len(self.output)
        prefix = "rs" if kind == "reasoning" else "msg"
        item: dict[str, Any] = {"id": f"{prefix}_{self._suffix}_{index}", "type": kind, "content": []}
        if kind == "reasoning":
            item["summary"] = []
        else:
            item |= {"status": "in_progress", "role": "assistant"}
        self.output.append(item)
        self._open = index
        return [self.event("response.output_item.added", output_index=index, item=_copy(item))]

    def _open_part(self, field: str) -> Events:
        index = self._open or 0
        item = self.output[index]
        part = schema.refusal_part("") if field == "refusal" else schema.text_part("")
        item["content"].append(part)
        where = {"item_id": item["id"], "output_index": index, "content_index": len(item["content"]) - 1}
        return [self.event("response.content_part.added", **where, part=dict(part))]

    def _close_part(self) -> Events:
        index = self._open or 0
        item = self.output[index]
        if not item["content"]:
            return []
        part = dict(item["content"][-1])
        where = {"item_id": item["id"], "output_index": index, "content_index": len(item["content"]) - 1}
        if part["type"] == "reasoning_text":
            return [self.event("response.reasoning_text.done", **where, text=part["text"])]
        kind = "refusal" if part["type"] == "refusal" else "output_text"
        field = "refusal" if part["type"] == "refusal" else "text"
        more: dict[str, Any] = {"logprobs": []} if field == "text" else {}
        return [
            self.event(f"response.{kind}.done", **where, **{field: part[field]}, **more),
            self.event("response.content_part.done", **where, part=part),
        ]

    def call(self, key: int | str, call: Mapping[str, Any]) -> Events:
        """A tool call or a fragment of one; `key` names it in chat's stream."""
        called = call["function"]
        events: Events = []
        if key not in self._calls:
            events += self._close_item()
            events.append(self._open_call(key, call))
        index = self._calls[key]
        item = self.output[index]
        arguments = called.get("arguments")
        if type(arguments) is str and arguments:
            item["arguments"] += arguments
            where = {"item_id": item["id"], "output_index": index}
            events.append(self.event("response.function_call_arguments.delta", **where, delta=arguments))
        return events

    def _open_call(self, key: int | str, call: Mapping[str, Any]) -> dict[str, Any]:
        index = self._calls[key] = len(self.output)
        item = {
            "id": f"fc_{self._suffix}_{index}",
            "type": "function_call",
            "status": "in_progress",
            "call_id": str(call.get("id") or f"call_{self._suffix}_{index}"),
            "name": str(call["function"].get("name") or ""),
            "arguments": "",
        }
        self.output.append(item)
        return self.event("response.output_item.added", output_index=index, item=dict(item))

    def _close_item(self) -> Events:
        """End the message or the reasoning that is open."""
        if self._open is None:
            return []
        index, events = self._open, self._close_part()
        item = self.output[index]
        if item["type"] == "message":
            item["status"] = "completed"
        self._open = None
        return [*events, self.event("response.output_item.done", output_index=index, item=_copy(item))]

    def close(self) -> Events:
        """End everything that is open."""
        events = self._close_item()
        for index in self._calls.values():
            item = self.output[index]
            item["status"] = "completed"
            where = {"item_id": item["id"], "output_index": index}
            told = {"name": item["name"], "arguments": item["arguments"]}
            events.append(self.event("response.function_call_arguments.done", **where, **told))
            events.append(self.event("response.output_item.done", output_index=index, item=dict(item)))
        self._calls.clear()
        return events


def _copy(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "content": [dict(part) for part in item["content"]]}


def _field_of(part: Mapping[str, Any]) -> str:
    return "refusal" if part["type"] == "refusal" else "content"


def _logprobs(logprobs: Any) -> list[dict[str, Any]]:
    """Chat's log-probabilities of a chunk, which have the same entries."""
    entries = logprobs.get("content") if type(logprobs) is dict else None
    if type(entries) is not list:
        return []
    keys: Iterable[str] = ("token", "logprob", "bytes", "top_logprobs")
    return [{name: entry.get(name) for name in keys} for entry in entries if type(entry) is dict]
