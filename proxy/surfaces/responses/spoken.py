"""What an answer says: output items, parts and echoed fields as units of text. Pure.

A unit is text that belongs together and is judged together, with the field of the draft it goes to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from proxy.exchange.exchange import PieceField, Usage
from proxy.surfaces.chat_completions.codec import is_word, read_logprobs
from proxy.surfaces.responses.vocabulary import texts_of

Unit = tuple[PieceField, list[str]]

_TOKEN_FIELDS = frozenset({"token", "logprob", "bytes", "top_logprobs"})
_QUIET_ITEM = frozenset({"type", "role", "content"})
_QUIET_PART = frozenset({"type", "text", "logprobs"})
_ECHO_WORDS = """
    instructions metadata tools tool_choice text prompt reasoning user safety_identifier prompt_cache_key
    prompt_cache_options prompt_cache_retention previous_response_id conversation service_tier truncation
    context_management
"""
ECHOED = frozenset(_ECHO_WORDS.split())
"""Fields of a response in which the upstream repeats the request."""

_QUIET_RESPONSE = frozenset({"output", "object", "status"})
_WORDS_OF_ITS_OWN = frozenset({"model", "service_tier"})
_FINISHES = {"max_output_tokens": "length", "content_filter": "content_filter"}


def item_units(item: Any) -> Iterator[Unit]:
    """All text of one output item."""
    kind = item.get("type") if type(item) is dict else None
    if kind == "message":
        yield from _message_units(item)
    elif kind == "reasoning":
        yield "reasoning", texts_of(item)
    elif type(kind) is str and "call" in kind and not kind.endswith("_output"):
        yield "tool_call", _call_texts(item)
    else:
        yield "other", texts_of(item)


def _message_units(item: dict[str, Any]) -> Iterator[Unit]:
    content = item.get("content")
    if type(content) is list:
        for part in content:
            yield from part_units(part)
    elif content is not None:
        yield "content", texts_of(content)
    yield "other", texts_of({name: value for name, value in item.items() if name not in _QUIET_ITEM})
    yield "other", texts_of([item.get("role")])


def part_units(part: Any) -> Iterator[Unit]:
    """All text of one content part."""
    kind = part.get("type") if type(part) is dict else None
    if kind == "output_text" and type(part.get("text")) is str:
        text = part["text"]
        yield "content", [text] if text else []
        yield "other", texts_of({name: value for name, value in part.items() if name not in _QUIET_PART})
        yield "other", logprob_texts(part.get("logprobs"), text)
    elif kind == "refusal":
        yield "refusal", texts_of(part)
    elif kind in ("reasoning_text", "summary_text"):
        yield "reasoning", texts_of(part)
    else:
        yield "other", texts_of(part)


def logprob_texts(logprobs: Any, text: str) -> list[str]:
    """Text that only the log-probabilities hold.

    They repeat the answer token by token, which needs no second look; tokens that are not in the answer, or
    too long to be tokens, do, and so does everything beside them.
    """
    if not logprobs:
        return []
    if type(logprobs) is not list or any(type(entry) is not dict for entry in logprobs):
        return texts_of(logprobs)
    held = read_logprobs({"content": logprobs}, text)
    return ([held] if held else []) + _beside_tokens(logprobs)


def _beside_tokens(entries: Any) -> list[str]:
    """Text of log-probability entries that is no token."""
    if type(entries) is not list or any(type(entry) is not dict for entry in entries):
        return texts_of(entries)
    found: list[str] = []
    for entry in entries:
        for name, value in entry.items():
            if name == "top_logprobs":
                found += _beside_tokens(value) + _phrases(value)
            elif type(value) is str or name not in _TOKEN_FIELDS:
                found += [] if name == "token" else texts_of({name: value})
            elif name == "bytes":
                found += texts_of(value)
    return found


def _phrases(alternatives: Any) -> list[str]:
    """Alternatives that are more than a word, and so no tokens."""
    entries = alternatives if type(alternatives) is list else []
    tokens = [entry.get("token") for entry in entries if type(entry) is dict]
    return [token for token in tokens if type(token) is str and " " in token.strip()]


def _call_texts(item: dict[str, Any]) -> list[str]:
    """The name first, so that a call reads as one."""
    name = item.get("name")
    first = [name] if type(name) is str and name else []
    return first + texts_of({key: value for key, value in item.items() if not (first and key == "name")})


def field_units(response: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Text of every field of a response beside its output, by the field's name."""
    for name, value in response.items():
        quiet = name in _QUIET_RESPONSE or (name in _WORDS_OF_ITS_OWN and is_word(value))
        if not quiet:
            yield name, texts_of({name: value})
    for name in ("status", "object"):
        yield name, texts_of([response.get(name)])


def finish_of(response: Mapping[str, Any]) -> str:
    """The finish reason in chat's words; `""` while the response is not over."""
    status = response.get("status")
    if status == "completed":
        items = response.get("output")
        kinds = {item.get("type") for item in items if type(item) is dict} if type(items) is list else set()
        return "tool_calls" if kinds & {"function_call", "custom_tool_call"} else "stop"
    if status == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if type(details) is dict else None
        return _FINISHES.get(reason, "incomplete") if type(reason) is str else "incomplete"
    return status if status in ("failed", "cancelled") else ""


def usage_of(response: Mapping[str, Any]) -> Usage | None:
    """Tokens as the upstream counted them."""
    usage = response.get("usage")
    if type(usage) is not dict:
        return None
    details = usage.get("input_tokens_details")
    cached = details.get("cached_tokens") if type(details) is dict else None
    return Usage(_count(usage.get("input_tokens")), _count(usage.get("output_tokens")), _count(cached))


def _count(value: Any) -> int:
    return value if type(value) is int else 0
