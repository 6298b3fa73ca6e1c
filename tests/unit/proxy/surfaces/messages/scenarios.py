"""Messages exchanges as scripts: what the upstream said and what the corridor ruled, without a corridor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from policies.verdict import ALLOWED
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import CHAT, Ruling, UpstreamError, UpstreamHead, Wire
from proxy.surfaces.guarded_route import Entrance, GuardedRoute, Surface
from proxy.surfaces.messages.counting import CountTokens
from proxy.surfaces.messages.routes import ID_HEADER, Messages
from proxy.surfaces.reading import Limits
from tests.kits.scripted_corridor import Scripted
from tests.kits.surface_kit import DECISION, NOW, Asgi, Caller, FakeCorridor, greeted, make_bundle
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.messages import wire

NATIVE: frozenset[Wire] = frozenset({"messages"})
OUTPUT_BLOCK = Ruling(ALLOWED, (chat.OUT_BLOCK,), ((0, chat.canned()),))
HEAD = UpstreamHead(
    200, (("anthropic-ratelimit-requests-remaining", "7"), ("x-upstream-request-id", "req_1"))
)


@dataclass
class Scenario(Scripted):
    """On the Messages API."""

    head: UpstreamHead | None = HEAD
    wires: frozenset[Wire] = NATIVE
    path: str = "/v1/messages"

    @property
    def body(self) -> dict[str, Any]:
        """The request body."""
        question = {"role": "user", "content": "What is the weather?"}
        return {"model": "m", "max_tokens": 64, "messages": [question], **self.request}

    async def answer(self) -> Any:
        """What the client gets."""
        app = route(FakeCorridor(self.play), style=self.style, wires=self.wires, counts="count" in self.path)
        return await Caller(app).post(self.path, self.body)


def route(
    corridor: Any,
    *,
    style: str = "auto",
    limits: Limits | None = None,
    wires: frozenset[Wire] = NATIVE,
    counts: bool = False,
) -> Asgi:
    """A route with a fixed clock and decision id."""
    bundle = make_bundle(style)
    entrance = Entrance(greeted(bundle), limits or Limits(), new_id=lambda: DECISION)
    surface: Surface = CountTokens(lambda _: wires) if counts else Messages(lambda _: wires, wall=lambda: NOW)
    return GuardedRoute(surface, corridor, entrance, id_header=ID_HEADER)


async def walked(body: dict[str, Any], path: str = "/v1/messages", **how: Any) -> Exchange:
    """The exchange that a request becomes."""
    corridor = FakeCorridor()
    await Caller(route(corridor, counts="count" in path, **how)).post(path, body)
    return corridor.walked[0]


def payload_of(exchange: Exchange) -> dict[str, Any]:
    """What goes upstream, parsed."""
    payload = exchange.codec.payload(exchange, exchange.bundle.constitution.text)
    parsed: dict[str, Any] = orjson.loads(payload)
    return parsed


STREAM = {"stream": True}
JSON_MODE = {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}
TOOLS = {"tools": [{"name": "get_weather", "input_schema": {"type": "object"}}]}
SUNNY = wire.stream(wire.text("It is sunny."))
REFUSED = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
CHAT_ERROR = b'{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":null}}'
COUNT = "/v1/messages/count_tokens"

SCENARIOS: dict[str, Scenario] = {
    "allowed": Scenario(upstream=[wire.said("It is sunny.")]),
    "allowed_stream": Scenario(STREAM, SUNNY, how="end", relayed=6),
    "thinking_stream": Scenario(STREAM, wire.stream(wire.THOUGHT, wire.text("Sunny.")), how="end", relayed=9),
    "blocked_message": Scenario(ruling=chat.INPUT_BLOCK),
    "blocked_message_stream": Scenario(STREAM, ruling=chat.INPUT_BLOCK),
    "blocked_refusal": Scenario(JSON_MODE, ruling=chat.INPUT_BLOCK),
    "blocked_refusal_stream": Scenario(JSON_MODE | STREAM, ruling=chat.INPUT_BLOCK),
    "blocked_error": Scenario(ruling=chat.INPUT_BLOCK, style="error"),
    "blocked_error_stream": Scenario(STREAM, ruling=chat.INPUT_BLOCK, style="error"),
    "output_blocked": Scenario(upstream=[wire.said("Something bad.")], ruling=OUTPUT_BLOCK),
    "output_blocked_stream": Scenario(
        STREAM, wire.stream(wire.text("Something bad.")), OUTPUT_BLOCK, keep_alives=1
    ),
    "revised": Scenario(upstream=[wire.said("A draft.")], ruling=chat.REVISED),
    "revised_stream": Scenario(STREAM, wire.stream(wire.text("A draft.")), chat.REVISED, keep_alives=1),
    "tool_call": Scenario(TOOLS, [wire.body(wire.text("Let me look."), wire.WEATHER)]),
    "tool_call_stream": Scenario(TOOLS | STREAM, wire.stream(wire.text("Let me look."), wire.WEATHER)),
    "late_block_stream": Scenario(
        STREAM, wire.stream(wire.text("It begins well and then")), OUTPUT_BLOCK, how="cut", relayed=6
    ),
    "late_block_in_json_stream": Scenario(
        JSON_MODE | STREAM, wire.stream(wire.text('{"it": "begins"}')), OUTPUT_BLOCK, how="cut", relayed=4
    ),
    "late_block_in_call_stream": Scenario(
        TOOLS | STREAM, wire.stream(wire.WEATHER), OUTPUT_BLOCK, how="cut", relayed=4
    ),
    "late_block_in_thinking_stream": Scenario(
        STREAM, wire.stream(wire.THOUGHT, wire.text("Bad.")), OUTPUT_BLOCK, how="cut", relayed=4
    ),
    "early_cut_stream": Scenario(STREAM, SUNNY, OUTPUT_BLOCK, how="cut", keep_alives=1),
    "guard_unavailable": Scenario(
        ruling=Ruling(chat.OUTAGE, replacements=((0, chat.canned("guard_unavailable")),))
    ),
    "upstream_unreachable": Scenario(error=UpstreamError("upstream_unreachable", 502)),
    "upstream_error_relayed": Scenario(
        error=UpstreamError("upstream_error", 529, REFUSED, headers=(("retry-after", "7"),))
    ),
    "upstream_error_reshaped": Scenario(error=UpstreamError("upstream_error", 429, CHAT_ERROR), wires=CHAT),
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
    "counted": Scenario(upstream=[b'{"input_tokens":42}'], path=COUNT),
    "count_blocked": Scenario(ruling=chat.INPUT_BLOCK, path=COUNT),
    "count_unsupported": Scenario(wires=CHAT, path=COUNT),
}
