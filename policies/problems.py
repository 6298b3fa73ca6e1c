"""Problems of files in words: `file:line: key.path: what`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from policies.yaml_text import YamlText


def validation_problems(path: object, text: YamlText, error: ValidationError) -> list[str]:
    """Pydantic's errors by place; the branches of a union are told together."""
    told: dict[tuple[str | int, ...], list[str]] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        place = _real(text.value, item["loc"], missing=item["type"] == "missing")
        message = "unknown key" if item["type"] == "extra_forbidden" else item["msg"]
        told.setdefault(place, []).append(message[:1].lower() + message[1:])
    return [
        f"{path}:{text.line(place)}: {dotted(place) or 'file'}: {', or '.join(dict.fromkeys(messages))}"
        for place, messages in told.items()
    ]


def _real(value: Any, location: Sequence[str | int], *, missing: bool) -> tuple[str | int, ...]:
    """The part of a pydantic location that exists in the data (union branches are named in it too)."""
    found: list[str | int] = []
    for number, step in enumerate(location):
        listed = isinstance(value, list) and isinstance(step, int)
        if listed or (isinstance(value, dict) and step in value):
            found.append(step)
            value = value[step]
        elif missing and number == len(location) - 1:
            found.append(step)
    return tuple(found)


def dotted(path: Sequence[str | int]) -> str:
    """`rules[3].threshold`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
