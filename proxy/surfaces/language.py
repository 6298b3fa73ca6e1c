"""The language that a client asks for."""

from __future__ import annotations

from collections.abc import Collection

from policies.replies import wider


def preferred(accept_language: str, available: Collection[str]) -> str:
    """The best available language of an `Accept-Language` header, `""` when none is.

    `de-AT` is met by `de-at`, or else by `de`.
    """
    wishes: list[tuple[float, int, str]] = []
    for position, item in enumerate(accept_language[:400].split(",")):
        tag, _, parameter = item.strip().partition(";")
        met = next((each for each in wider(tag) if each in available), None)
        if met is not None:
            wishes.append((-_quality(parameter), position, met))
    wishes.sort()
    return wishes[0][2] if wishes and wishes[0][0] < 0 else ""


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
