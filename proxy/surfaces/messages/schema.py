"""Shapes of everything that Gatehouse says itself on the Messages API. Pure.

A blocked answer has one of three shapes, chosen by the policy's `block_style` and by what the client can
parse:

| shape | `stop_reason` | content | when |
|---|---|---|---|
| message | `refusal` | the text | plain answers |
| refusal | `refusal` | empty, the text as `stop_details.explanation` | JSON output, a forced tool |
| error | HTTP 400, `invalid_request_error` | | only where a policy asks for it |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from proxy.errors import GatehouseError
from proxy.exchange.exchange import Replacement, ReplyOrigin, Usage
from proxy.surfaces.chat_completions.schema import Shape
from proxy.surfaces.named_events import event_frame

PING = event_frame({"type": "ping"})
"""What is sent while an answer is held."""

Event = dict[str, Any]

_KINDS: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def kind_of(status: int) -> str:
    """Anthropic's type of an error with that status."""
    return _KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")


def error(fault: GatehouseError, decision: str) -> Event:
    """An error in Anthropic's shape. Our own code and the field at fault stand beside its two keys."""
    told = {"type": kind_of(fault.status), "message": fault.message, "param": fault.param, "code": fault.code}
    return {"type": "error", "error": told, "request_id": decision}


def error_body(fault: GatehouseError, decision: str) -> bytes:
    """The same as bytes."""
    return orjson.dumps(error(fault, decision))


def reshaped(status: int, raw: bytes, decision: str) -> bytes:
    """An upstream's error as it came where it has Anthropic's shape, else its words in that shape."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    given = body.get("error") if type(body) is dict else None
    inner = given if type(given) is dict else {}
    if type(body) is dict and body.get("type") == "error" and type(inner.get("type")) is str:
        return raw
    message, code = inner.get("message", given), inner.get("code")
    told = {
        "type": kind_of(status),
        "message": message if type(message) is str else "The model server answered with an error.",
        "code": code if type(code) is str else None,
    }
    return orjson.dumps({"type": "error", "error": told, "request_id": decision})


def message(identity: str, model: str, usage: Mapping[str, Any]) -> Event:
    """A message that has just begun."""
    return {
        "id": identity,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def text_block(text: str) -> Event:
    """Text as a content block."""
    return {"type": "text", "text": text}


def refusal(explanation: str | None = None) -> Event:
    """Why a refused answer stopped."""
    return {"type": "refusal", "category": None, "explanation": explanation}


def replaced(replacement: Replacement, shape: Shape) -> Event:
    """The fields of a message that stand in for an answer."""
    block = text_block(replacement.text)
    if replacement.origin is ReplyOrigin.REVISED:
        return {"content": [block], "stop_reason": "end_turn"}
    if shape is Shape.REFUSAL:
        told = refusal(replacement.text)
        return {"content": [], "stop_reason": "refusal", "stop_details": told}
    return {"content": [block], "stop_reason": "refusal", "stop_details": refusal()}


def usage_body(usage: Usage | None) -> Event:
    """Usage in the wire's form; zeros where no model was called."""
    known = usage or Usage()
    body = {
        "input_tokens": max(0, known.prompt_tokens - known.cached_tokens),
        "output_tokens": known.completion_tokens,
    }
    return body | ({"cache_read_input_tokens": known.cached_tokens} if known.cached_tokens else {})


def start(begun: Mapping[str, Any]) -> Event:
    """The first event of a stream."""
    return {"type": "message_start", "message": begun}


def block_start(index: int, block: Mapping[str, Any]) -> Event:
    """A block begins."""
    return {"type": "content_block_start", "index": index, "content_block": block}


def block_delta(index: int, delta: Mapping[str, Any]) -> Event:
    """A block goes on."""
    return {"type": "content_block_delta", "index": index, "delta": delta}


def block_stop(index: int) -> Event:
    """A block ends."""
    return {"type": "content_block_stop", "index": index}


def text_delta(text: str) -> Event:
    """More text."""
    return {"type": "text_delta", "text": text}


def text_events(index: int, text: str) -> list[Event]:
    """A whole block of text."""
    opened = block_start(index, text_block(""))
    return [opened, block_delta(index, text_delta(text)), block_stop(index)]


def ending(fields: Mapping[str, Any], usage: Mapping[str, Any]) -> tuple[Event, Event]:
    """The last two events. `fields`: `stop_reason` and what goes with it; `usage`: as it is by now."""
    delta = {"stop_reason": fields.get("stop_reason"), "stop_sequence": fields.get("stop_sequence")}
    if fields.get("stop_details") is not None:
        delta["stop_details"] = fields["stop_details"]
    return {"type": "message_delta", "delta": delta, "usage": dict(usage)}, {"type": "message_stop"}


def told(whole: Mapping[str, Any]) -> Iterator[Event]:
    """The events of a short stream that says a whole message of text."""
    running: Event = {"content": [], "stop_reason": None, "stop_sequence": None}
    begun = {name: value for name, value in whole.items() if name != "stop_details"}
    counted = {**(whole.get("usage") or {}), "output_tokens": 0}
    yield start({**begun, **running, "usage": counted})
    for index, block in enumerate(whole.get("content") or ()):
        yield from text_events(index, block["text"])
    yield from ending(whole, whole.get("usage") or {})


def frames(events: Iterable[Mapping[str, Any]]) -> bytes:
    """Events as they are sent."""
    return b"".join(map(event_frame, events))
