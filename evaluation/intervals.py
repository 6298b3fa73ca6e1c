"""Rates with their n and their interval: none is told without them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan, sqrt
from typing import Any

Z = 1.959964
"""Two-sided 95 %."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `n`, with the 95 % interval of Wilson. All shares are NaN where n is 0."""

    hits: int
    n: int

    @classmethod
    def of(cls, outcomes: Iterable[bool]) -> Rate:
        """The rate of true outcomes."""
        found = list(outcomes)
        return cls(sum(found), len(found))

    @property
    def share(self) -> float:
        """`hits / n`."""
        return self.hits / self.n if self.n else nan

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return max(0.0, self._middle - self._reach) if self.n else nan

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return min(1.0, self._middle + self._reach) if self.n else nan

    @property
    def _middle(self) -> float:
        return (self.hits + Z * Z / 2) / (self.n + Z * Z)

    @property
    def _reach(self) -> float:
        spread = self.share * (1 - self.share) * self.n + Z * Z / 4
        return Z * sqrt(spread) / (self.n + Z * Z)

    def __str__(self) -> str:
        return f"{self.share:.2f} ({self.low:.2f} to {self.high:.2f}, n {self.n})" if self.n else "n 0"

    def as_json(self) -> dict[str, Any]:
        """Share, interval and counts; shares are null where n is 0."""
        ends = {"share": self.share, "low": self.low, "high": self.high}
        return {"hits": self.hits, "n": self.n, **(ends if self.n else dict.fromkeys(ends))}
