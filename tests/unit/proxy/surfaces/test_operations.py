"""Greeting, health, models, metrics, and nothing in FastAPI's own error shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from proxy.errors import GuardUnavailable
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.operations import operator_routes, public_routes, speak_openai
from tests.kits.surface_kit import Caller

MODELS = [{"id": "org/model:1", "created": 5, "owned_by": "org"}, {"id": "scripted"}]


def build(ready: bool = True) -> Caller:
    async def models(headers: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        return MODELS

    async def readiness() -> tuple[bool, Mapping[str, str]]:
        return ready, {"models": "ok", "store": "ok" if ready else "down"}

    def exposition(accept: str) -> tuple[bytes, str]:
        return f"# {accept}\n".encode(), "text/plain; version=0.0.4"

    app = FastAPI(openapi_url=None)
    speak_openai(app)
    app.include_router(public_routes(models, version="1.2.3"))
    app.include_router(operator_routes(readiness, exposition))

    async def teapot() -> None:
        raise HTTPException(418, "own detail")

    async def full() -> None:
        raise GuardUnavailable(retry_after=3)

    async def refused() -> None:
        raise UpstreamError("upstream_error", 401, b'{"error":{"message":"no key"}}')

    async def unreachable() -> None:
        raise UpstreamError("upstream_unreachable", 502)

    async def typed(number: int) -> int:
        return number

    app.add_api_route("/teapot", teapot)
    app.add_api_route("/full", full)
    app.add_api_route("/typed", typed)
    app.add_api_route("/refused", refused)
    app.add_api_route("/unreachable", unreachable)
    return Caller(app)


@pytest.mark.parametrize("path", ["/", "/v1"])
async def test_the_base_url_answers_quickly(path: str) -> None:
    answer = await build().call("GET", path)
    assert answer.json() == {"service": "gatehouse", "version": "1.2.3", "status": "ok"}


@pytest.mark.parametrize("path", ["/models", "/v1/models"])
async def test_models_have_the_four_required_keys(path: str) -> None:
    answer = await build().call("GET", path)
    assert answer.json()["object"] == "list"
    for model in answer.json()["data"]:
        assert model.keys() == {"id", "object", "created", "owned_by"}


async def test_one_model_is_found_by_a_name_with_slashes() -> None:
    answer = await build().call("GET", "/v1/models/org/model:1")
    assert answer.json() == {"id": "org/model:1", "object": "model", "created": 5, "owned_by": "org"}
    missing = await build().call("GET", "/v1/models/nope")
    assert (missing.status, missing.error()["code"]) == (404, "model_not_found")


async def test_liveness_only_says_that_the_process_turns() -> None:
    assert (await build(ready=False).call("GET", "/livez")).status == 200


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readiness_names_what_is_missing(ready: bool, status: int) -> None:
    answer = await build(ready).call("GET", "/readyz")
    assert answer.status == status
    assert answer.json()["parts"]["store"] == ("ok" if ready else "down")


async def test_metrics_speak_the_scraper_s_language() -> None:
    answer = await build().call("GET", "/metrics", [("accept", "text/plain")])
    assert answer.body == b"# text/plain\n"
    assert answer.header("content-type") == "text/plain; version=0.0.4"


@pytest.mark.parametrize(
    "path", ["/v1/embeddings", "/docs", "/openapi.json", "/v1/files", "/livez/", "/v1/models/"]
)
async def test_routes_that_do_not_exist_say_so_in_openai_s_shape(path: str) -> None:
    answer = await build().call("GET", path)
    assert answer.status == 404
    assert answer.error()["code"] in ("unsupported_route", "model_not_found")


async def test_a_wrong_method_says_what_is_allowed() -> None:
    answer = await build().call("POST", "/v1/models")
    assert (answer.status, answer.error()["code"]) == (405, "method_not_allowed")
    assert answer.header("allow") == "GET"


async def test_every_error_of_the_framework_has_the_shape() -> None:
    teapot = await build().call("GET", "/teapot")
    assert teapot.error()["message"] == "The request could not be read."
    typed = await build().call("GET", "/typed")
    assert (typed.status, typed.error()["type"]) == (400, "invalid_request_error")
    full = await build().call("GET", "/full")
    assert (full.status, full.header("retry-after")) == (503, "3")


async def test_an_upstream_that_lists_no_models_is_the_upstreams_error() -> None:
    """Its own words where it gave some, ours where it could not be reached; never a 500."""
    caller = build()
    relayed = await caller.call("GET", "/refused")
    assert (relayed.status, relayed.body) == (401, b'{"error":{"message":"no key"}}')
    down = await caller.call("GET", "/unreachable")
    assert down.status == 502
    assert down.error()["code"] == "upstream_unreachable"
