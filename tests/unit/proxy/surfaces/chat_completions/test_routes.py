"""The chat route: the surface kit, and what makes a request an exchange."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.classification import Origin
from proxy.errors import BadRequest
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import Downstream
from proxy.surfaces.chat_completions.routes import ChatCompletions, check_request
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from proxy.surfaces.reading import Limits
from tests.kits.surface_kit import DECISION, Asgi, Caller, FakeCorridor, SurfaceKit
from tests.unit.proxy.surfaces.chat_completions.scenarios import chat_route

HELLO = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


class TestChatSurface(SurfaceKit):
    path = "/v1/chat/completions"
    surface = "chat_completions"

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        return GuardedRoute(ChatCompletions(), corridor, entrance)

    def good_body(self) -> dict[str, Any]:
        return HELLO


async def walked(body: dict[str, Any], headers: dict[str, str] | None = None) -> Exchange:
    corridor = FakeCorridor()
    await Caller(chat_route(corridor)).post("/v1/chat/completions", body, headers)
    return corridor.walked[0]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages"),
        ({"messages": [[]]}, "messages"),
        ({"messages": [{}] * 5000}, "messages"),
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 4}, "model"),
        ({"model": "m" * 300}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": True}, "n"),
    ],
)
async def test_a_request_that_cannot_be_walked_names_its_field(change: dict[str, Any], param: str) -> None:
    corridor = FakeCorridor()
    answer = await Caller(chat_route(corridor)).post("/chat/completions", {**HELLO, **change})
    assert (answer.status, answer.error()["param"]) == (400, param)
    assert corridor.rejections == [("chat_completions", 400, "invalid_value")]


async def test_an_exchange_holds_what_the_request_asked_for() -> None:
    exchange = await walked({**HELLO, "stream": True, "n": 3, "moderation": {"model": "x"}, "top_k": 4})
    assert (exchange.id, exchange.model, exchange.stream, exchange.choices) == (DECISION, "m", True, 3)
    assert exchange.wants_verdict
    assert exchange.body["top_k"] == 4
    assert exchange.deadline == exchange.started + Limits().exchange_seconds


async def test_unknown_roles_are_walked_and_read_as_the_user_s() -> None:
    exchange = await walked({"model": "m", "messages": [{"role": "root", "content": "hello"}]})
    assert [(turn.origin, turn.role) for turn in exchange.conversation.turns] == [(Origin.USER, "unknown")]


@pytest.mark.parametrize(("header", "language"), [("de-AT,en;q=0.5", "de"), ("xx", "en"), ("", "en")])
async def test_the_language_is_the_header_s_where_it_names_one(header: str, language: str) -> None:
    assert (await walked(HELLO, {"accept-language": header})).language == language


async def test_a_fault_before_the_exchange_exists_is_recorded_and_raised() -> None:
    def broken(_: object) -> Any:
        raise ZeroDivisionError

    corridor = FakeCorridor()
    route = GuardedRoute(ChatCompletions(), corridor, Entrance(broken))
    with pytest.raises(ZeroDivisionError):
        await Caller(route).post("/chat/completions", HELLO)
    assert corridor.rejections == [("chat_completions", 500, "internal_error")]


async def test_a_walk_without_trouble_leaves_no_task_behind() -> None:
    import asyncio

    async def slow(exchange: Exchange, client: Downstream) -> None:
        await asyncio.sleep(0.15)

    await Caller(chat_route(FakeCorridor(slow))).post("/chat/completions", HELLO)
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("moderation", [True, "m", [], {}, {"model": 7}])
async def test_a_moderation_field_has_openai_s_shape(moderation: object) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "moderation": moderation}
    with pytest.raises(BadRequest) as caught:
        check_request(body, Limits())
    assert caught.value.param == "moderation"
