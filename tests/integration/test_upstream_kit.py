"""The upstream kit against every adapter, with the codec that serves chat completions."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from proxy.upstreams.http_limits import HttpTimeouts
from proxy.upstreams.http_upstream import HttpUpstream
from proxy.upstreams.litellm_upstream import LitellmTarget, LitellmTimeouts, LitellmUpstream
from proxy.upstreams.routing import UpstreamRouter
from proxy.upstreams.scripted import ScriptedUpstream
from proxy.upstreams.testing import BEHAVIOURS, ScriptedServer
from tests.kits.upstream_kit import RemoteUpstreamKit, UpstreamKit, UpstreamRig, collect


class TestHttpUpstream(RemoteUpstreamKit):
    """`http_upstream` keeps the promises."""

    @pytest.fixture
    async def rig(self) -> AsyncIterator[UpstreamRig]:
        async with ScriptedServer() as server:
            timeouts = HttpTimeouts(connect=1, first_byte=0.5, idle=0.5)
            adapter = HttpUpstream(server.url, "sk-secret", timeouts=timeouts)
            yield UpstreamRig(adapter, server=server)
            await adapter.aclose()


class TestScriptedUpstream(UpstreamKit):
    """The stand-in keeps the promises."""

    @pytest.fixture
    async def rig(self) -> UpstreamRig:
        return UpstreamRig(ScriptedUpstream())


class TestRoutedUpstream(UpstreamKit):
    """A router keeps the promises of what it routes to."""

    @pytest.fixture
    async def rig(self) -> UpstreamRig:
        return UpstreamRig(UpstreamRouter(ScriptedUpstream()))


@pytest.mark.slow
class TestLitellmUpstream(RemoteUpstreamKit):
    """`litellm_upstream` keeps the promises."""

    @pytest.fixture
    async def rig(self) -> AsyncIterator[UpstreamRig]:
        pytest.importorskip("litellm", reason="litellm cannot be imported here")
        async with ScriptedServer() as server:
            targets = {name: LitellmTarget(f"openai/{name}", "sk-secret", server.url) for name in BEHAVIOURS}
            adapter = LitellmUpstream(targets)
            rig = UpstreamRig(adapter, server=server)
            await collect(adapter, rig.exchange())  # its first call takes a second of set-up
            server.calls.clear()
            adapter.timeouts = LitellmTimeouts(first_byte=1, idle=0.5, total=5)
            yield rig
            await adapter.aclose()
