"""Between bytes of the Responses API and deltas. One for each exchange: it remembers what was judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import orjson

from proxy.exchange.exchange import Delta, DeltaKind, Exchange, Piece, PieceField
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions.codec import is_faithful, load
from proxy.surfaces.chat_completions.spoken import is_word
from proxy.surfaces.named_events import event_frame, is_framed
from proxy.surfaces.responses import spoken
from proxy.surfaces.responses.omission import left_out
from proxy.surfaces.responses.repeats import Repeats
from proxy.surfaces.responses.schema import RUNNING
from proxy.surfaces.responses.vocabulary import texts_of, unread_of
from proxy.surfaces.sse import data_of

_DELTAS: dict[str, PieceField] = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.function_call_arguments.delta": "tool_call",
    "response.custom_tool_call_input.delta": "tool_call",
    "response.mcp_call_arguments.delta": "tool_call",
    "response.code_interpreter_call_code.delta": "tool_call",
    "response.shell_call_command.delta": "tool_call",
    "response.audio.transcript.delta": "audio_transcript",
}
_DONE_WORDS = """
    output_text content_part output_item refusal reasoning_text reasoning_summary_text
    reasoning_summary_part function_call_arguments custom_tool_call_input mcp_call_arguments
    code_interpreter_call_code shell_call_command shell_call_output_content audio audio.transcript
"""
_STATE_WORDS = """
    created queued in_progress completed incomplete failed cancelled output_item.added content_part.added
    reasoning_summary_part.added output_text.annotation.added shell_call_command.added
    image_generation_call.partial_image audio.delta shell_call_output_content.delta
"""
_CALL_WORDS = "file_search_call web_search_call image_generation_call mcp_call mcp_list_tools"
_CALL_STATES = "in_progress searching generating interpreting completed failed"
_KNOWN_TYPES = frozenset(
    (
        "error",
        *_DELTAS,
        *(f"response.{word}.done" for word in _DONE_WORDS.split()),
        *(f"response.{word}" for word in _STATE_WORDS.split()),
        *(
            f"response.{call}.{state}"
            for call in (*_CALL_WORDS.split(), "code_interpreter_call")
            for state in _CALL_STATES.split()
        ),
    )
)
_ENDS: dict[str, DeltaKind] = {
    "response.completed": "done",
    "response.incomplete": "done",
    "response.cancelled": "done",
    "response.failed": "error",
    "error": "error",
}
_PLAIN_WORDS = """
    type item_id output_index content_index summary_index command_index delta sequence_number logprobs
    obfuscation
