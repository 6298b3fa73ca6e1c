"""Responses exchanges as scripts: what the upstream said and what the corridor ruled, without a corridor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from policies.verdict import ALLOWED
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import CHAT, Ruling, UpstreamError, UpstreamHead, Wire
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from proxy.surfaces.reading import Limits
from proxy.surfaces.responses.retrieval import Action, StoredResponses
from proxy.surfaces.responses.routes import Responses
from proxy.surfaces.responses.withheld import Withheld
from tests.kits.scripted_corridor import Scripted
from tests.kits.surface_kit import DECISION, NOW, Asgi, FakeCorridor, greeted, make_bundle
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.responses import wire

NATIVE: frozenset[Wire] = frozenset({"responses", "chat_completions"})
OUTPUT_BLOCK = Ruling(ALLOWED, (chat.OUT_BLOCK,), ((0, chat.canned()),))


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


def entrance(style: str = "auto", limits: Limits | None = None) -> Entrance:
    """Everybody may enter, under a bundle without rules."""
    bundle = make_bundle(style)
    return Entrance(greeted(bundle), limits or Limits(), new_id=lambda: DECISION)


STREAM = {"stream": True}
MODERATED = {"moderation": {"model": "omni-moderation-latest"}}
JSON_MODE = {"text": {"format": {"type": "json_object"}}}
TOOLS = {"tools": [{"type": "function", "name": "get_weather", "parameters": {"type": "object"}}]}
SUNNY = wire.stream("It is sunny.")

SCENARIOS: dict[str, Scenario] = {
    "allowed": Scenario(upstream=[wire.said("It is sunny.")]),
    "allowed_stream": Scenario(STREAM, SUNNY, how="end", relayed=6),
    "blocked_message": Scenario(ruling=chat.INPUT_BLOCK),
    "blocked_message_stream": Scenario(STREAM, ruling=chat.INPUT_BLOCK),
    "blocked_refusal": Scenario(JSON_MODE, ruling=chat.INPUT_BLOCK),
    "blocked_refusal_stream": Scenario(JSON_MODE | STREAM, ruling=chat.INPUT_BLOCK),
    "blocked_error": Scenario(ruling=chat.INPUT_BLOCK, style="error"),
    "output_blocked": Scenario(upstream=[wire.said("Something bad.")], ruling=OUTPUT_BLOCK),
    "output_blocked_stream": Scenario(STREAM, wire.stream("Something bad."), OUTPUT_BLOCK, keep_alives=1),
    "revised": Scenario(upstream=[wire.said("A draft.")], ruling=chat.REVISED),
    "revised_stream": Scenario(STREAM, wire.stream("A draft."), chat.REVISED, keep_alives=1),
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
    "early_cut_stream": Scenario(STREAM, SUNNY, OUTPUT_BLOCK, how="cut", keep_alives=1),
    "guard_unavailable": Scenario(
        ruling=Ruling(chat.OUTAGE, replacements=((0, chat.canned("guard_unavailable")),))
    ),
    "upstream_unreachable": Scenario(error=UpstreamError("upstream_unreachable", 502)),
    "upstream_breaks_stream": Scenario(
        STREAM, SUNNY, relayed=5, error=UpstreamError("upstream_cut_off", 502)
    ),
    "translated": Scenario(upstream=[chat.answer_body("It is sunny.")], wires=CHAT),
    "translated_stream": Scenario(
        STREAM, chat.stream_of("It is sunny.", usage=True), how="end", relayed=5, wires=CHAT
    ),
    "translated_tool_call": Scenario(TOOLS, [chat.answer_body("", tool_calls=[chat.WEATHER])], wires=CHAT),
    "translated_tool_call_stream": Scenario(TOOLS | STREAM, chat.tool_stream(), how="end", wires=CHAT),
    "translated_late_block_stream": Scenario(
        STREAM, chat.stream_of("It begins well and then"), OUTPUT_BLOCK, how="cut", relayed=4, wires=CHAT
    ),
    "translated_blocked": Scenario(ruling=chat.INPUT_BLOCK, wires=CHAT),
}


def payload_of(exchange: Exchange) -> dict[str, Any]:
    """What goes upstream, parsed."""
    payload = exchange.codec.payload(exchange, exchange.bundle.constitution.text)
    parsed: dict[str, Any] = orjson.loads(payload)
    return parsed
