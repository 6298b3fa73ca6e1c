"""OpenAI's chat answers as JSON, for the adapters that must make them themselves. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What every chunk of one answer repeats. `created`: Unix seconds."""

    id: str
    model: str
    created: int


def completion(
    head: AnswerHead, choices: Sequence[Mapping[str, Any]], usage: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A `chat.completion` object from its choices."""
    return {
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "choices": list(choices),
        "usage": usage,
    }


def choice(index: int, message: Mapping[str, Any], finish: str) -> dict[str, Any]:
    """One choice of a `chat.completion`; `refusal` and `logprobs` are required keys, null or not."""
    whole = {"role": "assistant", "content": None, "refusal": None, **message}
    return {"index": index, "message": whole, "logprobs": None, "finish_reason": finish}


def chunk(
    head: AnswerHead,
    index: int,
    delta: Mapping[str, Any],
    finish: str | None = None,
) -> dict[str, Any]:
    """A `chat.completion.chunk` with one choice."""
    one = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _chunk(head, [one])


def usage_chunk(head: AnswerHead, usage: Mapping[str, Any]) -> dict[str, Any]:
    """The chunk before the end mark for clients that asked for usage: no choices."""
    return {**_chunk(head, []), "usage": usage}


def usage(prompt: int, answer: int) -> dict[str, int]:
    """A `usage` object, in tokens."""
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def event(payload: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def wants_usage(body: Mapping[str, Any]) -> bool:
    """True when a request asks for usage on its stream."""
    options = body.get("stream_options")
    return isinstance(options, Mapping) and options.get("include_usage") is True


def _chunk(head: AnswerHead, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "choices": choices,
    }
