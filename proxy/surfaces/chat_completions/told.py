"""What a message or a delta of chat tells its reader, for surfaces that write it in other words. Pure.

Calls are told apart as they are judged apart: what a client would put together is one lane for the guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from proxy.surfaces.chat_completions.spoken import TEXT_PARTS, place_of

Field = Literal["reasoning", "content", "refusal"]
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


def texts(message: Mapping[str, Any]) -> list[tuple[Field, str]]:
    """What it thinks, says and refuses, in this order; of thoughts that servers tell twice the first."""
    found: list[tuple[Field, str]] = []
    for name in _THOUGHTS:
        thought = message.get(name)
        if thought and type(thought) is str:
            found.append(("reasoning", thought))
            break
    said, refusal = content(message), message.get("refusal")
    if said:
        found.append(("content", said))
    if refusal and type(refusal) is str:
        found.append(("refusal", refusal))
    return found


def content(message: Mapping[str, Any]) -> str:
    """Its content, which some servers give as parts: of these the ones that are judged as content."""
    given = message.get("content")
    if type(given) is not list:
        return given if type(given) is str else ""
    parts = [part.get("text") for part in given if type(part) is dict and part.get("type") in TEXT_PARTS]
    return "".join(part for part in parts if type(part) is str)


def calls(message: Mapping[str, Any]) -> list[tuple[int | str, dict[str, Any]]]:
    """Calls of functions, or fragments of them, each with what names it in a stream."""
    given = message.get("tool_calls")
    found: list[tuple[int | str, dict[str, Any]]] = []
    for place, call in enumerate(given if type(given) is list else ()):
        if type(call) is dict and type(call.get("function")) is dict:
            found.append((place_of(call, place), call))
    if type(message.get("function_call")) is dict:
        found.append(("function_call", {"function": message["function_call"]}))
    return found
