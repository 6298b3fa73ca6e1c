"""Stored responses: which requests go on, and what of them."""

from __future__ import annotations

import pytest

from proxy.exchange.ports import CHAT
from proxy.surfaces.responses.retrieval import Action
from proxy.surfaces.responses.withheld import Withheld
from tests.kits.surface_kit import DECISION, Answer, Caller, FakeCorridor
from tests.unit.proxy.surfaces.responses.scenarios import stored_route
from tests.unit.proxy.surfaces.responses.wire import UPSTREAM_ID

PATH = f"/v1/responses/{UPSTREAM_ID}"
BELOW = f"/responses/{UPSTREAM_ID}"


async def refused(path: str, action: Action = "fetch", **route: object) -> Answer:
    corridor = FakeCorridor()
    answer = await Caller(stored_route(corridor, action, **route)).call("GET", path)  # type: ignore[arg-type]
    assert corridor.walked == []
    assert len(corridor.rejections) == 1
    return answer


@pytest.mark.parametrize(
    ("action", "method", "path", "target", "stream"),
    [
        ("fetch", "GET", PATH, BELOW, False),
        ("fetch", "GET", f"{PATH}?stream=true", f"{BELOW}?stream=true", True),
        ("fetch", "GET", f"{PATH}?stream=false", f"{BELOW}?stream=false", False),
        ("fetch", "GET", f"{PATH}?stream=true&starting_after=4", f"{BELOW}?stream=true", True),
        (
            "fetch",
            "GET",
            f"{PATH}?include[]=a&include[]=b",
            f"{BELOW}?include%5B%5D=a&include%5B%5D=b",
            False,
        ),
        ("list", "GET", f"{PATH}/input_items?limit=2", f"{BELOW}/input_items?limit=2", False),
        ("cancel", "POST", f"{PATH}/cancel", f"{BELOW}/cancel", False),
        ("delete", "DELETE", PATH, BELOW, False),
    ],
)
async def test_a_request_goes_on_as_it_was_read(
    action: Action, method: str, path: str, target: str, stream: bool
) -> None:
    corridor = FakeCorridor()
    await Caller(stored_route(corridor, action)).call(method, path)
    exchange = corridor.walked[0]
    assert (exchange.method, exchange.target, exchange.stream) == (method, target, stream)
    assert exchange.surface == "responses"
    assert exchange.codec.payload(exchange, "Be kind.") == b""


@pytest.mark.parametrize(
    "query",
    [
        *("stream=true&stream=false", "stream=1", "stream", "stream=True", "starting_after=x", "unheard=of"),
        *("starting_after=-1", "starting_after=%D9%A3", "limit=4", "stream=%FF", "include_obfuscation=maybe"),
    ],
)
async def test_a_query_that_two_servers_could_read_differently_is_refused(query: str) -> None:
    answer = await refused(f"{PATH}?{query}")
    assert (answer.status, answer.error()["code"]) == (400, "invalid_value")


@pytest.mark.parametrize("identity", ["..", ".", "compact", "input_tokens", f"resp_{DECISION}", "-", "a.b"])
async def test_what_is_no_stored_response_does_not_exist(identity: str) -> None:
    answer = await refused(f"/v1/responses/{identity}")
    assert (answer.status, answer.error()["code"]) == (404, "response_not_stored")


async def test_an_upstream_without_this_api_stores_nothing() -> None:
    answer = await refused(PATH, wires=CHAT)
    assert (answer.status, answer.error()["code"]) == (404, "response_not_stored")


@pytest.mark.parametrize(
    ("action", "known"), [("fetch", False), ("list", False), ("cancel", True), ("delete", True)]
)
async def test_a_withheld_answer_can_be_cancelled_and_deleted_only(action: Action, known: bool) -> None:
    withheld = Withheld()
    withheld.add(UPSTREAM_ID)
    corridor = FakeCorridor()
    await Caller(stored_route(corridor, action, withheld=withheld)).call("GET", PATH)
    assert len(corridor.walked) == known
