"""Responses exchanges as scripts: what the upstream said and what the corridor ruled, without a corridor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from proxy.exchange.ports import UpstreamHead, Wire
from proxy.surfaces.guarded_route import GuardedRoute
from proxy.surfaces.reading import Limits
from proxy.surfaces.responses.retrieval import Action, StoredResponses
from proxy.surfaces.responses.routes import Responses
from proxy.surfaces.responses.withheld import Withheld
from tests.kits.scripted_corridor import Scripted
from tests.kits.surface_kit import NOW, Asgi, FakeCorridor, entrance
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.responses import wire
from tests.unit.proxy.surfaces.told_alike import OUTPUT_BLOCK, STREAM, shared

NATIVE: frozenset[Wire] = frozenset({"responses", "chat_completions"})


@dataclass
class Scenario(Scripted):
    """On the Responses API."""

    head: UpstreamHead | None = chat.HEAD
    wires: frozenset[Wire] = NATIVE

    @property
    def body(self) -> dict[str, Any]:
        """The request body."""
        return {"model": "m", "input": "What is the weather?", **self.request}

    def app(self) -> Asgi:
        """The route on a corridor that plays this scenario."""
        return responses_route(FakeCorridor(self.play), style=self.style, wires=self.wires)


def responses_route(
    corridor: Any,
    *,
    style: str = "auto",
    limits: Limits | None = None,
    wires: frozenset[Wire] = NATIVE,
    withheld: Withheld | None = None,
) -> GuardedRoute:
    """The route with a fixed clock and decision id."""
    surface = Responses(lambda _: wires, withheld or Withheld(), wall=lambda: NOW)
    return GuardedRoute(surface, corridor, entrance(style, limits))


def stored_route(
    corridor: Any, action: Action, *, wires: frozenset[Wire] = NATIVE, withheld: Withheld | None = None
) -> GuardedRoute:
    """A route of stored responses."""
    surface = StoredResponses(action, lambda _: wires, withheld or Withheld(), wall=lambda: NOW)
    return GuardedRoute(surface, corridor, entrance(), bodyless=True)


MODERATED = {"moderation": {"model": "omni-moderation-latest"}}
JSON_MODE = {"text": {"format": {"type": "json_object"}}}
TOOLS = {"tools": [{"type": "function", "name": "get_weather", "parameters": {"type": "object"}}]}
SUNNY = wire.stream("It is sunny.")

SCENARIOS: dict[str, Scenario] = shared(Scenario, wire.said, wire.stream, JSON_MODE, TOOLS) | {
    "tool_call": Scenario(TOOLS, [wire.body(wire.WEATHER)]),
    "tool_call_stream": Scenario(TOOLS | STREAM, wire.call_stream()),
    "moderation": Scenario(MODERATED, [wire.said("It is sunny.")], chat.SCORED),
    "moderation_blocked": Scenario(MODERATED, ruling=chat.INPUT_BLOCK),
    "moderation_stream": Scenario(MODERATED | STREAM, SUNNY, chat.SCORED, how="end", relayed=6),
    "late_block_stream": Scenario(
        STREAM, wire.stream("It begins well and then"), OUTPUT_BLOCK, how="cut", relayed=7
    ),
    "late_block_in_json_stream": Scenario(
        JSON_MODE | STREAM, wire.stream('{"it": "begins well"}'), OUTPUT_BLOCK, how="cut", relayed=6
    ),
    "late_block_in_call_stream": Scenario(
        TOOLS | STREAM, wire.call_stream(), OUTPUT_BLOCK, how="cut", relayed=3
    ),
    "late_block_between_items_stream": Scenario(
        STREAM, wire.stream("All of it left."), OUTPUT_BLOCK, how="cut", relayed=11
    ),
}
