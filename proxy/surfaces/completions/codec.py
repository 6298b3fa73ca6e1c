"""Between bytes of text completions and deltas. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.exchange.exchange import Delta, DeltaKind, Exchange, Piece
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions import told
from proxy.surfaces.chat_completions.codec import ChatCodec, Role, is_faithful, load
from proxy.surfaces.chat_completions.spoken import (
    Spoken,
    is_word,
    read_beside,
    read_error,
    read_name,
    read_unknown,
    read_usage,
)
from proxy.surfaces.sse import DONE, data_frame, data_of, has_only_data

_LONGEST_TOKEN = 48
_CARRIED_WORDS = """
    model stream stream_options max_tokens temperature top_p stop n seed presence_penalty frequency_penalty
    logit_bias user moderation
"""
CARRIED = frozenset(_CARRIED_WORDS.split())
"""Fields that mean the same in chat completions."""


class CompletionsCodec:
    """The translator of `/completions` (see `ports.Codec`)."""

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The request with the constitution before every prompt that is text, all else kept."""
        prompt = exchange.body.get("prompt")
        if not constitution or exchange.body.get("echo"):
            return exchange.original
        if type(prompt) is str:
            return orjson.dumps({**exchange.body, "prompt": f"{constitution}\n\n{prompt}"})
        if type(prompt) is list and all(type(text) is str for text in prompt):
            led = [f"{constitution}\n\n{text}" for text in prompt]
            return orjson.dumps({**exchange.body, "prompt": led})
        return exchange.original

    def body(self, raw: bytes) -> Delta:
        """A whole answer.

        Raises:
            UpstreamError: `upstream_invalid`, it is no completion.
        """
        data = load(raw)
        return _read(raw if is_faithful(raw, data) else orjson.dumps(data), data, "body")

    def frame(self, raw: bytes) -> Delta:
        """One whole SSE frame.

        Raises:
            UpstreamError: `upstream_invalid`, its data is no completion.
        """
        payload = data_of(raw)
        if payload is None:
            return Delta(b":\n\n", "comment")
        clean = raw if has_only_data(raw) else b"data: " + payload.replace(b"\n", b"\ndata: ") + b"\n\n"
        if payload[:6] == b"[DONE]":
            return Delta(clean if payload.strip() == b"[DONE]" else DONE, "done")
        data = load(payload)
        if not is_faithful(payload, data):
            clean = data_frame(data)
        if type(data.get("choices")) is not list and "error" in data:
            pieces = Spoken()
            read_error(data, pieces)
            return Delta(clean, "error", tuple(pieces), data=data)
        usage_only = data.get("usage") is not None and not data.get("choices")
        return _read(clean, data, "usage" if usage_only else "chunk")


class TranslatedCodec(CompletionsCodec):
    """For upstreams that speak chat completions only: one prompt is one user message.

    `role`: the constitution's.
    """

    def __init__(self, role: Role = "system") -> None:
        self._chat = ChatCodec(role)

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The chat request."""
        messages = [{"role": "user", "content": exchange.body["prompt"]}]
        carried = {name: value for name, value in exchange.body.items() if name in CARRIED}
        return self._chat.led({**carried, "messages": messages}, constitution)

    def body(self, raw: bytes) -> Delta:
        """A whole chat answer as a completion."""
        return self._rewritten(self._chat.body(raw))

    def frame(self, raw: bytes) -> Delta:
        """One frame of a chat stream as one of a completion's."""
        return self._rewritten(self._chat.frame(raw))

    @staticmethod
    def _rewritten(delta: Delta) -> Delta:
        if delta.kind not in ("body", "chunk", "usage"):
            return delta
        kept = {name: delta.data[name] for name in ("id", "created", "model") if name in delta.data}
        choices = [_as_text(choice) for choice in delta.data["choices"]]
        data = {**kept, "object": "text_completion", "choices": choices}
        if "usage" in delta.data:
            data["usage"] = delta.data["usage"]
        raw = orjson.dumps(data) if delta.kind == "body" else data_frame(data)
        return _read(raw, data, delta.kind)


def _as_text(choice: Mapping[str, Any]) -> dict[str, Any]:
    message = choice.get("message") or choice.get("delta") or {}
    text = told.content(message) or message.get("refusal")
    return {
        "index": choice.get("index", 0),
        "text": text if type(text) is str else "",
        "logprobs": None,
        "finish_reason": choice.get("finish_reason"),
    }


def _read(raw: bytes, data: dict[str, Any], kind: DeltaKind) -> Delta:
    choices = data.get("choices")
    if type(choices) is not list:
        raise UpstreamError.invalid()
    pieces = Spoken()
    finishes: list[tuple[int, str]] = []
    for position, choice in enumerate(choices):
        _read_choice(choice, position, pieces, finishes)
    read_beside(data, pieces)
    usage, unread = read_usage(data.get("usage")), tuple(pieces.unread)
    return Delta(raw, kind, tuple(pieces), tuple(finishes), usage, data, unread)


def _read_choice(choice: Any, position: int, pieces: Spoken, finishes: list[tuple[int, str]]) -> None:
    if type(choice) is not dict or type(index := choice.get("index", position)) is not int:
        raise UpstreamError.invalid()
    text = choice.get("text")
    for name, value in choice.items():
        if name == "text" and type(text) is str:
            pieces.append(Piece(index, "content", text))
        elif name == "logprobs":
            _read_logprobs(index, value, text if type(text) is str else "", pieces)
        elif name != "index" and not (name == "finish_reason" and is_word(value)):
            read_unknown(index, name, value, pieces)
    finish = choice.get("finish_reason")
    if type(finish) is str:
        finishes.append((index, finish))


def _read_logprobs(index: int, logprobs: Any, text: str, pieces: Spoken) -> None:
    """Text that only the log-probabilities hold: tokens that are not in the text, or are no tokens."""
    if type(logprobs) is not dict:
        read_unknown(index, "logprobs", logprobs, pieces)
        return
    for name, value in logprobs.items():
        read_name(index, name, pieces)
        if name == "tokens" and type(value) is list:
            spoken = "".join(token for token in value if type(token) is str)
            if spoken not in text:
                pieces.append(Piece(index, "other", spoken, "tokens"))
            read_unknown(index, name, [token for token in value if type(token) is not str], pieces)
        elif name == "top_logprobs" and type(value) is list:
            _read_alternatives(index, value, pieces)
        else:
            read_unknown(index, name, value, pieces, "logprobs")


def _read_alternatives(index: int, entries: list[Any], pieces: Spoken) -> None:
    for entry in entries:
        if type(entry) is not dict:
            read_unknown(index, "top_logprobs", entry, pieces)
            continue
        for token, value in entry.items():
            if len(token) > _LONGEST_TOKEN or " " in token.strip():
                pieces.append(Piece(index, "other", f"{token}\n", "alternatives"))
            read_unknown(index, "logprob", value, pieces, "alternatives")
