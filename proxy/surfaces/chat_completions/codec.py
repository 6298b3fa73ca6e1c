"""Between chat-completion bytes and deltas. Pure; `frame` is on the hot path of every stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import orjson

from proxy.exchange.exchange import Delta, DeltaKind, Exchange, Piece, PieceField, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions.spoken import (
    TEXT_PARTS,
    Spoken,
    is_counted,
    is_word,
    place_of,
    read_beside,
    read_error,
    read_logprobs,
    read_name,
    read_unknown,
    read_usage,
)
from proxy.surfaces.leaves import is_encoded, is_machine_id
from proxy.surfaces.reading import structural_quotes
from proxy.surfaces.sse import DONE, data_frame, data_of, has_only_data

_FIELDS: dict[str, PieceField] = {
    "content": "content",
    "reasoning": "reasoning",
    "reasoning_content": "reasoning",
    "thinking": "reasoning",
    "refusal": "refusal",
}
_PLAIN_KEYS = frozenset({"id", "object", "created", "model", "choices", "usage", "system_fingerprint"})
_PLAIN_LABELS = ("id", "object", "model", "system_fingerprint")
_PLAIN_CHOICE = frozenset({"index", "message", "finish_reason", "logprobs"})
_PLAIN_CHUNK = frozenset({"index", "delta", "finish_reason", "logprobs"})
WITHHELD = "[This message was withheld.]"
"""What the model reads in place of a message that was blocked before."""


Role = Literal["system", "developer"]
"""The constitution's role; newer models read `developer`, most servers `system`."""


