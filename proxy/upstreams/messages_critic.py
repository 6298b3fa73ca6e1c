"""A critic's question in Anthropic's shape, for servers that speak nothing else, and its answer. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from policies.critique import Ask
from proxy.exchange.exchange import Usage
from proxy.exchange.ports import CriticAnswer, UpstreamError

MESSAGES_PATH = "/messages"
_WHOLE = ("end_turn", "stop_sequence")


def messages_payload(model: str, prompt: Ask) -> dict[str, Any]:
    """Body of one question: no tools, and no temperature, which Anthropic's client knows no more."""
    return {
        "model": model,
        "system": prompt.system,
        "messages": [{"role": "user", "content": prompt.user}],
        "max_tokens": prompt.max_tokens,
    }


def read_messages_answer(raw: bytes) -> CriticAnswer:
    """Text and cost of a whole message.

    Raises:
        UpstreamError: `upstream_invalid`; no text, or text that its token limit or a refusal cut off.
    """
    try:
        payload = orjson.loads(raw)
        blocks = [block["text"] for block in payload["content"] if block["type"] == "text"]
        text = "".join(blocks)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise UpstreamError.invalid() from None
    if not text or payload.get("stop_reason") not in _WHOLE:
        raise UpstreamError.invalid()
    return CriticAnswer(text=text, usage=_usage(payload.get("usage")))


def _usage(usage: object) -> Usage:
    counts = usage if isinstance(usage, dict) else {}
    return Usage(_count(counts.get("input_tokens")), _count(counts.get("output_tokens")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
