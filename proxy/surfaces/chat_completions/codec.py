"""Between chat-completion bytes and deltas. Pure; `frame` is on the hot path of every stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import orjson

from proxy.exchange.exchange import Delta, DeltaKind, Exchange, Piece, PieceField, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.extract import MEDIA
from proxy.surfaces.leaves import Found, is_machine_id
from proxy.surfaces.sse import data_of, has_only_data

_FIELDS: dict[str, PieceField] = {
    "content": "content",
    "reasoning": "reasoning",
    "reasoning_content": "reasoning",
    "thinking": "reasoning",
    "refusal": "refusal",
}
_BODY_KEYS = frozenset({"id", "object", "created", "model", "choices", "usage"})
_SINGLE_WORDS = frozenset({"system_fingerprint", "service_tier", "provider", "obfuscation"})
_PLAIN_KEYS = _BODY_KEYS | {"system_fingerprint"}
_CHOICE_KEYS = frozenset({"index", "delta", "message", "finish_reason"})
_PLAIN_CHOICE = _CHOICE_KEYS | {"logprobs"}
_TEXT_PARTS = frozenset({"text", "output_text"})
_LONGEST_TOKEN = 48
WITHHELD = "[This message was withheld.]"
"""What the model reads in place of a message that was blocked before."""
_SEALS = ("signature", "encrypted_content")
"""A provider's seal over its own reasoning: for the provider alone, it says nothing to anybody else."""


class Spoken(list[Piece]):
    """Pieces of an answer, and (choice, kind) of what in it holds no text."""

    __slots__ = ("unread",)

    def __init__(self) -> None:
        super().__init__()
        self.unread: list[tuple[int, str]] = []


class ChatCodec:
    """The translator of `/chat/completions` (see `ports.Codec`).

    `constitution_role`: the role under which the constitution goes upstream, always as the first message;
    newer models read `developer`, most servers `system`.
    """

    __slots__ = ("_role",)

    def __init__(self, constitution_role: Literal["system", "developer"] = "system") -> None:
        self._role = constitution_role

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
        if constitution:
            messages.insert(0, {"role": self._role, "content": constitution})
        return orjson.dumps({**exchange.body, "messages": messages})

    def body(self, raw: bytes) -> Delta:
        """A whole answer.

        Raises:
            UpstreamError: `upstream_invalid`, it is not a chat completion.
        """
        data = load(raw)
        choices = data.get("choices")
        if type(choices) is not list:
            raise invalid()
        usage = read_usage(data.get("usage"))
        if len(choices) == 1 and data.keys() <= _PLAIN_KEYS and is_word(data.get("system_fingerprint")):
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
    """A frame that is not a single data line. Lines that chat clients cannot read are taken out."""
    payload = data_of(raw)
    if payload is None:
        return Delta(raw if has_only_data(raw) else b":\n\n", "comment")
    clean = raw if has_only_data(raw) else b"data: " + payload.replace(b"\n", b"\ndata: ") + b"\n\n"
    return _read_data(clean, payload)


def _read_data(raw: bytes, payload: bytes) -> Delta:
    if payload[:6] == b"[DONE]":
        return Delta(raw, "done")
    data = load(payload)
    choices = data.get("choices")
    if type(choices) is not list:
        if "error" in data:
            return Delta(raw, "error", data=data)
        raise invalid()
    if len(choices) == 1 and data.keys() <= _PLAIN_KEYS:
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


def _plain_body(raw: bytes, data: dict[str, Any], choice: Any, usage: Usage | None) -> Delta | None:
    """The answer that most are: one choice with content, a finish reason, and nothing else to read."""
    message = choice.get("message") if type(choice) is dict else None
    if type(message) is not dict or choice.get("logprobs") is not None or not choice.keys() <= _PLAIN_CHOICE:
        return None
    index, content, finish = choice.get("index"), message.get("content"), choice.get("finish_reason")
    if type(content) is not str or type(finish) is not str or type(index) is not int:
        return None
    for name, value in message.items():
        if value and name != "content" and (name != "role" or value != "assistant"):
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
    bare = choice.keys() <= _CHOICE_KEYS or (len(choice) == 4 and choice.get("logprobs", 0) is None)
    if type(content) is not str or not bare or not is_word(data.get("system_fingerprint", "")):
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
        raise invalid() from None
    if type(data) is not dict:
        raise invalid()
    return data


def invalid() -> UpstreamError:
    """The answer is not one of the surface."""
    return UpstreamError("upstream_invalid", 502)


def _read_choice(
    choice: Any, position: int, part: str, pieces: Spoken, finishes: list[tuple[int, str]]
) -> None:
    """All text of one choice: its message (or delta), log-probabilities and whatever else it brings."""
    if type(choice) is not dict:
        raise invalid()
    index = choice.get("index", position)
    message = choice.get(part)
    if type(index) is not int or type(message) not in (dict, type(None)):
        raise invalid()
    content = ""
    for name, value in (message or {}).items():
        if name == "content" and type(value) is str:
            content = value
        if value is not None and value != "":
            _read_field(index, name, value, pieces)
    for name, value in choice.items():
        if name not in _CHOICE_KEYS and value is not None:
            _read_extra(index, name, value, content, pieces)
    finish = choice.get("finish_reason")
    if type(finish) is str:
        finishes.append((index, finish))


