"""A whole Gatehouse in this process, asked request by request: what came of each of them.

The shipped models and a shipped policy, the scripted model as upstream, no socket. Used where what matters is
what the service does, not what a classifier says.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from proxy.app import Gatehouse, build
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import UpstreamAnswer
from proxy.settings import load_settings
from proxy.surfaces.chat_completions.codec import WITHHELD
from proxy.upstreams.scripted import ScriptedUpstream

Outcome = Literal["refused", "blocked", "withheld", "flagged", "passed", "failed"]
"""`refused`: an error 4xx; `withheld`: the model was asked without the text; `failed`: an error 5xx."""
STOPPED: frozenset[Outcome] = frozenset({"refused", "blocked", "withheld"})
"""Outcomes in which the model has not read the text."""


class WholeApp:
    """A context. `model`: folder of the input model; `folder`: where the ledger may lie."""

    def __init__(self, model: Path, policy: str, folder: Path) -> None:
        chosen = {
            "models": {"input": model},
            "policy": policy,
            "ledger.path": folder / f"{policy}.jsonl",
            "log.access": 0,
        }
        self._upstream = _Recording()
        self._app: Gatehouse = build(load_settings(chosen, None, {}), upstream=self._upstream)
        self._runner = asyncio.Runner()
        app = self._app.fastapi
        self._lifespan: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)

    def __enter__(self) -> Self:
        self._runner.run(_entered(self._lifespan))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(_left(self._lifespan))
        self._runner.close()

    def ask(self, request: Mapping[str, Any]) -> Outcome:
        """What comes of a chat request (without a model)."""
        return self._runner.run(self._ask(json.dumps({"model": "m", **request}).encode()))

    async def _ask(self, raw: bytes) -> Outcome:
        answer = _Answer(raw)
        self._upstream.heard = b""
        await self._app(answer.scope, answer.receive, answer.send)
        if answer.status >= 400:
            return "refused" if answer.status < 500 else "failed"
        action = answer.headers.get(b"x-gatehouse-action", b"").decode()
        if action == "block":
            return "blocked"
        if WITHHELD.encode() in self._upstream.heard:
            return "withheld"
        return "passed" if action == "allow" else "flagged"


async def _entered(context: AbstractAsyncContextManager[Any]) -> None:
    await context.__aenter__()


async def _left(context: AbstractAsyncContextManager[Any]) -> None:
    await context.__aexit__(None, None, None)


class _Recording(ScriptedUpstream):
    """The scripted model, which keeps the last request."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = b""

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """See `ports.Upstream.open`."""
        self.heard = payload
        return super().open(exchange, payload)


class _Answer:
    """One request as ASGI has it, and the head of its answer."""

    def __init__(self, raw: bytes) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self._raw = raw
        self._ended = asyncio.Event()
        rows = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(raw))]
        self.scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1"}
        self.scope |= {"method": "POST", "path": "/v1/chat/completions", "raw_path": b"", "query_string": b""}
        self.scope |= {"headers": rows, "scheme": "http", "root_path": "", "client": ("127.0.0.1", 1)}
        self.scope["server"] = ("127.0.0.1", 80)
        self._given = False

    async def receive(self) -> dict[str, Any]:
        """The body, then silence until the answer is complete."""
        if not self._given:
            self._given = True
            return {"type": "http.request", "body": self._raw, "more_body": False}
        await self._ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Keep status and headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = dict(message["headers"])
        elif not message.get("more_body", False):
            self._ended.set()
