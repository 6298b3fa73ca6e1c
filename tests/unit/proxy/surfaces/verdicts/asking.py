"""A corridor with a screener that gives the scores it is told, and a surface that asks it for verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from policies.policy import Policy, Rule
from policies.rules import resolve
from policies.verdict import Action, Stage
from proxy.exchange.pipeline import Corridor
from proxy.exchange.ports import Screener, Screening
from proxy.surfaces.guarded_route import Entrance, GuardedRoute, Surface
from proxy.surfaces.reading import Limits
from proxy.testing import POINTS, FakeScreener, FakeUpstream, Gates, ListLedger, plain_bundle
from tests.kits.surface_kit import Answer, Caller, greeted

IN = Rule("in", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5, on_failure="allow")
OUT = Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange")
POLICY = Policy("p", "1", (IN, OUT), digest="sha256:p", benign_below={"harm": 0.2})


class SeesBad(FakeScreener):
    """Scores by what is said: a turn with `bad` in it is harmful."""

    heard: list[str]

    async def screen_input(self, exchange: Any, stage: Stage) -> Screening:
        turns = exchange.conversation.turns
        self.heard = [turn.text for turn in turns]
        self.input_score = 0.9 if turns and "bad" in turns[-1].text else 0.0
        return await super().screen_input(exchange, stage)


def bad(text: str) -> float:
    """The score of an answer."""
    return 0.9 if "bad" in text else 0.0


@dataclass
class Desk:
    """Somebody who asks a surface. `make`: the surface, or a handler of its own on corridor and entrance."""

    make: Callable[[], Surface] | None = None
    policy: Policy = POLICY
    screener: FakeScreener | None = None
    limits: Limits = field(default_factory=Limits)
    upstream: FakeUpstream = field(default_factory=lambda: FakeUpstream(Gates(open_gates=True)))
    ledger: ListLedger = field(default_factory=ListLedger)

    def corridor(self) -> Corridor:
        screener: Screener = self.screener or SeesBad(Gates(open_gates=True), output_score=bad)
        clock = asyncio.get_running_loop().time
        return Corridor(screener, self.upstream, self.upstream, self.ledger, clock, lambda: "n")

    def entrance(self) -> Entrance:
        bundle = plain_bundle(resolve(self.policy, POINTS), "Be kind.")
        ids = iter(f"gh-{number:026}" for number in range(100))
        clock = asyncio.get_running_loop().time
        return Entrance(greeted(bundle, "t"), self.limits, new_id=lambda: next(ids), clock=clock)

    async def ask(self, path: str, body: Any) -> Answer:
        """The answer; no model is ever called for it."""
        assert self.make is not None
        route = GuardedRoute(self.make(), self.corridor(), self.entrance())
        answer = await Caller(route).post(path, body)
        assert self.upstream.opened == 0
        return answer