"""
_PLAIN_DELTA = frozenset(_PLAIN_WORDS.split())
_LONGEST_PADDING = 64

Shape = Literal["response", "list", "deletion"]


class ResponsesCodec:
    """See `ports.Codec`. All of a response is choice 0: its items are judged together.

    `body`: the request, empty for a stored response, in which nothing can be taken for an echo then.
    `shape`: what a whole answer is. `after`: events up to that sequence number are judged, not sent.
    """

    __slots__ = (
        "_body",
        "_constitution",
        "_ended",
        "_exchange",
        "_ids",
        "_repeats",
        "_shape",
        "_unread",
        "after",
    )

    def __init__(
        self, body: Mapping[str, Any] | None = None, shape: Shape = "response", after: int = -1
    ) -> None:
        self._body = body or {}
        self._shape = shape
        self.after = after
        self._constitution = ""
        self._exchange: Exchange | None = None
        self._repeats = Repeats(texts_of(self._body))
        echoed = {name: value for name, value in self._body.items() if name in spoken.ECHOED}
        self._unread = frozenset(unread_of(echoed))
        self._ids: set[str] = set()
        self._ended = False

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The request with the constitution before its own instructions, all else kept."""
        self._constitution = constitution
        self._exchange = exchange
        if not self._body or not (constitution or exchange.withheld):
            return exchange.original
        body = left_out(exchange.body, exchange.withheld)
        own = self._body.get("instructions")
        if constitution:
            body["instructions"] = f"{constitution}\n\n{own}" if own else constitution
        return orjson.dumps(body)

    def closing(self) -> bytes:
        """What a stream lacks that ended without its last event: nothing here, such a stream was cut off."""
        return b""

    def body(self, raw: bytes) -> Delta:
        """A whole answer: a response, a list of input items, or the word that one was deleted.

        Raises:
            UpstreamError: `upstream_invalid`, it is none of these.
        """
        data = load(raw)
        if not is_faithful(raw, data):
            raw = orjson.dumps(data)
        if self._shape == "list":
            return self._list(raw, data)
        if self._shape == "deletion":
            return Delta(
                raw, "body", tuple(self._others(texts_of(data))), data=data, unread=self._unread_in(data)
            )
        if type(data.get("output")) is not list:
            raise UpstreamError.invalid()
        shown = self._shown(data)
        if shown.get("status") in RUNNING and shown["output"]:
            shown = {name: value for name, value in shown.items() if name != "output_text"} | {"output": []}
        finish = spoken.finish_of(data)
        pieces = tuple(self._read_response(shown))
        finishes = ((0, finish),) if finish else ()
        raw = raw if shown is data else orjson.dumps(shown)
        usage, unread = spoken.usage_of(data), self._unread_in(shown)
        return Delta(raw, "body", pieces, finishes, usage, shown, unread)

    def _list(self, raw: bytes, data: dict[str, Any]) -> Delta:
        if type(data.get("data")) is not list:
            raise UpstreamError.invalid()
        pieces = [piece for item in data["data"] for piece in self._units(spoken.item_units(item))]
        pieces.extend(self._others(texts_of({name: v for name, v in data.items() if name != "data"})))
        return Delta(raw, "body", tuple(pieces), data=data, unread=self._unread_in(data))

    def frame(self, raw: bytes) -> Delta:
        """One whole SSE frame.

        Raises:
            UpstreamError: `upstream_invalid`, its data is no event of a response, or `upstream_cut_off`, the
                end mark of another API came before the response was over.
        """
        payload = data_of(raw)
        if payload is None:
            return Delta(b":\n\n", "comment")
        if payload[:6] == b"[DONE]":
            if not self._ended:
                raise UpstreamError.cut_off()
            return Delta(b"", "comment")
        event = load(payload)
        kind = event.get("type")
        if type(kind) is not str or not kind:
            if "error" not in event:
                raise UpstreamError.invalid()
            kind = "error"
        shown = self._shown_event(event) if "type" in event else {"type": kind, **event}
        if shown is not event or not _is_framed(raw, kind, payload) or not is_faithful(payload, event):
            raw = event_frame(shown)
        if self._is_past(event):
            raw = b""
        return self._read_event(raw, kind, shown)

    def _is_past(self, event: Mapping[str, Any]) -> bool:
        number = event.get("sequence_number")
        return self.after >= 0 and type(number) is int and number <= self.after

    def _read_event(self, raw: bytes, kind: str, event: dict[str, Any]) -> Delta:
        field = _DELTAS.get(kind)
        events = (event,)
        text = event.get("delta")
        if kind == "response.audio.delta" and type(text) is str:
            event = {**{name: value for name, value in event.items() if name != "delta"}, "data": text}
        if type(text) is str and (field is not None or (kind not in _KNOWN_TYPES and kind.endswith("delta"))):
            read = tuple(self._read_delta(kind, field or "other", event))
            beside = {} if event.keys() <= _PLAIN_DELTA else {**event, "delta": ""}
            return Delta(raw, "chunk", read, data=events, unread=self._unread_in(beside))
        pieces = tuple(self._read_whole(kind, event))
        unread = self._unread_in(event)
        end = _ENDS.get(kind)
        if end is None:
            return Delta(raw, "chunk", pieces, data=events, unread=unread)
        self._ended = True
        response = event.get("response")
        if type(response) is not dict:
            return Delta(raw, "error", pieces, data=events, unread=unread)
        finish = spoken.finish_of(response) or "incomplete"
        return Delta(raw, end, pieces, ((0, finish),), spoken.usage_of(response), events, unread)

    def _unread_in(self, said: Mapping[str, Any]) -> tuple[tuple[int, str], ...]:
        """What no guard reads, but for the request's own parts in the fields that repeat it."""
        response = said.get("response")
        told = response if type(response) is dict else said
        echoed = [kind for name in spoken.ECHOED & told.keys() for kind in unread_of({name: told[name]})]
        rest = {name: value for name, value in told.items() if name not in spoken.ECHOED}
        beside = {name: value for name, value in said.items() if name != "response"}
        kinds = unread_of([rest, beside] if told is not said else rest)
        kinds += [kind for kind in echoed if kind not in self._unread]
        return tuple((0, kind) for kind in dict.fromkeys(kinds))

    def _read_delta(self, kind: str, field: PieceField, event: dict[str, Any]) -> Iterable[Piece]:
        item = event.get("item_id")
        key = (kind, item if type(item) is str else None, *_places(event))
        text = event["delta"]
        # What stands beside the text comes first: between two deltas it would cut them apart.
        yield from self._others(self._beside(kind, event, text))
        self._repeats.grow(field, key, text)
        yield Piece(0, field, text, "/".join(map(str, key)))

    def _beside(self, kind: str, event: Mapping[str, Any], text: str) -> list[str]:
        """Text of a delta's event beside the delta, where there can be any."""
        item, logprobs = event.get("item_id"), event.get("logprobs")
        padded = _is_padding(event.get("obfuscation"))
        if item is None or (type(item) is str and item in self._ids):
            if padded and kind in _DELTAS and event.keys() <= _PLAIN_DELTA:
                return spoken.logprob_texts(logprobs, text) if logprobs else []
        elif type(item) is str:
            self._ids.add(item)
        skipped = ("delta", "logprobs", "obfuscation") if padded else ("delta", "logprobs")
        rest = {name: value for name, value in event.items() if name not in skipped}
        return _rest_texts(kind, rest) + spoken.logprob_texts(logprobs, text)

    def _read_whole(self, kind: str, event: dict[str, Any]) -> Iterable[Piece]:
        """All text of an event that is no delta: what it repeats is known."""
        rest = dict(event)
        response = rest.pop("response", None)
        if type(response) is dict:
            yield from self._read_response(response)
        elif response is not None:
            yield from self._others(texts_of({"response": response}))
        if "item" in rest:
            yield from self._units(spoken.item_units(rest.pop("item")))
        if "part" in rest:
            yield from self._units(spoken.part_units(rest.pop("part")))
        text = rest.get("text")
        if "logprobs" in rest:
            logprobs = rest.pop("logprobs")
            yield from self._others(spoken.logprob_texts(logprobs, text if type(text) is str else ""))
        if _is_padding(rest.get("obfuscation")):
            rest.pop("obfuscation", None)
        field = _DELTAS.get(kind.removesuffix("done") + "delta", "other")
        yield from self._units([(field, _rest_texts(kind, rest))])

    def _read_response(self, response: Mapping[str, Any]) -> Iterable[Piece]:
        self._name_model(response.get("model"))
        output = response.get("output")
        for item in output if type(output) is list else [output]:
            if item is not None:
                yield from self._units(spoken.item_units(item))
        for name, texts in spoken.field_units(response):
            echoes = name in spoken.ECHOED
            yield from self._others(self._repeats.unechoed(texts) if echoes else texts)

    def _name_model(self, model: Any) -> None:
        """A request for a stored response names no model; its critic and its record need one."""
        exchange = self._exchange
        if exchange is not None and not exchange.model and type(model) is str and is_word(model):
            exchange.model = model

    def _units(self, units: Iterable[spoken.Unit]) -> Iterable[Piece]:
        for field, texts in units:
            if self._repeats.fresh(texts):
                seam = "\n" if self._repeats.spoke(field) else ""
                self._repeats.close(field)
                yield Piece(0, field, seam + "\n".join(texts))

    def _others(self, texts: list[str]) -> Iterable[Piece]:
        return self._units([("other", texts)])

    def _shown_event(self, event: dict[str, Any]) -> dict[str, Any]:
        response = event.get("response")
        if type(response) is not dict:
            return event
        shown = self._shown(response)
        return event if shown is response else {**event, "response": shown}

    def _shown(self, response: dict[str, Any]) -> dict[str, Any]:
        """The response with the client's own instructions, where the upstream repeats the constitution."""
        told = response.get("instructions")
        if not self._constitution or type(told) is not str or not told.startswith(self._constitution):
            return response
        own = told[len(self._constitution) :].removeprefix("\n\n")
        return {**response, "instructions": own or self._body.get("instructions")}


def _rest_texts(kind: str, rest: Mapping[str, Any]) -> list[str]:
    known = kind in _KNOWN_TYPES
    return texts_of({name: value for name, value in rest.items() if not (known and name == "type")})


def _places(event: Mapping[str, Any]) -> tuple[Any, ...]:
    """Where in its item a text stands. Anything but a number is no place (and may not be hashable)."""
    names = ("output_index", "content_index", "summary_index", "command_index")
    return tuple(value if type(value := event.get(name)) is int else None for name in names)


def _is_padding(value: Any) -> bool:
    """Random letters that hide the length of a delta."""
    return value is None or (type(value) is str and len(value) <= _LONGEST_PADDING and " " not in value)


def _is_framed(raw: bytes, kind: str, payload: bytes) -> bool:
    """Clients of this API read an event's type, so its name may be missing."""
    return raw == b"data: " + payload + b"\n\n" or is_framed(raw, kind, payload)
