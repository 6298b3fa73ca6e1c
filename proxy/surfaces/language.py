"""The language that a client asks for."""

from __future__ import annotations

from collections.abc import Collection


def preferred(accept_language: str, available: Collection[str]) -> str:
    """The best available language of an `Accept-Language` header, `""` when none is."""
    wishes: list[tuple[float, int, str]] = []
    for position, item in enumerate(accept_language[:400].split(",")):
        tag, _, parameter = item.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in available:
            wishes.append((-_quality(parameter), position, primary))
    wishes.sort()
    return wishes[0][2] if wishes and wishes[0][0] < 0 else ""


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