def _read_field(index: int, name: str, value: Any, pieces: Spoken) -> None:
    """One field of a message or delta."""
    field = _FIELDS.get(name)
    if field is not None and type(value) is str:
        pieces.append(Piece(index, field, value))
    elif name == "content" and type(value) is list:
        _read_parts(index, value, pieces)
    elif name == "tool_calls" and type(value) is list:
        for call in value:
            _read_call(index, call, pieces)
    elif name == "function_call":
        _read_call(index, {"function": value}, pieces)
    elif name == "audio" and type(value) is dict:
        _read_audio(index, value, pieces)
    elif name != "role" or value != "assistant":
        read_unknown(index, name, value, pieces)


def _read_parts(index: int, parts: list[Any], pieces: Spoken) -> None:
    """Content as a list of parts, as some servers give it."""
    for part in parts:
        text = part.get("text") if type(part) is dict and part.get("type") in _TEXT_PARTS else None
        if type(text) is str:
            pieces.append(Piece(index, "content", text))
        else:
            read_unknown(index, "content", part, pieces)


def _read_call(index: int, call: Any, pieces: Spoken) -> None:
    """A tool call or a fragment of one. The name opens a line, so that calls do not run together."""
    if type(call) is not dict:
        read_unknown(index, "tool_calls", call, pieces)
        return
    for name, value in call.items():
        if name in ("function", "custom") and type(value) is dict:
            _read_called(index, value, pieces)
        elif value is not None:
            read_unknown(index, name, value, pieces)


def _read_called(index: int, called: dict[str, Any], pieces: Spoken) -> None:
    for name, value in called.items():
        if type(value) is str and value:
            text = f"\n{value} " if name == "name" else value
            pieces.append(Piece(index, "tool_call", text))
        elif value is not None and value != "":
            read_unknown(index, name, value, pieces)


def _read_audio(index: int, audio: dict[str, Any], pieces: Spoken) -> None:
    for name, value in audio.items():
        if name == "transcript" and type(value) is str:
            pieces.append(Piece(index, "audio_transcript", value))
        elif name != "data":
            read_unknown(index, name, value, pieces)
        elif value:
            pieces.unread.append((index, "audio"))


def _read_extra(index: int, name: str, value: Any, content: str, pieces: Spoken) -> None:
    """What stands beside the message in a choice."""
    if name == "logprobs":
        text = read_logprobs(value, content)
        if text:
            pieces.append(Piece(index, "other", text))
    else:
        read_unknown(index, name, value, pieces)


def read_logprobs(logprobs: Any, content: str) -> str:
    """Text that only the log-probabilities hold.

    They repeat the answer token by token, which needs no second look; tokens that are not in the answer, or
    too long to be tokens, do.
    """
    texts: list[str] = []
    for side in logprobs.values() if type(logprobs) is dict else ():
        entries = [entry for entry in side if type(entry) is dict] if type(side) is list else []
        spoken = "".join([str(entry.get("token", "")) for entry in entries])
        if spoken not in content:
            texts.append(spoken)
        for entry in entries:
            texts.extend(_long_alternatives(entry.get("top_logprobs")))
    return "\n".join(texts)


def _long_alternatives(alternatives: Any) -> list[str]:
    if type(alternatives) is not list:
        return []
    tokens = [entry.get("token") for entry in alternatives if type(entry) is dict]
    return [token for token in tokens if type(token) is str and len(token) > _LONGEST_TOKEN]


def read_beside(data: Mapping[str, Any], pieces: Spoken) -> None:
    """Unknown fields beside the choices belong to the first choice."""
    for name, value in data.items():
        quiet = name in _BODY_KEYS or (name in _SINGLE_WORDS and is_word(value))
        if not quiet and value is not None:
            read_unknown(0, name, value, pieces)


def is_word(value: Any) -> bool:
    """A label as servers put beside an answer: null, or one short word without blanks."""
    return value is None or (type(value) is str and len(value) <= _LONGEST_TOKEN and " " not in value)


def read_unknown(index: int, name: str, value: Any, pieces: Spoken) -> None:
    """All text of a field that the surface does not know."""
    for part in value if type(value) is list else (value,):
        kind = part.get("type") if type(part) is dict else None
        if type(kind) is str and kind in MEDIA:
            pieces.unread.append((index, MEDIA[kind]))
    found = Found()
    found.walk(value, name, name)
    if found.texts:
        pieces.append(Piece(index, "other", "\n".join(found.texts) + "\n"))
    pieces.unread.extend((index, part.kind) for part in found.uncovered if not part.path.endswith(_SEALS))


def read_usage(usage: Any) -> Usage | None:
    """Tokens as the upstream counted them."""
    if type(usage) is not dict:
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if type(details) is dict else usage.get("prompt_cache_hit_tokens")
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")), _count(cached))


def _count(value: Any) -> int:
    return value if type(value) is int else 0
