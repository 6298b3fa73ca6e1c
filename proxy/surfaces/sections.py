"""What stands beside the messages of a request: one turn for each field that has text.

Agents send the same tools and schemas with every turn, and walking them again is the dearest part of reading:
the texts of the last few hundred are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from classifiers.classification import Origin, Turn, Uncovered
from proxy.surfaces.leaves import Found

MOST_KEPT = 256
_SCALARS = (float, bool, int, type(None))

Section = tuple[str, tuple[Uncovered, ...]]
"""All text of one field, and what in it could not be read."""
Prepare = Callable[[str, Any, Found], Any]
"""From name and value of a field to what of it is walked; may read the rest itself."""


class Sections:
    """Reads fields. What the API does not know is text down to its name.

    `known`: fields of the API; `elsewhere`: those of them that are read elsewhere; `stable`: those that are
    kept by their value; `users`: those that are the user's words, all others are the operator's. `leaves`
    makes the walk over one field.
    """

    __slots__ = ("_elsewhere", "_kept", "_known", "_leaves", "_prepare", "_stable", "_users")

    def __init__(
        self,
        known: frozenset[str],
        elsewhere: frozenset[str],
        stable: frozenset[str],
        *,
        users: frozenset[str] = frozenset(),
        leaves: Callable[[], Found] = Found,
        prepare: Prepare | None = None,
    ) -> None:
        self._known = {name: f"request.{name}" for name in known}
        self._elsewhere = elsewhere
        self._stable = stable
        self._users = users
        self._leaves = leaves
        self._prepare = prepare
        self._kept: dict[tuple[str, bytes], Section] = {}

    def read(self, body: Mapping[str, Any], turns: list[Turn], uncovered: list[Uncovered]) -> int:
        """Turns and uncovered parts of all fields, in their order; returns how many parts they are."""
        parts = 0
        for name, value in body.items():
            if name in self._elsewhere or (type(value) in _SCALARS and name in self._known):
                continue
            text, unread = self._section(name, value)
            if text:
                origin = Origin.USER if name in self._users else Origin.OPERATOR
                turns.append(Turn(self._known.get(name, "request.extra"), text, origin))
                parts += 1
            uncovered.extend(unread)
            parts += len(unread)
        return parts

    def _section(self, name: str, value: Any) -> Section:
        if name not in self._stable:
            return self._walk(name, value)
        key = (name, orjson.dumps(value))
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._walk(name, value)
        return found

    def _walk(self, name: str, value: Any) -> Section:
        found = self._leaves()
        known = name in self._known
        if not known:
            found.texts.append(name)
        if self._prepare is not None:
            value = self._prepare(name, value, found)
        found.walk(value, name, name if known else "*")
        return "\n".join(found.texts), tuple(found.uncovered)
