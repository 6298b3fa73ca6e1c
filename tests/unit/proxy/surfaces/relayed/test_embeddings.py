"""Embeddings: the surface kit, what is read, and what passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from policies.verdict import Failure
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import CHAT, UpstreamError, Wire
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from proxy.surfaces.relayed.embeddings import MOST_INPUTS, Embeddings
from tests.kits.surface_kit import Asgi, Caller, FakeCorridor, SurfaceKit, greeted
from tests.unit.proxy.surfaces.relayed.relaying import POLICY, WIRES, House, embeddings_surface

HELLO = {"model": "m", "input": "hello"}
VECTOR = (
    b'{"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 1e-7]}], '
    b'"model": "m", "usage": {"prompt_tokens": 5, "total_tokens": 5}}'
)


class TestEmbeddingsSurface(SurfaceKit):
    path = "/v1/embeddings"
    surface = "embeddings"

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        return GuardedRoute(embeddings_surface(), corridor, entrance)

    def good_body(self) -> dict[str, Any]:
        return HELLO


async def walked(body: dict[str, Any], wires: frozenset[Wire] = WIRES) -> Exchange:
    corridor = FakeCorridor()
    entrance = Entrance(greeted())
    await Caller(GuardedRoute(embeddings_surface(wires), corridor, entrance)).post("/embeddings", body)
    return corridor.walked[0]


def texts(exchange: Exchange) -> list[str]:
    return [turn.text for turn in exchange.conversation.turns]


def kinds(exchange: Exchange) -> list[str]:
    return [part.kind for part in exchange.conversation.uncovered]


async def test_each_text_of_a_batch_is_a_turn_that_counts() -> None:
    """A rule that reads only what was asked last reads them all: no answer stands between them."""
    house = House(embeddings_surface(), VECTOR)
    answer = await house.caller.post("/embeddings", {**HELLO, "input": ["bad", *["fine."] * 5]})
    assert (answer.status, answer.error()["code"]) == (400, "content_policy_violation")
    assert house.upstream.asked == []


async def test_the_request_goes_on_and_the_answer_comes_back_byte_for_byte() -> None:
    house = House(embeddings_surface(), VECTOR)
    raw = b'{"input" : ["a", "b"],\n "model":"m", "encoding_format": "base64"}'
    answer = await house.caller.post("/embeddings", raw)
    assert house.upstream.asked == [("/embeddings", "application/json", raw)]
    assert (answer.status, answer.body) == (200, VECTOR)
    assert answer.header("x-ratelimit-left") == "9"


async def test_the_record_tells_usage_and_that_no_constitution_was_sent() -> None:
    house = House(embeddings_surface(), VECTOR)
    answer = await house.caller.post("/embeddings", HELLO)
    (closed,) = house.ledger.closed()
    assert (closed.surface, closed.outcome, closed.input_screened) == ("embeddings", "completed", True)
    assert (closed.constitution, closed.output_screened) == ("none@1.0", False)
    assert closed.usage is not None
    assert closed.usage.prompt_tokens == 5
    assert answer.header("x-gatehouse-constitution") is None


@pytest.mark.parametrize(
    ("value", "read", "unread"),
    [
        ("hello", ["hello"], []),
        (["a", "", "b"], ["a", "b"], []),
        ([1, 2], [], ["token_ids"]),
        ([[1], [2]], [], ["token_ids", "token_ids"]),
        ([{"type": "text", "text": "a"}, "b"], ["a", "b"], []),
        ([{"type": "image_url", "image_url": {"url": "https://a.test/x.png"}}], [""], ["image"]),
    ],
)
async def test_whatever_can_be_embedded_is_read_or_listed(
    value: Any, read: list[str], unread: list[str]
) -> None:
    exchange = await walked({**HELLO, "input": value})
    assert (texts(exchange), kinds(exchange)) == (read, unread)


async def test_texts_beside_the_input_are_read_too() -> None:
    """Servers have fields of their own: an instruction, messages to embed."""
    exchange = await walked({**HELLO, "instruction": "say it", "encoding_format": "say that"})
    assert texts(exchange)[0] == "hello"
    assert {"say it", "say that"} <= {line for text in texts(exchange) for line in text.split("\n")}
    spoken = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert texts(await walked(spoken)) == ["hi"]


@pytest.mark.parametrize(
    "value", [None, "", [], [""], {}, 4, ["a", 1], [1, "a"], [["a"]], [[1, "a"]], [True], [[[1]]], [[], "a"]]
)
async def test_inputs_of_no_one_kind_are_refused(value: Any) -> None:
    caller = Caller(GuardedRoute(embeddings_surface(), FakeCorridor(), Entrance(greeted())))
    answer = await caller.post("/embeddings", {**HELLO, "input": value})
    assert (answer.status, answer.error()["param"]) == (400, "input")


async def test_a_batch_has_an_end() -> None:
    caller = Caller(GuardedRoute(embeddings_surface(), FakeCorridor(), Entrance(greeted())))
    answer = await caller.post("/embeddings", {**HELLO, "input": ["a"] * (MOST_INPUTS + 1)})
    assert answer.status == 400
    assert len(texts(await walked({**HELLO, "input": ["a."] * MOST_INPUTS}))) == MOST_INPUTS


async def test_token_ids_pass_flagged_or_not_at_all_as_the_policy_says() -> None:
    house = House(embeddings_surface(), VECTOR)
    answer = await house.caller.post("/embeddings", {**HELLO, "input": [1, 2]})
    assert (answer.status, answer.header("x-gatehouse-category")) == (200, "uncovered")
    assert house.ledger.closed()[0].uncovered == ("token_ids",)
    strict = House(embeddings_surface(), VECTOR, policy=replace(POLICY, on_uncovered="block", digest="s"))
    answer = await strict.caller.post("/embeddings", {**HELLO, "input": [1, 2]})
    assert (answer.status, strict.upstream.asked) == (400, [])


async def test_a_guard_that_fails_is_an_outage_and_no_pass() -> None:
    house = House(embeddings_surface(), VECTOR, failure=Failure.TIMEOUT)
    answer = await house.caller.post("/embeddings", HELLO)
    assert (answer.status, answer.error()["code"]) == (503, "guard_unavailable")
    assert house.upstream.asked == []


async def test_an_upstream_without_embeddings_is_not_asked() -> None:
    caller = Caller(GuardedRoute(embeddings_surface(CHAT), FakeCorridor(), Entrance(greeted())))
    answer = await caller.post("/embeddings", HELLO)
    assert (answer.status, answer.error()["code"]) == (400, "unsupported_by_upstream")


async def test_a_model_that_no_upstream_has_is_left_to_the_corridor_to_report() -> None:
    def nowhere(_: str) -> frozenset[Wire]:
        raise UpstreamError("upstream_error", 404, b"{}")

    corridor = FakeCorridor()
    route = GuardedRoute(Embeddings(nowhere), corridor, Entrance(greeted()))
    await Caller(route).post("/embeddings", HELLO)
    assert len(corridor.walked) == 1


async def test_the_official_client_reads_the_answer() -> None:
    from openai.types import CreateEmbeddingResponse

    answer = await House(embeddings_surface(), VECTOR).caller.post("/embeddings", orjson.dumps(HELLO))
    assert CreateEmbeddingResponse.model_validate(answer.json()).data[0].embedding == [0.1, 1e-7]
