"""How long and how often, and the arithmetic that all parts share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Row = dict[str, Any]
Tell = Callable[[str], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Plan:
    """`seconds`: for each length and each number of callers; `least`: prompts of a length whatever they take.

    `prompts`: cap on ordinary prompts; `texts`: compared bit by bit; `starts`: of each model;
    `runs`: over which memory is watched.
    """

    seconds: float = 4.0
    least: int = 100
    prompts: int = 10_000
    texts: int = 16
    starts: int = 3
    runs: int = 20_000


QUICK = Plan(seconds=0.1, least=2, prompts=10, texts=2, starts=1, runs=100)
"""Shows that everything works. Its figures mean nothing."""


@dataclass
class Times:
    """CPU seconds of the whole process and wall seconds, one of each for a call."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def take(self, call: Callable[..., Result], *arguments: Any) -> Result:
        """Call and note what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = call(*arguments)
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)
        return result

    def figures(self) -> Row:
        """Mean CPU and percentiles of wall time in milliseconds, with their number."""
        return {
            "cpu_ms": mean(self.cpu) * 1000,
            "p50_ms": percentile(self.wall, 0.50) * 1000,
            "p99_ms": percentile(self.wall, 0.99) * 1000,
            "n": len(self.wall),
        }


def mean(values: Sequence[float]) -> float:
    """The mean; NaN of nothing."""
    return sum(values) / len(values) if values else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed; NaN of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def rounds(seconds: float, least: int) -> Iterator[int]:
    """Numbers from 0 on until both the time and the number of rounds are reached."""
    end, number = time.perf_counter() + seconds, 0
    while number < least or time.perf_counter() < end:
        yield number
        number += 1