class ChatCodec:
    """The translator of `/chat/completions` (see `ports.Codec`).

    `constitution_role`: the role under which the constitution goes upstream, always as the first message;
    newer models read `developer`, most servers `system`.
    """

    __slots__ = ("role",)

    def __init__(self, constitution_role: Role = "system") -> None:
        self.role: Role = constitution_role

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The request with the constitution before the client's own messages, all else kept.

        Of messages that are withheld nothing goes on but the role and what ties them to a call.
        """
        if not constitution and not exchange.withheld:
            return exchange.original
        messages = [
            _withheld(message) if place in exchange.withheld else message
            for place, message in enumerate(exchange.body["messages"])
        ]
        return self.led({**exchange.body, "messages": messages}, constitution)

    def led(self, request: Mapping[str, Any], constitution: str) -> bytes:
        """A chat request with the constitution before its messages."""
        if not constitution:
            return orjson.dumps(request)
        first = {"role": self.role, "content": constitution}
        return orjson.dumps({**request, "messages": [first, *request["messages"]]})

    def body(self, raw: bytes) -> Delta:
        """A whole answer.

        Raises:
            UpstreamError: `upstream_invalid`, it is not a chat completion.
        """
        data = load(raw)
        choices = data.get("choices")
        if type(choices) is not list:
            raise UpstreamError.invalid()
        if not is_faithful(raw, data):
            raw = orjson.dumps(data)
        usage = read_usage(data.get("usage"))
        if len(choices) == 1 and _has_plain_head(data) and is_counted(data.get("usage")):
            quick = _plain_body(raw, data, choices[0], usage)
            if quick is not None:
                return quick
        pieces = Spoken()
        finishes: list[tuple[int, str]] = []
        for position, choice in enumerate(choices):
            _read_choice(choice, position, "message", pieces, finishes)
        read_beside(data, pieces)
        return Delta(raw, "body", tuple(pieces), tuple(finishes), usage, data, tuple(pieces.unread))

    def frame(self, raw: bytes) -> Delta:
        """One whole SSE frame.

        Raises:
            UpstreamError: `upstream_invalid`, its data is no chunk of a chat completion.
        """
        if raw[:6] != b"data: " or raw.find(b"\n", 0, -2) != -1:
            return _odd_frame(raw)
        return _read_data(raw, raw[6:])


def _withheld(message: Mapping[str, Any]) -> dict[str, Any]:
    """A placeholder. An identifier stays only where a machine made it: others could say anything."""
    if message.get("role") != "tool":
        return {"role": "user", "content": WITHHELD}
    call = message.get("tool_call_id")
    tied = type(call) is str and is_machine_id(call)
    return {"role": "tool", "content": WITHHELD, "tool_call_id": call if tied else "call_0"}


def _odd_frame(raw: bytes) -> Delta:
    """A frame that is not a single data line. Comments and what chat clients cannot read are taken out."""
    payload = data_of(raw)
    if payload is None:
        return Delta(b":\n\n", "comment")
    clean = raw if has_only_data(raw) else b"data: " + payload.replace(b"\n", b"\ndata: ") + b"\n\n"
    return _read_data(clean, payload)


def _read_data(raw: bytes, payload: bytes) -> Delta:
    if payload[:6] == b"[DONE]":
        return Delta(raw if payload.strip() == b"[DONE]" else DONE, "done")
    data = load(payload)
    if not is_faithful(payload, data):
        raw = data_frame(data)
    choices = data.get("choices")
    if type(choices) is not list:
        return _read_error(raw, data)
    if len(choices) == 1 and _has_plain_head(data):
        quick = _plain_chunk(raw, data, choices[0])
        if quick is not None:
            return quick
    pieces = Spoken()
    finishes: list[tuple[int, str]] = []
    for position, choice in enumerate(choices):
        _read_choice(choice, position, "delta", pieces, finishes)
    read_beside(data, pieces)
    usage = read_usage(data.get("usage"))
    kind: DeltaKind = "usage" if usage is not None and not choices else "chunk"
    return Delta(raw, kind, tuple(pieces), tuple(finishes), usage, data, tuple(pieces.unread))


def _read_error(raw: bytes, data: dict[str, Any]) -> Delta:
    if "error" not in data:
        raise UpstreamError.invalid()
    pieces = Spoken()
    read_error(data, pieces)
    return Delta(raw, "error", tuple(pieces), data=data)


def is_faithful(raw: bytes, data: dict[str, Any]) -> bool:
    """Whether every key of an answer was read. Of two keys of one name only the last one is in `data`."""
    compact = orjson.dumps(data)
    return raw.startswith(compact) or structural_quotes(raw) == structural_quotes(compact)


def _has_plain_head(data: dict[str, Any]) -> bool:
    """Nothing to read beside the choices, usage left aside."""
    if not data.keys() <= _PLAIN_KEYS or type(data.get("created", 0)) is not int:
        return False
    return all(map(is_word, map(data.get, _PLAIN_LABELS)))


def _plain_body(raw: bytes, data: dict[str, Any], choice: Any, usage: Usage | None) -> Delta | None:
    """The answer that most are: one choice with content, a finish reason, and nothing else to read."""
    message = choice.get("message") if type(choice) is dict else None
    if type(message) is not dict or choice.get("logprobs") is not None or not choice.keys() <= _PLAIN_CHOICE:
        return None
    index, content, finish = choice.get("index"), message.get("content"), choice.get("finish_reason")
    if type(content) is not str or type(finish) is not str or type(index) is not int:
        return None
    for name, value in message.items():
        plain = name == "content" or (name == "role" and value == "assistant")
        if not plain and (value or not is_word(name)):
            return None
    if not is_word(finish):
        return None
    return Delta(raw, "body", (Piece(index, "content", content),), ((index, finish),), usage, data)


def _plain_chunk(raw: bytes, data: dict[str, Any], choice: Any) -> Delta | None:
    """The chunk that makes up nearly all of a stream: one choice, some content, nothing else."""
    if type(choice) is not dict or choice.get("finish_reason") is not None or data.get("usage") is not None:
        return None
    index, delta = choice.get("index"), choice.get("delta")
    if type(delta) is not dict or type(index) is not int or len(delta) != 1:
        return None
    content = delta.get("content")
    if type(content) is not str or choice.get("logprobs") is not None or not choice.keys() <= _PLAIN_CHUNK:
        return None
    return Delta(raw, "chunk", (Piece(index, "content", content),), (), None, data)


def load(raw: bytes) -> dict[str, Any]:
    """The object that an answer is.

    Raises:
        UpstreamError: `upstream_invalid`.
    """
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise UpstreamError.invalid() from None
    if type(data) is not dict:
        raise UpstreamError.invalid()
    return data


def _read_choice(
    choice: Any, position: int, part: str, pieces: Spoken, finishes: list[tuple[int, str]]
) -> None:
    """All text of one choice: its message (or delta), log-probabilities and whatever else it brings."""
    if type(choice) is not dict:
        raise UpstreamError.invalid()
    index = choice.get("index", position)
    message = choice.get(part)
    if type(index) is not int or type(message) not in (dict, type(None)):
        raise UpstreamError.invalid()
    content = ""
    for name, value in (message or {}).items():
        if name == "content" and type(value) is str:
            content = value
        _read_field(index, name, value, pieces)
    for name, value in choice.items():
        if name == "logprobs":
            read_logprobs(index, value, content, pieces)
        elif name not in ("index", part) and not (name == "finish_reason" and is_word(value)):
            read_unknown(index, name, value, pieces)
    finish = choice.get("finish_reason")
    if type(finish) is str:
        finishes.append((index, finish))


def _read_field(index: int, name: str, value: Any, pieces: Spoken) -> None:
    """One field of a message or delta."""
    field = _FIELDS.get(name)
    if value is None or value == "":
        read_name(index, name, pieces)
    elif field is not None and type(value) is str:
        pieces.append(Piece(index, field, value, name if field == "reasoning" else ""))
    elif name == "content" and type(value) is list:
        _read_parts(index, value, pieces)
    elif name == "tool_calls" and type(value) is list:
        for position, call in enumerate(value):
            _read_call(index, call, f"call {place_of(call, position)}", pieces)
    elif name == "function_call":
        _read_call(index, {"function": value}, name, pieces)
    elif name == "audio" and type(value) is dict:
        _read_audio(index, value, pieces)
    elif name != "role" or value != "assistant":
        read_unknown(index, name, value, pieces)


def _read_parts(index: int, parts: list[Any], pieces: Spoken) -> None:
    """Content as a list of parts, as some servers give it."""
    for part in parts:
        text = part.get("text") if type(part) is dict and part.get("type") in TEXT_PARTS else None
        if type(text) is str:
            pieces.append(Piece(index, "content", text))
            part = {name: value for name, value in part.items() if name != "text"}  # noqa: PLW2901
        read_unknown(index, "content", part, pieces)


def _read_call(index: int, call: Any, lane: str, pieces: Spoken) -> None:
    """A tool call or a fragment of one. Each call is a lane, so that calls do not run together."""
    if type(call) is not dict:
        read_unknown(index, "tool_calls", call, pieces)
        return
    for name, value in call.items():
        if name in ("function", "custom") and type(value) is dict:
            _read_called(index, value, lane, pieces)
        else:
            read_unknown(index, name, value, pieces, lane)


def _read_called(index: int, called: dict[str, Any], lane: str, pieces: Spoken) -> None:
    for name, value in called.items():
        if type(value) is str:
            read_name(index, name, pieces)
            pieces.append(Piece(index, "tool_call", value, f"{lane}.{name}"))
        else:
            read_unknown(index, name, value, pieces, lane)


def _read_audio(index: int, audio: dict[str, Any], pieces: Spoken) -> None:
    for name, value in audio.items():
        if name == "transcript" and type(value) is str:
            pieces.append(Piece(index, "audio_transcript", value, "audio"))
            continue
        if name == "data" and value:
            pieces.unread.append((index, "audio"))
        if name != "data" or type(value) is not str or not is_encoded(value):
            read_unknown(index, name, value, pieces, "audio")
