"""What stands beside the messages of a request, read field by field.

Agents send the same tools and schemas with every turn, and walking them again is the dearest part of reading:
the texts of the last few hundred are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from classifiers.classification import Uncovered

MOST_KEPT = 256

Section = tuple[str, tuple[Uncovered, ...]]
"""All text of one field, and what in it could not be read."""


class Sections:
    """Reads fields by `read_field` (name, value); those named in `stable` are kept by their value."""

    __slots__ = ("_kept", "_read_field", "_stable")

    def __init__(self, read_field: Callable[[str, Any], Section], stable: frozenset[str]) -> None:
        self._read_field = read_field
        self._stable = stable
        self._kept: dict[tuple[str, bytes], Section] = {}

    def read(self, name: str, value: Any) -> Section:
        """The section of one field."""
        if name not in self._stable:
            return self._read_field(name, value)
        key = (name, orjson.dumps(value))
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._read_field(name, value)
        return found
