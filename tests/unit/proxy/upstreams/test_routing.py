"""Routing: by configuration and model name only."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from policies.critique import Ask
from proxy.exchange.exchange import Exchange, Onward, Usage
from proxy.exchange.ports import CriticAnswer, UpstreamAnswer, UpstreamError
from proxy.upstreams.routing import Route, UpstreamRouter
from proxy.upstreams.scripted import ScriptedUpstream
from proxy.upstreams.testing import an_exchange

QUESTION = Ask("critique", "s", "u", 10)


class Named:
    """An adapter that tells its name and whether it was closed."""

    def __init__(self, name: str, fails: bool = False) -> None:
        self.name = name
        self.fails = fails
        self.closed = 0

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        return ScriptedUpstream().open(exchange, payload)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        return CriticAnswer(self.name, Usage())

    async def models(
        self, headers: Mapping[str, str] | None = None, key: str | None = None
    ) -> list[dict[str, Any]]:
        return [{"id": "shared"}, {"id": self.name, "key": key or (headers or {}).get("authorization")}]

    async def aclose(self) -> None:
        self.closed += 1
        if self.fails:
            raise RuntimeError(self.name)


def test_exact_names_come_before_starts_and_the_default() -> None:
    """Among starts the first in the order given."""
    default, exact, claude, anthropic = (Named(name) for name in ("default", "exact", "claude", "anthropic"))
    router = UpstreamRouter(
        default,
        [
            Route("anthropic/claude*", claude),
            Route("anthropic/*", anthropic),
            Route("anthropic/claude-x", exact),
        ],
    )
    assert router.adapter("anthropic/claude-x") is exact
    assert router.adapter("anthropic/claude-y") is claude
    assert router.adapter("anthropic/other") is anthropic
    assert router.adapter("anthropic") is default
    assert router.adapter("ANTHROPIC/other") is default
    assert router.adapter("gpt-4o") is default


def test_without_a_default_an_unknown_model_does_not_exist() -> None:
    """It is 404, not somebody else's."""
    router = UpstreamRouter(None, [Route("fast", Named("a"))])
    with pytest.raises(UpstreamError) as caught:
        router.open(an_exchange("slow"), b"{}")
    assert caught.value.status == 404
    assert b"model_not_found" in (caught.value.body or b"")


async def test_a_critic_is_routed_by_its_own_name() -> None:
    """A draft of one provider can be criticised by another."""
    router = UpstreamRouter(Named("default"), [Route("judge/*", Named("judge"))])
    assert (await router.ask(an_exchange("gpt"), QUESTION)).text == "default"
    assert (await router.ask(an_exchange("gpt", critic="judge/large"), QUESTION)).text == "judge"


async def test_models_are_listed_once() -> None:
    """Of every adapter, the default's first, asked with the client's headers."""
    routed = Named("routed")
    router = UpstreamRouter(Named("default"), [Route("a", routed), Route("b/*", routed)])
    listed = await router.models({"authorization": "Bearer x"})
    assert [entry["id"] for entry in listed] == ["shared", "default", "routed"]
    assert listed[1]["key"] == "Bearer x"


async def test_a_tenant_with_a_server_of_its_own_has_every_call_there() -> None:
    """Whatever the model is; the connection is made once for an address and closed with the others."""
    made: list[Named] = []

    def connect(url: str) -> Named:
        made.append(Named(url))
        return made[-1]

    router = UpstreamRouter(Named("default"), [Route("smart", Named("routed"))], connect)
    theirs = an_exchange("smart")
    theirs.onward = Onward("http://eu.test/v1", "k")
    asked = [(await router.ask(theirs, QUESTION)).text for _ in range(2)]
    assert asked == ["http://eu.test/v1"] * 2
    assert (await router.ask(an_exchange("smart"), QUESTION)).text == "routed"
    listed = await router.models({}, theirs.onward)
    assert [entry["id"] for entry in listed] == ["shared", "http://eu.test/v1"]
    assert listed[1]["key"] == "k"
    await router.aclose()
    assert [each.closed for each in made] == [1]


async def test_every_adapter_is_closed_once() -> None:
    """Also when closing another one fails."""
    default, routed = Named("default"), Named("routed", fails=True)
    router = UpstreamRouter(default, [Route("a", routed), Route("b/*", routed)])
    with pytest.raises(RuntimeError):
        await router.aclose()
    assert (default.closed, routed.closed) == (1, 1)
