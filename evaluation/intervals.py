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

    def __add__(self, other: Rate) -> Rate:
        """Both samples as one."""
        return Rate(self.hits + other.hits, self.n + other.n)

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


@dataclass(frozen=True, slots=True)
class Rise:
    """How much a rate rose, with Newcombe's interval (from the Wilson intervals of both rates)."""

    before: Rate
    after: Rate

    def __add__(self, other: Rise) -> Rise:
        """Both pairs of samples as one."""
        return Rise(self.before + other.before, self.after + other.after)

    @property
    def share(self) -> float:
        """The rate after less the rate before."""
        return self.after.share - self.before.share

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.share - sqrt(self._down(self.after) ** 2 + self._up(self.before) ** 2)

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.share + sqrt(self._up(self.after) ** 2 + self._down(self.before) ** 2)

    @staticmethod
    def _down(rate: Rate) -> float:
        return rate.share - rate.low

    @staticmethod
    def _up(rate: Rate) -> float:
        return rate.high - rate.share

    def __str__(self) -> str:
        if not (self.before.n and self.after.n):
            return "n 0"
        return f"{self.share:+.2f} ({self.low:+.2f} to {self.high:+.2f}, n {self.after.n})"

    def as_json(self) -> dict[str, Any]:
        """Rise, interval and both rates; null where there is no sample."""
        known = bool(self.before.n and self.after.n)
        ends = {"rise": self.share, "low": self.low, "high": self.high}
        rates = {"before": self.before.as_json(), "after": self.after.as_json()}
        return {**(ends if known else dict.fromkeys(ends)), **rates}
