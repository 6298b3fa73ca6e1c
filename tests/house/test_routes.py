"""Every route that reaches a model does so through the corridor."""

from __future__ import annotations

import ast
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from policies.critique import Ask
from proxy.app import Gatehouse, build
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import CriticAnswer, UpstreamAnswer, Wire
from proxy.settings import Settings
from proxy.upstreams.scripted import ScriptedUpstream
from tests.house.sources import Source

CHAT = {"model": "gatehouse-scripted", "messages": [{"role": "user", "content": "Why does bread rise?"}]}
FEEDBACK = {"decision_id": "gh-" + "a" * 26, "kind": "thumbs_up"}

RESPONSE = {"model": "gatehouse-scripted", "input": "Why does bread rise?"}
COMPLETION = {"model": "gatehouse-scripted", "prompt": "Why does bread rise?"}
MESSAGE = {**CHAT, "max_tokens": 64}

GUARDED: dict[str, list[dict[str, Any]]] = {
    "/chat/completions": [CHAT, {**CHAT, "stream": True}],
    "/completions": [COMPLETION, {**COMPLETION, "stream": True}],
    "/responses": [RESPONSE, {**RESPONSE, "stream": True}],
    "/messages": [MESSAGE, {**MESSAGE, "stream": True}],
}
"""Hot routes that ask a model, with requests in every mode."""

PICTURE = {"model": "gatehouse-scripted", "prompt": "a loaf of bread"}
RELAYED: dict[str, dict[str, Any]] = {
    "/embeddings": {"model": "gatehouse-scripted", "input": "Why does bread rise?"},
    "/audio/speech": {"model": "gatehouse-scripted", "input": "Bread rises.", "voice": "alloy"},
    **dict.fromkeys(("/audio/transcriptions", "/audio/translations"), PICTURE),
    "/messages/count_tokens": MESSAGE,
    **dict.fromkeys(("/images/generations", "/images/edits", "/images/variations"), PICTURE),
}
"""Hot routes that are relayed to an upstream that has them; those of media where the settings say so."""

LITELLM = {"input_type": "request", "texts": ["Why does bread rise?"], "request_data": {}}
WEBHOOK = {"body": {"messages": CHAT["messages"]}}
WEBHOOK_ANSWER = {"body": {"choices": [{"message": {"role": "assistant", "content": "Gas."}}]}}

MODEL_FREE: dict[str, dict[str, Any]] = {
    "/feedback": FEEDBACK,
    "/moderations": {"input": "Why does bread rise?"},
    "/guard/check": {"input": "Why does bread rise?"},
    "/beta/litellm_basic_guardrail_api": LITELLM,
    **dict.fromkeys(("/request", "/agentgateway/request"), WEBHOOK),
    **dict.fromkeys(("/response", "/agentgateway/response"), WEBHOOK_ANSWER),
}
"""Hot routes that ask none."""

STORED = {
    *("GET /responses/{id}", "GET /responses/{id}/input_items"),
    *("POST /responses/{id}/cancel", "DELETE /responses/{id}"),
}
"""Guarded routes with a name in their path: they ask an upstream for what it has stored."""

DEPLOYMENTS = {"POST /openai/deployments/{name}/chat/completions"}
"""Azure's paths, which name the model."""

COLD = {
    *("/", "/v1", "/models", "/v1/models", "/models/{model_id:path}", "/v1/models/{model_id:path}"),
    *("/livez", "/readyz", "/metrics"),
    *("/constitution", "/v1/constitution", "/constitution/{name}", "/v1/constitution/{name}"),
}
"""Routes of the FastAPI application."""


