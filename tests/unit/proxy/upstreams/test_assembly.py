"""Settings become upstreams."""

from __future__ import annotations

import sys

import pytest

from proxy.exchange.exchange import Onward
from proxy.exchange.ports import UpstreamError
from proxy.settings import Settings
from proxy.upstreams.assembly import assemble_upstreams
from proxy.upstreams.http_upstream import HttpUpstream
from proxy.upstreams.litellm_upstream import LitellmUpstream
from proxy.upstreams.scripted import ScriptedUpstream

SERVER = {"upstream": "http://127.0.0.1:9/v1"}


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


def test_without_an_upstream_the_stand_in_answers() -> None:
    """Every model name."""
    assert isinstance(assemble_upstreams(settings()).adapter("anthropic/claude"), ScriptedUpstream)


def test_a_server_answers_all_but_the_providers() -> None:
    """Which go through litellm by the start of their name."""
    router = assemble_upstreams(settings(**SERVER))
    assert isinstance(router.adapter("gpt-4o"), HttpUpstream)
    assert isinstance(router.adapter("meta-llama/Llama-3"), HttpUpstream)
    assert isinstance(router.adapter("anthropic/claude"), LitellmUpstream)


def test_limits_and_keys_reach_the_server() -> None:
    """In the adapter's own units."""
    limits = {
        "connect_s": 1,
        "first_byte_s": 2,
        "idle_s": 3,
        "connections": 4,
        "keepalive_s": 5,
        "answer_bytes": 6,
    }
    router = assemble_upstreams(settings(**SERVER, upstream_api_key="sk-ours", upstream_limits=limits))
    server = router.adapter("gpt-4o")
    assert isinstance(server, HttpUpstream)
    assert server.credentials({"authorization": "Bearer theirs"}) == {"authorization": "Bearer sk-ours"}
    assert (server.timeouts.connect, server.timeouts.first_byte, server.timeouts.idle) == (1, 2, 3)
    assert (server.limits.connections, server.limits.keepalive_seconds, server.limits.answer_bytes) == (
        4,
        5,
        6,
    )


def test_clients_keys_are_relayed_unless_they_are_ours() -> None:
    """`relay_authorization` False keeps them in the house."""
    given = {"authorization": "Bearer theirs"}
    for relayed, expected in ((True, given), (False, {})):
        server = assemble_upstreams(settings(**SERVER), relay_authorization=relayed).adapter("m")
        assert isinstance(server, HttpUpstream)
        assert server.credentials(given) == expected


def test_a_tenant_s_own_server_gets_no_key_but_the_tenant_s() -> None:
    """Neither the house's key nor the client's goes to a server of somebody else."""
    router = assemble_upstreams(settings(**SERVER, upstream_api_key="sk-ours"))
    theirs = router.of(Onward("http://eu.test/v1", "sk-theirs"), "m")
    assert isinstance(theirs, HttpUpstream)
    assert theirs.credentials({"authorization": "Bearer the-client"}) == {}
    assert theirs.credentials({}, "sk-theirs") == {"authorization": "Bearer sk-theirs"}


async def test_routes_alone_leave_other_models_unknown() -> None:
    """A named route answers; no stand-in slips in."""
    route = {"model": "anthropic/claude-sonnet-4-5", "api_key": "sk-x"}
    router = assemble_upstreams(settings(routes={"smart": route}))
    assert isinstance(router.adapter("smart"), LitellmUpstream)
    assert [entry["id"] for entry in await router.models()] == ["smart"]
    with pytest.raises(UpstreamError):
        router.adapter("gpt-4o")


def test_assembling_imports_no_litellm() -> None:
    """It takes seconds; only a call needs it."""
    before = "litellm" in sys.modules
    assemble_upstreams(settings(**SERVER, routes={"smart": "anthropic/claude"}))
    assert ("litellm" in sys.modules) == before
