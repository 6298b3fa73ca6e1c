"""The application with an upstream that says what it is told to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from policies.critique import Ask
from proxy.app import Gatehouse, build
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import CHAT, CriticAnswer, UpstreamAnswer
from proxy.settings import LedgerSettings, LogSettings, Settings
from proxy.upstreams.scripted import ScriptedUpstream
from proxy.upstreams.scripts import Script

_SAMPLE = re.compile(r"^(gatehouse_\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Puppet:
    """Upstream and critic that speak one script, whatever is asked."""

    script: Script = field(default_factory=lambda: Script("bench", "", (), ("Hello.",)))
    wires = CHAT

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        return self._spoken().open(exchange, payload)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        return await self._spoken().ask(exchange, prompt)

    async def models(self, headers: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        return await self._spoken().models(headers)

    async def aclose(self) -> None:
        return None

    def _spoken(self) -> ScriptedUpstream:
        return ScriptedUpstream(scripts=(self.script,))


@dataclass(frozen=True, slots=True)
class House:
    """A running application, its client and its upstream."""

    app: Gatehouse
    client: httpx.AsyncClient
    puppet: Puppet

    async def ask(self, prompt: str) -> httpx.Headers:
        """Headers of the answer to a prompt."""
        body = {"model": "bench", "messages": [{"role": "user", "content": prompt}]}
        return (await self.client.post("/v1/chat/completions", json=body)).headers

    def tokens(self) -> dict[str, float]:
        """Tokens so far by purpose, as `client prompt`, `critique completion`, …"""
        page = self.app.metrics.exposition()[0].decode()
        found: dict[str, float] = {}
        for name, labels, value in _SAMPLE.findall(page):
            if name == "gatehouse_tokens_total":
                said = dict(re.findall(r'(\w+)="([^"]*)"', labels))
                found[f"{said['purpose']} {said['type']}"] = float(value)
        return found


@asynccontextmanager
async def opened(policy: str) -> AsyncIterator[House]:
    """A house under a policy (name or path)."""
    puppet = Puppet()
    app = build(
        Settings(policy=policy, ledger=LedgerSettings(mode="off"), log=LogSettings(access=0)), upstream=puppet
    )
    transport = httpx.ASGITransport(app=app)
    async with (
        app.fastapi.router.lifespan_context(app.fastapi),
        httpx.AsyncClient(transport=transport, base_url="http://house", timeout=60) as client,
    ):
        yield House(app, client, puppet)
