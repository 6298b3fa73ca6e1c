"""Leaves messages out of a request that were blocked before: a placeholder stands in their place. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.surfaces.chat_completions.codec import WITHHELD
from proxy.surfaces.leaves import is_machine_id


def left_out(body: Mapping[str, Any], places: frozenset[int]) -> dict[str, Any]:
    """The request without the items of `input` at these places (see `Turn.place`)."""
    given = body.get("input")
    if not places or type(given) is not list:
        return dict(body)
    items = [_omitted(item) if place in places else item for place, item in enumerate(given)]
    return {**body, "input": items}


def _omitted(item: Mapping[str, Any]) -> dict[str, Any]:
    """A placeholder. An identifier stays only where a machine made it: others could say anything."""
    if item.get("type") != "function_call_output":
        return {"type": "message", "role": "user", "content": WITHHELD}
    call = item.get("call_id")
    tied = type(call) is str and is_machine_id(call)
    return {"type": "function_call_output", "call_id": call if tied else "call_0", "output": WITHHELD}
