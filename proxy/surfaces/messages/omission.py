"""Leaves messages out of a request that were blocked before: a placeholder stands in their place. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.surfaces.chat_completions.codec import WITHHELD
from proxy.surfaces.leaves import is_machine_id


def left_out(body: Mapping[str, Any], places: frozenset[int]) -> dict[str, Any]:
    """The request without the messages at these places (see `Turn.place`)."""
    messages = [
        _omitted(message) if place in places else message for place, message in enumerate(body["messages"])
    ]
    return {**body, "messages": messages}


def _omitted(message: Mapping[str, Any]) -> dict[str, Any]:
    """A placeholder that still answers each call of a tool: servers refuse calls without a result.

    An identifier stays only where a machine made it: others could say anything.
    """
    content = message.get("content")
    blocks = content if type(content) is list else []
    calls = [
        block.get("tool_use_id")
        for block in blocks
        if type(block) is dict and block.get("type") == "tool_result"
    ]
    if not calls:
        return {"role": "user", "content": WITHHELD}
    results = [{"type": "tool_result", "tool_use_id": _tied(call), "content": WITHHELD} for call in calls]
    return {"role": "user", "content": results}


def _tied(call: Any) -> str:
    return call if type(call) is str and is_machine_id(call) else "toolu_0"