class WatchedUpstream:
    """The stand-in model, noting for each call whether its exchange was walking the corridor."""

    def __init__(self) -> None:
        self.model = ScriptedUpstream(0)
        self.app: Gatehouse | None = None
        self.calls: list[bool] = []
        self.wires: frozenset[Wire] = self.model.wires

    def _note(self, exchange: Exchange) -> None:
        assert self.app is not None
        self.calls.append(exchange.id in self.app.corridor.under_way)

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        self._note(exchange)
        return self.model.open(exchange, payload)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        self._note(exchange)
        return await self.model.ask(exchange, prompt)

    async def models(
        self, headers: Mapping[str, str] | None = None, key: str | None = None
    ) -> list[dict[str, Any]]:
        return await self.model.models(headers, key)

    async def aclose(self) -> None:
        await self.model.aclose()


@asynccontextmanager
async def opened(folder: Path, **more: Any) -> AsyncIterator[tuple[Gatehouse, WatchedUpstream]]:
    upstream = WatchedUpstream()
    settings = Settings.model_validate({"ledger": {"path": folder / "ledger.jsonl"}, **more})
    upstream.app = app = build(settings, upstream=upstream)
    async with app.fastapi.router.lifespan_context(app.fastapi):
        yield app, upstream


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[tuple[Gatehouse, WatchedUpstream]]:
    async with opened(tmp_path) as both:
        yield both


