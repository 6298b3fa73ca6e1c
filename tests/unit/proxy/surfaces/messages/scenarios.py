"""Messages exchanges as scripts: what the upstream said and what the corridor ruled, without a corridor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import CHAT, UpstreamError, UpstreamHead, Wire
from proxy.surfaces.guarded_route import GuardedRoute, Surface
from proxy.surfaces.messages.counting import CountTokens
from proxy.surfaces.messages.routes import ID_HEADER, Messages
from proxy.surfaces.reading import Limits
from tests.kits.scripted_corridor import Scripted
from tests.kits.surface_kit import NOW, Asgi, Caller, FakeCorridor, entrance
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.messages import wire
from tests.unit.proxy.surfaces.told_alike import OUTPUT_BLOCK, STREAM, shared

NATIVE: frozenset[Wire] = frozenset({"messages"})
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
    surface: Surface = CountTokens(lambda _: wires) if counts else Messages(lambda _: wires, wall=lambda: NOW)
    return GuardedRoute(surface, corridor, entrance(style, limits), id_header=ID_HEADER)


async def walked(body: dict[str, Any], path: str = "/v1/messages", **how: Any) -> Exchange:
    """The exchange that a request becomes."""
    corridor = FakeCorridor()
    await Caller(route(corridor, counts="count" in path, **how)).post(path, body)
    return corridor.walked[0]


JSON_MODE = {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}
TOOLS = {"tools": [{"name": "get_weather", "input_schema": {"type": "object"}}]}
SUNNY = wire.stream(wire.text("It is sunny."))
REFUSED = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
CHAT_ERROR = b'{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":null}}'
COUNT = "/v1/messages/count_tokens"

SCENARIOS: dict[str, Scenario] = shared(
    Scenario, wire.said, lambda text: wire.stream(wire.text(text)), JSON_MODE, TOOLS
) | {
    "thinking_stream": Scenario(STREAM, wire.stream(wire.THOUGHT, wire.text("Sunny.")), how="end", relayed=9),
    "blocked_error_stream": Scenario(STREAM, ruling=chat.INPUT_BLOCK, style="error"),
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
    "upstream_error_relayed": Scenario(
        error=UpstreamError("upstream_error", 529, REFUSED, headers=(("retry-after", "7"),))
    ),
    "upstream_error_reshaped": Scenario(error=UpstreamError("upstream_error", 429, CHAT_ERROR), wires=CHAT),
    "counted": Scenario(upstream=[b'{"input_tokens":42}'], path=COUNT),
    "count_blocked": Scenario(ruling=chat.INPUT_BLOCK, path=COUNT),
    "count_unsupported": Scenario(wires=CHAT, path=COUNT),
}
