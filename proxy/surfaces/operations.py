"""The routes that no model answers: greeting, health, models, metrics, and everything that does not exist.

FastAPI serves these. `public_routes` may stand on the port that clients use; `operator_routes` (health detail
and metrics) belong on it only where it is not reachable from outside, so they come separately.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from proxy.errors import BadRequest, GatehouseError, InternalError, MethodNotAllowed, NotFound
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions.downstream import translated
from proxy.surfaces.decision_id import DecisionIds

ModelLister = Callable[[Mapping[str, str]], Awaitable[Sequence[Mapping[str, Any]]]]
"""From request headers (tenant, key) to models as `/v1/models` lists them."""
Readiness = Callable[[], Awaitable[tuple[bool, Mapping[str, str]]]]
"""Whether the house is ready, and the state of each part in one word."""
Exposition = Callable[[str], tuple[bytes, str]]
"""From the Accept header to the metrics page and its content type; runs on a thread."""

Reload = Callable[[], tuple[bool, Mapping[str, Any]]]
"""Reads the files anew: whether that was possible, and what to say of it; runs on a thread."""

RELOAD_PATH = "/-/reload"
DECISION_KEY = "gatehouse.decision"
"""Where the scope of a request holds the decision id under which its fault was reported."""

UNSUPPORTED = "This route is not guarded by Gatehouse, so it is not served."


def public_routes(models: ModelLister, *, version: str) -> APIRouter:
    """Greeting and models, with and without `/v1`."""
    router = APIRouter(include_in_schema=False)

    async def greet() -> Response:
        return _json({"service": "gatehouse", "version": version, "status": "ok"})

    async def list_models(request: Request) -> Response:
        found = [_model(entry) for entry in await models(dict(request.headers))]
        return _json({"object": "list", "data": found})

    async def get_model(request: Request, model_id: str) -> Response:
        for entry in await models(dict(request.headers)):
            if entry.get("id") == model_id:
                return _json(_model(entry))
        raise NotFound("There is no such model.", code="model_not_found", param="model")

    for prefix in ("", "/v1"):
        router.add_api_route(prefix or "/", greet, methods=["GET", "HEAD"])
        router.add_api_route(f"{prefix}/models", list_models, methods=["GET"])
        router.add_api_route(f"{prefix}/models/{{model_id:path}}", get_model, methods=["GET"])
    return router


def operator_routes(ready: Readiness, metrics: Exposition) -> APIRouter:
    """Liveness (the process turns), readiness (all parts are there) and the metrics page."""
    router = APIRouter(include_in_schema=False)

    async def livez() -> Response:
        return _json({"status": "ok"})

    async def readyz() -> Response:
        is_ready, parts = await ready()
        body = {"status": "ok" if is_ready else "unavailable", "parts": dict(parts)}
        return _json(body, 200 if is_ready else 503)

    def expose(request: Request) -> Response:
        # A plain function: FastAPI runs it on a thread, and a scrape takes milliseconds.
        body, content_type = metrics(request.headers.get("accept", ""))
        return Response(body, media_type=None, headers={"content-type": content_type})

    router.add_api_route("/livez", livez, methods=["GET", "HEAD"])
    router.add_api_route("/readyz", readyz, methods=["GET", "HEAD"])
    router.add_api_route("/metrics", expose, methods=["GET"])
    return router


def reload_routes(reload: Reload) -> APIRouter:
    """`POST /-/reload`, for a listener that clients do not reach."""
    router = APIRouter(include_in_schema=False)

    def now() -> Response:
        # A plain function: FastAPI runs it on a thread, and files are read there.
        done, body = reload()
        return _json(body, 200 if done else 422)

    router.add_api_route(RELOAD_PATH, now, methods=["POST"])
    return router


def speak_openai(app: FastAPI, new_id: Callable[[], str] | None = None) -> None:
    """Let every error of the application be in OpenAI's shape, never in FastAPI's own."""
    make_id = new_id or DecisionIds()

    async def on_fault(request: Request, _: Exception) -> Response:
        decision = request.scope[DECISION_KEY] = make_id()
        fault = InternalError(f"Gatehouse failed on this request. Decision id: {decision}.")
        headers = {"x-request-id": decision, "x-gatehouse-request-id": decision}
        return Response(fault.body(), fault.status, headers, media_type="application/json")

    app.router.redirect_slashes = False
    app.add_exception_handler(Exception, on_fault)
    app.add_exception_handler(GatehouseError, _on_gatehouse_error)
    app.add_exception_handler(UpstreamError, _on_upstream_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


async def _on_gatehouse_error(_: Request, error: Exception) -> Response:
    fault = error if isinstance(error, GatehouseError) else GatehouseError("Gatehouse failed.")
    headers = dict(fault.headers())
    return Response(fault.body(), fault.status, headers, media_type="application/json")


async def _on_upstream_error(request: Request, error: Exception) -> Response:
    """The upstream's own answer where it gave one (a missing key, say), else what went wrong."""
    if isinstance(error, UpstreamError) and error.body is not None:
        return Response(error.body, error.status, dict(error.headers), media_type=error.content_type)
    return await _on_gatehouse_error(request, translated(error, ""))


async def _on_http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    fault: GatehouseError = NotFound(UNSUPPORTED)
    if status == 405:
        headers = error.headers if isinstance(error, HTTPException) else None
        fault = MethodNotAllowed((headers or {}).get("allow") or (headers or {}).get("Allow") or "GET")
    elif status != 404:
        fault = BadRequest("The request could not be read.")
    return await _on_gatehouse_error(request, fault)


async def _on_validation_error(request: Request, _: Exception) -> Response:
    return await _on_gatehouse_error(request, BadRequest("The request could not be read."))


def _model(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A model with the four keys that clients require."""
    return {"object": "model", "created": 0, "owned_by": "gatehouse", **entry}


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
