"""Shapes of everything that Gatehouse says itself on the Responses API. Pure.

A blocked answer has one of three shapes, chosen by the policy's `block_style` and by what the client can
parse (measured with five clients; see `docs/explanation/blocked-replies.md`):

| shape | status | output | when |
|---|---|---|---|
| message | `incomplete`, reason `content_filter` | a message with the text | plain answers |
| refusal | `completed` | a message with a refusal part | the client parses the answer (JSON, forced tool) |
| error | HTTP 400, `content_policy_violation` | | only where a policy asks for it |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proxy.exchange.exchange import Exchange, Replacement, ReplyOrigin, Usage
from proxy.exchange.ports import Ruling
from proxy.surfaces.chat_completions.schema import Shape
from proxy.surfaces.chat_completions.schema import moderation as chat_moderation

RUNNING = frozenset({"queued", "in_progress"})
"""States of a response that has no answer yet."""

OWN_ID = "resp_gh-"
"""Ids of responses that Gatehouse wrote begin so: no upstream has stored them."""

_ECHOES: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "service_tier": "default",
    "store": False,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""Fields of a response that repeat the request, and what they are where it does not say."""

_KEPT_OF_REQUEST = ("prompt_cache_key", "safety_identifier", "top_logprobs", "user")


def response(identity: str, created: int, model: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """A response that has just begun. `created`: seconds since the epoch; `request`: the client's own."""
    echoed = {name: request.get(name) for name in _ECHOES}
    told = {name: _ECHOES[name] if value is None else value for name, value in echoed.items()}
    kept = {name: request[name] for name in _KEPT_OF_REQUEST if request.get(name) is not None}
    return {
        "id": identity,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        **told,
        **kept,
    }


def ended(
    begun: Mapping[str, Any],
    output: Sequence[Mapping[str, Any]],
    usage: Mapping[str, Any],
    reason: str = "",
) -> dict[str, Any]:
    """The response at its end: completed, or incomplete for a reason."""
    details = {"reason": reason} if reason else None
    status = "incomplete" if reason else "completed"
    return {
        **begun,
        "status": status,
        "incomplete_details": details,
        "output": list(output),
        "usage": usage,
    }


def text_part(text: str) -> dict[str, Any]:
    """Text as a content part."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def refusal_part(text: str) -> dict[str, Any]:
    """A refusal as a content part."""
    return {"type": "refusal", "refusal": text}


def message(identity: str, part: Mapping[str, Any], status: str = "completed") -> dict[str, Any]:
    """A message of the assistant's with one part."""
    return {"id": identity, "type": "message", "status": status, "role": "assistant", "content": [part]}


def replaced(replacement: Replacement, shape: Shape) -> tuple[dict[str, Any], str]:
    """Part and reason (`""`: completed) that stand in for an answer."""
    if replacement.origin is ReplyOrigin.REVISED:
        return text_part(replacement.text), ""
    if shape is Shape.REFUSAL:
        return refusal_part(replacement.text), ""
    return text_part(replacement.text), "content_filter"


def replaced_list(identity: str, replacement: Replacement) -> dict[str, Any]:
    """A page of input items with nothing left of what it replaces."""
    item = message(identity, text_part(replacement.text))
    ids = {"first_id": identity, "last_id": identity, "has_more": False}
    return {"object": "list", "data": [item], **ids}


def usage_body(usage: Usage | None, reasoning: int = 0) -> dict[str, Any]:
    """Usage in the wire's form; zeros where none was counted, because clients need the field."""
    known = usage or Usage()
    return {
        "input_tokens": known.prompt_tokens,
        "input_tokens_details": {"cached_tokens": known.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": known.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": known.prompt_tokens + known.completion_tokens,
    }


def moderation(exchange: Exchange, ruling: Ruling) -> dict[str, Any]:
    """The `moderation` field. Here each side is the one result itself, not a list of results."""
    sides = chat_moderation(exchange, ruling)
    return {name: side["results"][0] if "results" in side else side for name, side in sides.items()}


def error_event(message: str, code: str | None, number: int) -> dict[str, Any]:
    """An error after the first byte."""
    return {"type": "error", "code": code, "message": message, "param": None, "sequence_number": number}