async def ask(app: Gatehouse, method: str, path: str, body: object | None = None) -> tuple[int, bytes]:
    """Status and body of one request, straight through ASGI."""
    raw = b"" if body is None else json.dumps(body).encode()
    headers = [(b"host", b"test"), (b"content-type", b"application/json")]
    headers.append((b"content-length", str(len(raw)).encode()))
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
    scope |= {"scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "root_path": ""}
    sent: list[dict[str, Any]] = []
    requests = iter([{"type": "http.request", "body": raw, "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in requests:
            return message
        import asyncio

        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def test_every_hot_route_is_known_here(house: tuple[Gatehouse, WatchedUpstream]) -> None:
    """A new hot route has to be entered above, with requests in every mode it has."""
    app, _ = house
    assert set(app.routes) == set(GUARDED) | {"/embeddings", "/messages/count_tokens"} | set(MODEL_FREE)
    prefixes = ("", "/v1", "/openai/v1")
    known = {f"{before}{path}" for path in app.routes for before in prefixes}
    assert set(app.front.hot_paths) == known | STORED | DEPLOYMENTS


async def test_guarded_routes_reach_the_model_from_within_the_corridor_only(
    house: tuple[Gatehouse, WatchedUpstream],
) -> None:
    app, upstream = house
    for path, bodies in GUARDED.items():
        for prefix in ("", "/v1", "/openai/v1"):
            for body in bodies:
                upstream.calls.clear()
                status, _ = await ask(app, "POST", prefix + path, body)
                assert status == 200, path
                assert upstream.calls, f"{path} asked no model: is the request below its modes?"
                assert all(upstream.calls), f"{path} reached the model outside the corridor"


async def test_deployments_reach_the_model_from_within_the_corridor_only(
    house: tuple[Gatehouse, WatchedUpstream],
) -> None:
    app, upstream = house
    for route in DEPLOYMENTS:
        method, path = route.replace("{name}", "gatehouse-scripted").split()
        for body in GUARDED["/chat/completions"]:
            upstream.calls.clear()
            status, _ = await ask(app, method, path, body)
            assert (status, set(upstream.calls)) == (200, {True})


async def test_relayed_routes_reach_an_upstream_from_within_the_corridor_only(tmp_path: Path) -> None:
    """The stand-in has none of them and says so, but it is asked, and by the corridor."""
    async with opened(tmp_path, relay=["audio", "images"]) as (app, upstream):
        assert set(app.routes) == set(GUARDED) | set(RELAYED) | set(MODEL_FREE)
        for path, body in RELAYED.items():
            upstream.wires, upstream.calls = frozenset({"embeddings", "media", "messages"}), []
            assert (await ask(app, "POST", f"/v1{path}", body))[0] == 404
            assert upstream.calls == [True], path
            upstream.wires, upstream.calls = upstream.model.wires, []
            assert (await ask(app, "POST", path, body))[0] == 400
            assert upstream.calls == [], path


async def test_stored_answers_are_asked_for_from_within_the_corridor_only(
    house: tuple[Gatehouse, WatchedUpstream],
) -> None:
    app, upstream = house
    upstream.wires = frozenset({"responses"})
    for route in STORED:
        method, path = route.replace("{id}", "resp_1").split()
        upstream.calls.clear()
        status, _ = await ask(app, method, f"/v1{path}")
        assert status == 404, "the stand-in stores nothing"
        assert upstream.calls == [True], route


async def test_model_free_routes_ask_no_model(house: tuple[Gatehouse, WatchedUpstream]) -> None:
    app, upstream = house
    for path, body in MODEL_FREE.items():
        status, _ = await ask(app, "POST", path, body)
        assert status < 500, path
    assert not upstream.calls


def paths(routes: list[Any]) -> set[str]:
    """Paths of routes, those of included routers too."""
    found: set[str] = set()
    for route in routes:
        inner = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            found.add(route.path)
        elif inner is not None:
            found |= paths(inner.routes)
        else:
            found.add(getattr(route, "path", repr(route)))
    return found


async def test_cold_routes_are_listed_and_ask_no_model(house: tuple[Gatehouse, WatchedUpstream]) -> None:
    app, upstream = house
    assert paths(app.fastapi.routes) == COLD
    for path in COLD:
        status, _ = await ask(app, "GET", path.replace("{model_id:path}", "none"))
        assert status in (200, 404), path
    assert not upstream.calls


async def test_routes_that_no_guard_reads_do_not_exist(house: tuple[Gatehouse, WatchedUpstream]) -> None:
    """Neither other endpoints of the API nor other spellings of a guarded one get anywhere."""
    app, upstream = house
    others = (
        "/v1/files",
        "/v1/batches",
        "/v1/realtime",
        "/v1/images/generations",
        "/v1/audio/speech",
        "/v1/responses/compact",
        "/v1/responses/input_tokens",
        "/v1/responses/resp_1",
        "/v1/responses/../responses",
        "/v1/conversations",
        "/v1/messages/batches",
    )
    spellings = (
        *(
            "/v1/chat/completions/",
            "//v1/chat/completions",
            "/V1/chat/completions",
            "/v1/chat/../chat/completions",
        ),
        *("/v1/chat/completions;x", "/v1/v1/chat/completions", "/v1/chat%2fcompletions"),
    )
    for path in (*others, *spellings):
        status, body = await ask(app, "POST", path, CHAT)
        assert status in (404, 405), path
        assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}, path
    assert not upstream.calls


def test_only_the_corridor_calls_the_model(sources: list[Source]) -> None:
    """`upstream.open` is written in the pipeline, `critic.ask` in the reviewer, and nowhere else."""
    allowed = ("proxy/exchange/pipeline.py", "proxy/exchange/reviewing.py")
    strays = [
        f"{source.path}:{node.lineno} {ast.unparse(node.func)}"
        for source in sources
        if source.room == "proxy"
        and source.path not in allowed
        and not source.path.startswith("proxy/upstreams/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("open", "ask")
        if any(word in ast.unparse(node.func.value) for word in ("upstream", "critic", "router", "adapter"))
    ]
    assert not strays, "\n".join(strays)


def test_surfaces_know_no_upstream(sources: list[Source]) -> None:
    """A surface can only translate: it imports no adapter and no port that calls a model."""
    strays = [
        f"{source.path}:{found.line} {found.module}"
        for source in sources
        if source.path.startswith("proxy/surfaces/")
        for found in source.imports
        if found.module.startswith("proxy.upstreams")
        or found.module in ("proxy.exchange.ports.Upstream", "proxy.exchange.ports.Critic")
    ]
    assert not strays, "\n".join(strays)
