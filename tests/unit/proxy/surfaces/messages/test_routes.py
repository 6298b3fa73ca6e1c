"""The route that asks: the surface kit, and what makes a request an exchange."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.exchange.ports import CHAT, Wire
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from proxy.surfaces.messages.routes import ID_HEADER, Messages
from tests.kits.scripted_corridor import payload_of
from tests.kits.surface_kit import DECISION, Asgi, Caller, FakeCorridor, SurfaceKit
from tests.unit.proxy.surfaces.messages.scenarios import NATIVE, route, walked

HELLO: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}


class TestMessagesSurface(SurfaceKit):
    path = "/v1/messages"
    surface = "messages"

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        return GuardedRoute(Messages(lambda _: NATIVE), corridor, entrance, id_header=ID_HEADER)

    def good_body(self) -> dict[str, Any]:
        return HELLO

    async def test_a_refusal_says_its_id_where_anthropic_s_clients_look(self) -> None:
        _, caller = self._set_up()
        answer = await caller.post(self.path, b"{")
        assert answer.header("request-id") == answer.json()["request_id"] == DECISION


async def test_an_exchange_holds_what_the_request_asked_for() -> None:
    exchange = await walked({**HELLO, "stream": True, "tool_choice": {"type": "any"}})
    assert (exchange.model, exchange.stream, exchange.choices, exchange.structured) == ("m", True, 1, True)
    assert (exchange.target, exchange.may_withhold, exchange.parts) == ("/messages", True, 1)
    assert payload_of(exchange)["system"] == "Be helpful."


async def test_an_upstream_without_this_api_is_asked_for_chat_completions() -> None:
    exchange = await walked(HELLO, wires=CHAT)
    assert exchange.target == "/chat/completions"
    assert [message["content"] for message in payload_of(exchange)["messages"]] == ["Be helpful.", "hello"]


@pytest.mark.parametrize(
    ("body", "wires", "code"),
    [
        ({**HELLO, "messages": "hello"}, NATIVE, "invalid_value"),
        ({**HELLO, "system": 4}, NATIVE, "invalid_value"),
        ({**HELLO, "mcp_servers": [{"url": "https://a.test"}]}, CHAT, "unsupported_by_upstream"),
        (HELLO, frozenset[Wire]({"responses"}), "unsupported_by_upstream"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_it_is_walked(
    body: dict[str, Any], wires: frozenset[Wire], code: str
) -> None:
    corridor = FakeCorridor()
    answer = await Caller(route(corridor, wires=wires)).post("/messages", body)
    assert (answer.status, answer.error()["code"]) == (400, code)
    assert corridor.walked == []


async def test_only_the_beta_parameter_goes_on() -> None:
    assert (await walked(HELLO, "/v1/messages?beta=true")).target == "/messages?beta=true"
    answer = await Caller(route(FakeCorridor())).post("/v1/messages?stream=true", HELLO)
    assert answer.error()["code"] == "invalid_value"


async def test_exchanges_share_no_memory_of_what_was_said() -> None:
    first, second = [await walked(HELLO) for _ in range(2)]
    assert first.codec is not second.codec
