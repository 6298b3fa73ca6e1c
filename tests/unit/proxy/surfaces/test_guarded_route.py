"""What every guarded route does, whatever its surface: the order of checks, the shape of refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from classifiers.classification import Conversation
from policies.bundle import PolicyBundle
from proxy.errors import BadRequest, GatehouseError, RateLimited
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import Downstream
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.surfaces.chat_completions.downstream import ChatDownstream
from proxy.surfaces.connection import Connection
from proxy.surfaces.end_user import EndUsers, IdentifierMode
from proxy.surfaces.guarded_route import Asked, Call, Entrance, GuardedRoute
from proxy.surfaces.reading import Limits
from proxy.surfaces.verdict_headers import VerdictHeaders
from tests.kits.surface_kit import DECISION, Caller, FakeCorridor, greeted, make_bundle


class Echo:
    """A surface that asks for what its request says and writes errors its own way."""

    name = "echo"

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:
        self.calls.append(call)
        return Asked("m", Conversation(()), ChatCodec(), call.target, method=call.method)

    def downstream(self, exchange: Exchange, connection: Connection) -> Downstream:
        return ChatDownstream(exchange, connection, VerdictHeaders(), lambda: 0.0)

    def error_body(self, error: GatehouseError, decision: str) -> bytes:
        return f'{{"odd":"{error.code}","id":"{decision}"}}'.encode()


def a_route(corridor: FakeCorridor, surface: Echo, **entrance: Any) -> GuardedRoute:
    given = {"greet": greeted(), "new_id": lambda: DECISION, **entrance}
    return GuardedRoute(surface, corridor, Entrance(**given))


def test_a_call_says_its_target_and_which_query_it_may_have() -> None:
    plain, beta, odd = (Call("POST", "/things", query, {}, {}, b"") for query in ("", "beta=true", "a=1"))
    assert [call.target for call in (plain, beta, odd)] == ["/things", "/things?beta=true", "/things?a=1"]
    plain.check_query()
    beta.check_query()
    with pytest.raises(BadRequest):
        odd.check_query()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_request_without_a_body_is_an_exchange_like_any_other(method: str) -> None:
    corridor, surface = FakeCorridor(), Echo()
    await Caller(a_route(corridor, surface)).call(method, "/v1/things/a_1")
    exchange = corridor.walked[0]
    assert (exchange.surface, exchange.method, exchange.target) == ("echo", method, "/things/a_1")
    assert (surface.calls[0].body, surface.calls[0].raw) == ({}, b"")


async def test_a_refusal_has_the_surface_s_own_shape_and_is_recorded() -> None:
    corridor = FakeCorridor()
    answer = await Caller(a_route(corridor, Echo())).post("/things", b"{")
    assert (answer.status, answer.json()) == (400, {"odd": "invalid_json", "id": DECISION})
    assert answer.header("x-gatehouse-request-id") == DECISION
    assert corridor.rejections == [("echo", 400, "invalid_json")]


async def test_a_refusal_says_its_id_under_the_name_that_the_route_has_for_it() -> None:
    route = GuardedRoute(Echo(), FakeCorridor(), Entrance(greeted(make_bundle())), id_header=b"request-id")
    answer = await Caller(route).post("/things", b"{")
    assert answer.header("request-id") == answer.header("x-request-id") is not None


async def test_who_has_used_up_a_share_is_turned_away_before_the_body_is_read() -> None:
    async def admit(_: Mapping[str, str]) -> None:
        raise RateLimited("Later.", retry_after=3)

    corridor, surface = FakeCorridor(), Echo()
    caller = Caller(a_route(corridor, surface, admit=admit))
    answer = await caller.post("/things", {"a": 1})
    assert (answer.status, answer.header("retry-after")) == (429, "3")
    assert (caller.read, surface.calls, corridor.walked) == (0, [], [])


async def test_an_end_user_reaches_the_exchange_as_a_digest_and_the_upstream_as_the_settings_say() -> None:
    modes: dict[IdentifierMode, str] = {"relay": "anna", "hash": EndUsers(b"k").digest({"user": "anna"})}
    for mode, expected in modes.items():
        corridor = FakeCorridor()
        route = a_route(corridor, Echo(), end_users=EndUsers(b"k", mode))
        await Caller(route).post("/things", {"user": "anna"})
        exchange = corridor.walked[0]
        assert exchange.end_user == EndUsers(b"k").digest({"user": "anna"})
        assert exchange.body == orjson.loads(exchange.original) == {"user": expected}


@pytest.mark.parametrize(("body", "walked"), [(b"", 1), (b" {} ", 1), (b'{"a":1}', 0), (b"x", 0)])
async def test_a_route_without_a_body_takes_none(body: bytes, walked: int) -> None:
    """Clients send such a request without a content type."""
    corridor = FakeCorridor()
    entrance = Entrance(greeted(), new_id=lambda: DECISION)
    route = GuardedRoute(Echo(), corridor, entrance, bodyless=True)
    answer = await Caller(route).call("POST", "/v1/things/a_1/stop", (), [body])
    assert len(corridor.walked) == walked
    assert walked or answer.status == 400
    assert all(exchange.original == b"" for exchange in corridor.walked)


async def test_a_policy_may_say_for_each_surface_how_a_block_looks() -> None:
    bundle = make_bundle(block_styles={"echo": "error", "other": "refusal"})
    corridor = FakeCorridor()
    await Caller(a_route(corridor, Echo(), greet=greeted(bundle))).post("/things", {})
    assert corridor.walked[0].bundle.policy.block_style == "error"
    assert corridor.walked[0].bundle.policy.digest == bundle.policy.digest


async def test_a_key_in_azure_s_header_is_a_key_like_any_other() -> None:
    corridor = FakeCorridor()
    caller = Caller(a_route(corridor, Echo()))
    await caller.post("/things", {}, {"api-key": "k"})
    assert corridor.walked[0].headers["authorization"] == "Bearer k"
    assert "api-key" not in corridor.walked[0].headers
    twice = await caller.post("/things", {}, {"api-key": "k", "authorization": "Bearer other"})
    assert twice.status == 400


async def test_azure_s_base_url_leads_to_the_same_paths() -> None:
    corridor, surface = FakeCorridor(), Echo()
    await Caller(a_route(corridor, surface)).post("/openai/v1/things", {})
    assert surface.calls[0].path == "/things"


@pytest.mark.parametrize("forms", [True, False])
async def test_a_form_is_taken_where_the_surface_reads_forms_and_nowhere_else(forms: bool) -> None:
    corridor, surface = FakeCorridor(), Echo()
    entrance = Entrance(greeted(), new_id=lambda: DECISION)
    route = GuardedRoute(surface, corridor, entrance, forms=forms)
    answer = await Caller(route).post(
        "/things", b"--b--", {"content-type": "multipart/form-data; boundary=b"}
    )
    assert (len(corridor.walked), answer.status) == ((1, 0) if forms else (0, 415))
    assert [call.raw for call in surface.calls] == ([b"--b--"] if forms else [])


async def test_what_no_constitution_leads_is_not_said_to_be_led() -> None:
    class Unled(Echo):
        def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:
            return replace(super().read(call, limits, bundle), led=False, content_type="x/y")

    corridor = FakeCorridor()
    await Caller(a_route(corridor, Unled())).post("/things", {})
    await Caller(a_route(corridor, Echo())).post("/things", {})
    assert [exchange.bundle.constitution.text for exchange in corridor.walked] == ["", "Be helpful."]
    assert [exchange.content_type for exchange in corridor.walked] == ["x/y", "application/json"]
