"""The route that asks: the surface kit, and what makes a request an exchange."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import CHAT, Wire
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from proxy.surfaces.responses.routes import NATIVE, Responses
from proxy.surfaces.responses.withheld import Withheld
from tests.kits.scripted_corridor import payload_of
from tests.kits.surface_kit import DECISION, Asgi, Caller, FakeCorridor, SurfaceKit
from tests.unit.proxy.surfaces.responses.scenarios import responses_route

HELLO = {"model": "m", "input": "hello"}


class TestResponsesSurface(SurfaceKit):
    path = "/v1/responses"
    surface = "responses"

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        return GuardedRoute(Responses(lambda _: NATIVE, Withheld()), corridor, entrance)

    def good_body(self) -> dict[str, Any]:
        return HELLO


async def walked(body: dict[str, Any], path: str = "/v1/responses", **route: Any) -> Exchange:
    corridor = FakeCorridor()
    await Caller(responses_route(corridor, **route)).call(
        "POST", path, [("content-type", "application/json")], [orjson.dumps(body)]
    )
    return corridor.walked[0]


async def test_an_exchange_holds_what_the_request_asked_for() -> None:
    exchange = await walked(
        {**HELLO, "stream": True, "moderation": {"model": "x"}, "tool_choice": "required"}
    )
    assert (exchange.model, exchange.stream, exchange.choices, exchange.structured) == ("m", True, 1, True)
    assert (exchange.target, exchange.wants_verdict, exchange.parts) == ("/responses", True, 2)
    assert payload_of(exchange)["instructions"] == "Be helpful."


async def test_an_upstream_without_this_api_is_asked_for_chat_completions() -> None:
    exchange = await walked(HELLO, wires=CHAT)
    assert exchange.target == "/chat/completions"
    assert [message["content"] for message in payload_of(exchange)["messages"]] == ["Be helpful.", "hello"]


@pytest.mark.parametrize(
    ("body", "wires", "status", "code"),
    [
        ({**HELLO, "input": 4}, NATIVE, 400, "invalid_value"),
        ({**HELLO, "background": True}, CHAT, 400, "unsupported_by_upstream"),
        ({**HELLO, "previous_response_id": "resp_1"}, CHAT, 400, "unsupported_by_upstream"),
        ({**HELLO, "previous_response_id": 4}, NATIVE, 400, "invalid_value"),
        ({**HELLO, "previous_response_id": f"resp_{DECISION}"}, NATIVE, 404, "response_not_stored"),
        (HELLO, frozenset[Wire]({"messages"}), 400, "unsupported_by_upstream"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_it_is_walked(
    body: dict[str, Any], wires: frozenset[Wire], status: int, code: str
) -> None:
    corridor = FakeCorridor()
    answer = await Caller(responses_route(corridor, wires=wires)).post("/responses", body)
    assert (answer.status, answer.error()["code"]) == (status, code)
    assert corridor.rejections == [("responses", status, code)]
    assert corridor.walked == []


async def test_only_the_beta_parameter_goes_on() -> None:
    assert (await walked(HELLO, "/v1/responses?beta=true")).target == "/responses?beta=true"
    answer = await Caller(responses_route(FakeCorridor())).post("/v1/responses?stream=true", HELLO)
    assert answer.error()["code"] == "invalid_value"


async def test_exchanges_share_no_memory_of_what_was_judged() -> None:
    first, second = [await walked(HELLO) for _ in range(2)]
    assert first.codec is not second.codec


async def test_no_conversation_goes_on_from_an_answer_that_was_blocked() -> None:
    corridor, withheld = FakeCorridor(), Withheld()
    withheld.add("resp_1")
    withheld.add("resp_2", revised=True)
    route = responses_route(corridor, withheld=withheld)
    answer = await Caller(route).post("/responses", {**HELLO, "previous_response_id": "resp_1"})
    assert (answer.status, answer.error()["code"]) == (404, "response_withheld")
    assert corridor.walked == []
    await Caller(route).post("/responses", {**HELLO, "previous_response_id": "resp_2"})
    assert len(corridor.walked) == 1
