"""Tallies: counters and distributions over closed label sets, cheap enough for every request.

Written by one thread (the event loop) without locks, read by any: reading copies a family in one step
of the interpreter. A label value outside its closed set counts as `other`, so that no family can grow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

OTHER = "other"
Key = tuple[Any, ...]
"""Label values as the code has them (text, enumerations, booleans, statuses), in the family's order."""


class Tally:
    """A counter family. `values`: the closed set of each label; `zero`: keys that exist from the start
    (default: all there are)."""

    __slots__ = ("_closed", "_counts", "about", "labels", "name")

    def __init__(
        self,
        name: str,
        about: str,
        labels: tuple[str, ...] = (),
        values: tuple[Iterable[Any], ...] = (),
        zero: Iterable[Key] | None = None,
    ) -> None:
        self.name = name
        self.about = about
        self.labels = labels
        self._closed = _closed(values)
        self._counts: dict[Key, float] = dict.fromkeys(product(*self._closed) if zero is None else zero, 0.0)

    def add(self, key: Key, amount: float = 1.0) -> None:
        """Count `amount` under a key."""
        try:
            self._counts[key] += amount
        except KeyError:
            key = _bounded(key, self._closed)
            self._counts[key] = self._counts.get(key, 0.0) + amount

    def widen(self, other: Tally, room: int) -> None:
        """Take over the label values of another tally of the family, with its series at zero if they fit.

        `room`: how many more series there may be; where they do not fit, each appears when it is counted.
        """
        for known, more in zip(self._closed, other._closed, strict=True):
            known.update(more)
        new = other._counts.keys() - self._counts.keys()
        if len(new) <= room:
            self._counts.update(dict.fromkeys(new, 0.0))

    def series(self) -> int:
        """How many series there are."""
        return len(self._counts)

    def samples(self) -> Iterator[tuple[list[str], float]]:
        """Label values as text, and the count."""
        for key, count in list(self._counts.items()):
            yield [text(value) for value in key], count

    def most_series(self) -> int:
        """How many series there can ever be."""
        return _combinations(self._closed)


class Distribution:
    """A histogram family. `bounds`: upper bounds of the buckets, ascending, without infinity."""

    __slots__ = ("_closed", "_held", "about", "bounds", "labels", "name")

    def __init__(
        self,
        name: str,
        about: str,
        bounds: tuple[float, ...],
        labels: tuple[str, ...] = (),
        values: tuple[Iterable[Any], ...] = (),
        zero: Iterable[Key] | None = None,
    ) -> None:
        self.name = name
        self.about = about
        self.bounds = bounds
        self.labels = labels
        self._closed = _closed(values)
        self._held: dict[Key, list[float]] = {}
        for key in product(*self._closed) if zero is None else zero:
            self._held[key] = self._empty()

    def observe(self, key: Key, value: float) -> None:
        """Note a value under a key."""
        held = self._held.get(key)
        if held is None:
            held = self._held.setdefault(_bounded(key, self._closed), self._empty())
        held[bisect_left(self.bounds, value)] += 1
        held[-1] += value

    def samples(self) -> Iterator[tuple[list[str], list[tuple[str, float]], float]]:
        """Label values as text, cumulative buckets by upper bound, and the sum of all values."""
        bounds = [*(str(float(bound)) for bound in self.bounds), "+Inf"]
        for key, held in list(self._held.items()):
            counts, total, buckets = held[:], 0.0, []
            for bound, count in zip(bounds, counts, strict=False):
                total += count
                buckets.append((bound, total))
            yield [text(value) for value in key], buckets, counts[-1]

    def most_series(self) -> int:
        """How many series there can ever be: buckets, sum and count of each combination."""
        return _combinations(self._closed) * (len(self.bounds) + 3)

    def _empty(self) -> list[float]:
        """One count for each bucket (the last beyond all bounds), then the sum."""
        return [0.0] * (len(self.bounds) + 2)


def text(value: Any) -> str:
    """A label value as Prometheus shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _closed(values: tuple[Iterable[Any], ...]) -> tuple[dict[Any, None], ...]:
    return tuple(dict.fromkeys(each) for each in values)


def _bounded(key: Key, closed: tuple[dict[Any, None], ...]) -> Key:
    return tuple(value if value in known else OTHER for value, known in zip(key, closed, strict=True))


def _combinations(closed: tuple[dict[Any, None], ...]) -> int:
    found = 1
    for known in closed:
        found *= len(known) + (OTHER not in known and known.keys() != {False, True})
    return found
