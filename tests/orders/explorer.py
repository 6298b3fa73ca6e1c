"""Walks every order in which the outside world can act on one exchange.

A world is replayed from the start for each order: at every step it lists what could happen next
(the guard answers, the upstream sends, breaks off or ends, the critic answers, the client leaves,
time runs out), picks the next choice, lets the loop settle, and goes on until the walk is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from classifiers.classification import Origin
from policies import rules
from policies.policy import Policy
from policies.verdict import Failure
from proxy.exchange.exchange import Delta
from proxy.exchange.pipeline import Corridor
from proxy.exchange.ports import UpstreamError
from proxy.testing import (
    POINTS,
    FakeClient,
    FakeScreener,
    FakeUpstream,
    Gates,
    ListLedger,
    closing_deltas,
    plain_bundle,
    plain_exchange,
    text_delta,
)

USER = Origin.USER
DEADLINE = 100.0


class ManualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock a test can push forward."""

    offset = 0.0

    def time(self) -> float:
        return super().time() + self.offset


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the fakes answer once their turn comes. Scores are those of label `harm`."""

    policy: Policy
    input_score: float | Failure = 0.0
    output_score: float | Failure = 0.0
    cached: bool = False
    texts: tuple[str, ...] = ("x" * 130, "y" * 130)
    stream: bool = True
    critic: str | None = None

    def script(self) -> tuple[Delta, ...]:
        if self.stream:
            return (*(text_delta(text) for text in self.texts), *closing_deltas())
        body = text_delta("".join(self.texts))
        return (Delta(body.raw, "body", body.pieces, ((0, "stop"),)),)


@dataclass(slots=True)
class World:
    """One replay: the fakes, the order played so far and what is left to check."""

    scenario: Scenario
    gates: Gates = field(default_factory=Gates)
    played: list[str] = field(default_factory=list)
    ledger: ListLedger = field(default_factory=ListLedger)
    client: FakeClient = field(default_factory=FakeClient)
    screener: FakeScreener = field(init=False)
    upstream: FakeUpstream = field(init=False)
    leftover: int = 0
    seen_before_ruling: bool = False

    def __post_init__(self) -> None:
        case = self.scenario
        self.screener = FakeScreener(self.gates, case.input_score, case.output_score, case.cached)
        self.upstream = FakeUpstream(self.gates, case.script(), critic_answer=case.critic)

    def choices(self) -> list[str]:
        """What could happen next, in a fixed order."""
        possible: list[str] = []
        for name in self.gates.waiting:
            possible.append(name)
            if name in ("head", "delta"):
                possible.append(f"{name}!")
        if not {"leave", "deadline"} & set(self.played):
            possible += ["leave", "deadline"]
        return possible

    async def play(self, choose: Callable[[list[str]], str]) -> None:
        """Run the walk, letting `choose` pick each next event."""
        loop = asyncio.get_running_loop()
        corridor = Corridor(
            screener=self.screener,
            upstream=self.upstream,
            critic=self.upstream,
            ledger=self.ledger,
            clock=loop.time,
            nonce=lambda: "n0nce",
        )
        bundle = plain_bundle(rules.resolve(self.scenario.policy, POINTS))
        exchange = plain_exchange(
            bundle, stream=self.scenario.stream, started=loop.time(), deadline=loop.time() + DEADLINE
        )
        walk = loop.create_task(corridor.walk(exchange, self.client))
        await _settle()
        while not walk.done():
            self._act(choose(self.choices()), walk, loop)
            await _settle()
            self._watch()
        if not walk.cancelled():
            walk.result()
        await _settle()
        self.leftover = len(asyncio.all_tasks()) - 1

    def _act(self, event: str, walk: asyncio.Task[None], loop: asyncio.AbstractEventLoop) -> None:
        self.played.append(event)
        if event == "leave":
            self.client.left = True
            walk.cancel()
        elif event == "deadline":
            assert isinstance(loop, ManualLoop)
            loop.offset += DEADLINE + 1
        elif event.endswith("!"):
            self.gates.open(event[:-1], UpstreamError("upstream_unreachable", 502))
        else:
            self.gates.open(event)

    def _watch(self) -> None:
        ruled = self.scenario.cached or any(event.startswith("input:during") for event in self.played)
        if self.client.seen and not ruled and "<error>" not in self.client.seen:
            self.seen_before_ruling = True


async def _settle() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


def explore(scenario: Scenario, limit: int = 20_000) -> Iterator[World]:
    """Every finished world of a scenario, depth first."""
    prefix: list[int] = []
    for _ in range(limit):
        world, widths, taken = _replay(scenario, prefix)
        yield world
        while taken and taken[-1] + 1 >= widths[len(taken) - 1]:
            taken.pop()
        if not taken:
            return
        prefix = [*taken[:-1], taken[-1] + 1]
    raise AssertionError(f"more than {limit} orders: bound the scenario")


def _replay(scenario: Scenario, prefix: list[int]) -> tuple[World, list[int], list[int]]:
    world = World(scenario)
    widths: list[int] = []
    taken: list[int] = []

    def choose(possible: list[str]) -> str:
        assert possible, f"stuck after {world.played}"
        index = prefix[len(taken)] if len(taken) < len(prefix) else 0
        widths.append(len(possible))
        taken.append(index)
        return possible[index]

    loop = ManualLoop()
    try:
        loop.run_until_complete(world.play(choose))
    finally:
        loop.close()
    return world, widths, taken
