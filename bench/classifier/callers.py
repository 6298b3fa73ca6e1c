"""The proxy's own screening room under many callers at once, and what its event loop feels of it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import uvloop

from bench.classifier import texts
from bench.classifier.plan import Plan, Row, Tell, percentile
from bench.classifier.subjects import CASCADES
from policies.verdict import Stage
from proxy import app
from proxy.settings import GuardSettings, LedgerSettings, LogSettings, Settings
from proxy.testing import plain_exchange

CALLERS = (0, 1, 8, 32)
"""None at all shows what the machine itself does to the ticker."""
TICK_S = 0.001


@dataclass
class Watch:
    """What callers and the ticker noted, in seconds. `failures`: why a guard gave no measurement."""

    waits: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)


def concurrent(plan: Plan, tell: Tell) -> list[Row]:
    """Waiting, throughput, CPU and the ticker's delay, for each number of callers and either cascade."""
    rooms = {cascade: _built(cascade) for cascade in CASCADES}
    numbers = itertools.count(1)
    rows = []
    for callers in CALLERS:
        for cascade, parts in rooms.items():
            prompts = _fresh(numbers)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                row = runner.run(_serve(parts, prompts, callers, plan.seconds))
            rows.append({"cascade": cascade, "callers": callers, **row})
            tell(f"{callers:>3} callers, cascade {cascade:4}{row['per_s']:>8.1f}/s")
    for parts in rooms.values():
        parts.screening.close()
    return rows


def _built(cascade: str) -> app.Gatehouse:
    return app.build(
        Settings(
            guard=GuardSettings(cascade=cascade == "on"),
            ledger=LedgerSettings(mode="off"),
            log=LogSettings(access=0),
        )
    )


def _fresh(numbers: Iterator[int]) -> Iterator[str]:
    """The ordinary prompts from the first on, numbered so that no measurement is cached."""
    return (f"{prompt}\n\nRequest {next(numbers)}." for prompt in itertools.cycle(texts.ordinary()))


async def _serve(parts: app.Gatehouse, prompts: Iterator[str], callers: int, seconds: float) -> Row:
    watch = Watch()
    begun, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as outer:
        ticker = outer.create_task(_tick(watch))
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(seconds))
            for _ in range(callers):
                group.create_task(_call(parts, prompts, begun + seconds, watch))
        ticker.cancel()
    took, spent, answered = time.perf_counter() - begun, time.process_time() - cpu, len(watch.waits)
    return {
        "p50_ms": percentile(watch.waits, 0.50) * 1000 if answered else None,
        "p99_ms": percentile(watch.waits, 0.99) * 1000 if answered else None,
        "per_s": answered / took,
        "cpu_ms": spent / answered * 1000 if answered else None,
        "gap_p99_ms": percentile(watch.gaps, 0.99) * 1000,
        "gap_largest_ms": max(watch.gaps) * 1000,
        "failed": dict(watch.failures),
        "n": answered,
    }


async def _tick(watch: Watch) -> None:
    while True:
        due = time.perf_counter() + TICK_S
        await asyncio.sleep(TICK_S)
        watch.gaps.append(max(0.0, time.perf_counter() - due))


async def _call(parts: app.Gatehouse, prompts: Iterator[str], end: float, watch: Watch) -> None:
    """Ask again and again until the time is up and somebody was answered."""
    begun = time.perf_counter()
    while begun < end or not watch.waits:
        exchange = plain_exchange(parts.tenants.snapshot.default, text=next(prompts))
        screening = await parts.screening.screen_input(exchange, Stage.DURING_CALL)
        now = time.perf_counter()
        watch.waits.append(now - begun)
        if screening.failure is not None:
            watch.failures[screening.failure] += 1
        begun = now
