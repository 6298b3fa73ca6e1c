"""Between bytes of text completions and deltas. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.exchange.exchange import Delta, DeltaKind, Exchange, Piece
from proxy.surfaces.chat_completions.codec import (
    ChatCodec,
    Spoken,
    invalid,
    load,
    read_beside,
    read_unknown,
    read_usage,
)
from proxy.surfaces.sse import data_frame, data_of, has_only_data

_CHOICE_KEYS = frozenset({"index", "text", "finish_reason", "logprobs"})
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
        return _read(raw, load(raw), "body")

    def frame(self, raw: bytes) -> Delta:
        """One whole SSE frame.

        Raises:
            UpstreamError: `upstream_invalid`, its data is no completion.
        """
        payload = data_of(raw)
        if payload is None:
            return Delta(raw if has_only_data(raw) else b":\n\n", "comment")
        clean = raw if has_only_data(raw) else b"data: " + payload.replace(b"\n", b"\ndata: ") + b"\n\n"
        if payload[:6] == b"[DONE]":
            return Delta(clean, "done")
        data = load(payload)
        if type(data.get("choices")) is not list and "error" in data:
            return Delta(clean, "error", data=data)
        usage_only = data.get("usage") is not None and not data.get("choices")
        return _read(clean, data, "usage" if usage_only else "chunk")


class TranslatedCodec(CompletionsCodec):
    """For upstreams that speak chat completions only: one prompt is one user message."""

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The chat request."""
        messages = [{"role": "user", "content": exchange.body["prompt"]}]
        if constitution:
            messages.insert(0, {"role": "system", "content": constitution})
        carried = {name: value for name, value in exchange.body.items() if name in CARRIED}
        return orjson.dumps({**carried, "messages": messages})

    def body(self, raw: bytes) -> Delta:
        """A whole chat answer as a completion."""
        return self._rewritten(ChatCodec().body(raw))

    def frame(self, raw: bytes) -> Delta:
        """One frame of a chat stream as one of a completion's."""
        return self._rewritten(ChatCodec().frame(raw))

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
    text = message.get("content") or message.get("refusal")
    return {
        "index": choice.get("index", 0),
        "text": text if type(text) is str else "",
        "logprobs": None,
        "finish_reason": choice.get("finish_reason"),
    }


def _read(raw: bytes, data: dict[str, Any], kind: DeltaKind) -> Delta:
    choices = data.get("choices")
    if type(choices) is not list:
        raise invalid()
    pieces = Spoken()
    finishes: list[tuple[int, str]] = []
    for position, choice in enumerate(choices):
        _read_choice(choice, position, pieces, finishes)
    read_beside(data, pieces)
    usage, unread = read_usage(data.get("usage")), tuple(pieces.unread)
    return Delta(raw, kind, tuple(pieces), tuple(finishes), usage, data, unread)


def _read_choice(choice: Any, position: int, pieces: Spoken, finishes: list[tuple[int, str]]) -> None:
    if type(choice) is not dict or type(index := choice.get("index", position)) is not int:
        raise invalid()
    text = choice.get("text")
    if type(text) is str and text:
        pieces.append(Piece(index, "content", text))
    elif text:
        read_unknown(index, "text", text, pieces)
    for name, value in choice.items():
        if name not in _CHOICE_KEYS and value is not None:
            read_unknown(index, name, value, pieces)
    beside = _logprob_texts(choice.get("logprobs"), text if type(text) is str else "")
    if beside:
        pieces.append(Piece(index, "other", "\n".join(beside)))
    finish = choice.get("finish_reason")
    if type(finish) is str:
        finishes.append((index, finish))


def _logprob_texts(logprobs: Any, text: str) -> list[str]:
    """Text that only the log-probabilities hold: tokens that are not in the text, or too long to be any."""
    if type(logprobs) is not dict:
        return [logprobs] if type(logprobs) is str else []
    found: list[str] = []
    for name, value in logprobs.items():
        if name == "tokens" and type(value) is list:
            spoken = "".join(token for token in value if type(token) is str)
            found += [spoken] if spoken not in text else []
        elif name == "top_logprobs" and type(value) is list:
            keys = [key for entry in value if type(entry) is dict for key in entry]
            found += [key for key in keys if len(key) > _LONGEST_TOKEN]
        elif name not in ("token_logprobs", "text_offset"):
            pieces = Spoken()
            read_unknown(0, name, value, pieces)
            found += [piece.text for piece in pieces]
    return found
