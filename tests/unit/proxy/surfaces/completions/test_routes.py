"""Text completions: the surface kit, what is judged, and what an upstream without them is asked instead."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Delivery, Draft, Exchange, Replacement, ReplyOrigin
from proxy.exchange.ports import Downstream, ReplyHead, Ruling, UpstreamError, Wire
from proxy.surfaces.completions.routes import Completions
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from proxy.surfaces.reading import Limits
from tests.kits.surface_kit import (
    DECISION,
    NOW,
    Answer,
    Asgi,
    Caller,
    FakeCorridor,
    Script,
    SurfaceKit,
    entrance,
    greeted,
)
from tests.unit.proxy.surfaces.chat_completions.scenarios import ALLOWED, BLOCK, HEAD

HELLO = {"model": "m", "prompt": "hello"}
NATIVE: frozenset[Wire] = frozenset({"completions"})
CHAT: frozenset[Wire] = frozenset({"chat_completions"})
CANNED = Replacement("Not that.", ReplyOrigin.CANNED)


def a_route(corridor: FakeCorridor, wires: frozenset[Wire] = NATIVE, **limits: Any) -> GuardedRoute:
    surface = Completions(lambda _: wires, wall=lambda: NOW)
    return GuardedRoute(surface, corridor, entrance(limits=Limits(**limits)))


class TestCompletionsSurface(SurfaceKit):
    path = "/v1/completions"
    surface = "completions"

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        return GuardedRoute(Completions(lambda _: NATIVE), corridor, entrance)

    def good_body(self) -> dict[str, Any]:
        return HELLO


async def walked(body: dict[str, Any], wires: frozenset[Wire] = NATIVE) -> Exchange:
    corridor = FakeCorridor()
    answer = await Caller(a_route(corridor, wires)).post("/v1/completions", body)
    assert answer.status == 0, answer.body
    return corridor.walked[0]


async def answered(body: dict[str, Any], script: Script, wires: frozenset[Wire] = NATIVE) -> Answer:
    return await Caller(a_route(FakeCorridor(script), wires)).post("/v1/completions", body)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": 4}, "prompt"),
        ({"prompt": ["a", 4]}, "prompt"),
        ({"prompt": [["a"]]}, "prompt"),
        ({"prompt": [True]}, "prompt"),
        ({"prompt": {}}, "prompt"),
        ({"prompt": ["a"] * 3, "n": 3}, "prompt"),
        ({"model": ""}, "model"),
        ({"suffix": 4}, "suffix"),
        ({"messages": [{"role": "user", "content": "hidden"}]}, "messages"),
        ({"stream": 1}, "stream"),
        ({"n": 0}, "n"),
    ],
)
async def test_a_request_that_cannot_be_walked_names_its_field(change: dict[str, Any], param: str) -> None:
    corridor = FakeCorridor()
    answer = await Caller(a_route(corridor, choices=8)).post("/completions", {**HELLO, **change})
    assert (answer.status, answer.error()["param"]) == (400, param)


async def test_every_prompt_and_the_suffix_are_what_the_user_says_now() -> None:
    exchange = await walked(
        {"model": "m", "prompt": ["one", "two"], "suffix": "three", "n": 2, "note": "four"}
    )
    assert exchange.conversation.last_user_text() == "one\n\ntwo\n\nthree"
    assert "four" in "\n".join(turn.text for turn in exchange.conversation.turns)
    assert exchange.choices == 4


@pytest.mark.parametrize("prompt", [[1, 2, 3], [[1, 2], [3]]])
async def test_token_ids_are_not_read_and_say_so(prompt: object) -> None:
    for suffix in ("", "a text that is read"):
        exchange = await walked({"model": "m", "prompt": prompt, "suffix": suffix})
        assert [part.kind for part in exchange.conversation.uncovered] == ["token_ids"]


async def test_the_constitution_leads_every_prompt_that_is_text_and_not_echoed() -> None:
    for prompt, sent in (
        ("a", "Be kind.\n\na"),
        (["a", "b"], ["Be kind.\n\na", "Be kind.\n\nb"]),
        ([1], [1]),
    ):
        exchange = await walked({"model": "m", "prompt": prompt})
        assert orjson.loads(exchange.codec.payload(exchange, "Be kind."))["prompt"] == sent
    exchange = await walked({**HELLO, "echo": True})
    assert exchange.codec.payload(exchange, "Be kind.") == exchange.original


async def test_an_upstream_that_speaks_chat_only_is_asked_in_chat() -> None:
    exchange = await walked({**HELLO, "max_tokens": 5, "suffix": None, "best_of": 1}, CHAT)
    sent = orjson.loads(exchange.codec.payload(exchange, "Be kind."))
    assert exchange.target == "/chat/completions"
    assert sent["messages"][1] == {"role": "user", "content": "hello"}
    assert (sent["max_tokens"], "prompt" in sent, "suffix" in sent) == (5, False, False)


@pytest.mark.parametrize(
    "change",
    [{"prompt": ["a"]}, {"prompt": [1]}, {"echo": True}, {"suffix": "x"}, {"logprobs": 2}, {"odd": 1}],
)
async def test_what_chat_cannot_be_asked_is_refused(change: dict[str, Any]) -> None:
    answer = await Caller(a_route(FakeCorridor(), CHAT)).post("/completions", {**HELLO, **change})
    assert (answer.status, answer.error()["param"]) == (400, next(iter(change)))


async def test_a_model_without_a_route_is_left_to_the_upstream_call() -> None:
    def nowhere(_: str) -> frozenset[Wire]:
        raise UpstreamError("model_not_found", 404)

    corridor = FakeCorridor()
    entrance = Entrance(greeted())
    await Caller(GuardedRoute(Completions(nowhere), corridor, entrance)).post("/completions", HELLO)
    assert len(corridor.walked) == 1


async def test_a_blocked_prompt_is_answered_in_the_shape_of_completions() -> None:
    async def block(_: Exchange, client: Downstream) -> None:
        await client.deliver(
            ReplyHead(BLOCK, Delivery.BUFFERED, None), [], Draft(), Ruling(BLOCK, replacements=((0, CANNED),))
        )

    body = (await answered(HELLO, block)).json()
    assert (body["object"], body["id"]) == ("text_completion", f"cmpl-{DECISION}")
    assert body["choices"] == [
        {"index": 0, "text": "Not that.", "logprobs": None, "finish_reason": "content_filter"}
    ]
    frames = (await answered({**HELLO, "stream": True}, block)).data()
    assert frames[-1] == "[DONE]"
    assert "".join(each["choices"][0]["text"] for each in frames[:-1]) == "Not that."
    assert frames[-2]["choices"][0]["finish_reason"] == "content_filter"


async def test_a_chat_answer_comes_back_as_a_completion() -> None:
    chat = {
        "id": "chatcmpl-1",
        "created": 1,
        "model": "m",
        "usage": None,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}
        ],
    }

    async def relay(exchange: Exchange, client: Downstream) -> None:
        delta = exchange.codec.body(orjson.dumps(chat))
        draft = Draft()
        draft.add(delta)
        assert draft.choices[0].content == "Hi."
        await client.deliver(ReplyHead(ALLOWED, Delivery.BUFFERED, HEAD), [delta], draft, Ruling(ALLOWED))

    body = (await answered(HELLO, relay, CHAT)).json()
    assert (body["object"], body["choices"][0]["text"]) == ("text_completion", "Hi.")
    assert "message" not in body["choices"][0]
