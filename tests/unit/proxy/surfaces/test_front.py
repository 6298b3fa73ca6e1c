"""The front door: known paths exactly, everything else to the application, every fault in one shape."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI

from proxy.errors import GatehouseError
from proxy.surfaces.front import Dialect, Front, Pattern
from proxy.surfaces.operations import speak_openai
from tests.kits.surface_kit import DECISION, Caller, FakeCorridor
from tests.unit.proxy.surfaces.chat_completions.scenarios import chat_route

PROMPT = "with prompt text"
HELLO = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


class Doors:
    """A front over a chat route and an application, and who was called."""

    def __init__(self, hot: Any = None, **more: Any) -> None:
        self.corridor = FakeCorridor()
        app = FastAPI(openapi_url=None)
        speak_openai(app, lambda: DECISION)
        app.add_api_route("/fault", self.fault, methods=["GET"])
        app.add_api_route("/fine", self.fine, methods=["GET"])
        handler = hot or chat_route(self.corridor)
        self.front = Front(app, {"/chat/completions": handler}, new_id=lambda: DECISION, **more)
        self.caller = Caller(self.front)

    @staticmethod
    async def fault() -> None:
        raise ValueError(PROMPT)

    @staticmethod
    async def fine() -> str:
        return "fine"


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/chat/completions"])
async def test_hot_paths_are_known_with_and_without_the_prefix(path: str) -> None:
    doors = Doors()
    await doors.caller.post(path, HELLO)
    assert len(doors.corridor.walked) == 1
    assert path in doors.front.hot_paths


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1//chat/completions",
        "/V1/Chat/Completions",
        "/v1/chat/completions;x",
        "/v1/v1/chat/completions",
        "/v2/chat/completions",
        "/v1/embeddings",
        "/v1/batches",
        "/v1/responses",
        "/",
    ],
)
async def test_every_other_spelling_and_route_is_unsupported(path: str) -> None:
    doors = Doors()
    answer = await doors.caller.post(path, HELLO)
    assert (answer.status, answer.error()["code"]) == (404, "unsupported_route")
    assert doors.corridor.walked == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_a_hot_path_answers_post_only(method: str) -> None:
    answer = await Doors().caller.call(method, "/v1/chat/completions")
    assert (answer.status, answer.error()["code"]) == (405, "method_not_allowed")
    assert answer.header("allow") == "POST"


async def test_everything_else_is_the_application_s() -> None:
    answer = await Doors().caller.call("GET", "/fine")
    assert (answer.status, answer.json()) == (200, "fine")


async def test_lifespan_and_web_sockets_pass_through() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    front = Front(app, {})
    for kind in ("lifespan", "websocket"):
        await front({"type": kind}, None, None)  # type: ignore[arg-type]
    assert seen == ["lifespan", "websocket"]


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError(PROMPT)


@pytest.mark.parametrize(("method", "path"), [("POST", "/chat/completions"), ("GET", "/fault")])
async def test_an_unhandled_fault_is_a_500_in_shape_with_the_decision_id_only(
    method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "gatehouse.front"):
        answer = await Doors(broken).caller.call(method, path)
    assert (answer.status, answer.error()["code"]) == (500, "internal_error")
    assert answer.header("x-gatehouse-request-id") == DECISION
    assert PROMPT not in answer.body.decode() + "".join(r.getMessage() for r in caplog.records)
    assert any(f"ValueError (decision {DECISION})" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/letters/batches", 404, "unsupported_route"),
        ("GET", "/letters/batches/b_1", 404, "unsupported_route"),
        ("GET", "/v1/letters", 405, "method_not_allowed"),
        ("POST", "/openai/v1/letters", 500, "internal_error"),
    ],
)
async def test_errors_below_a_path_speak_its_dialect_also_where_no_route_is(
    method: str, path: str, status: int, code: str
) -> None:
    def shaped(error: GatehouseError, decision: str) -> bytes:
        return f"{error.code} {decision}".encode()

    dialect = Dialect("/letters", shaped, b"letter-id")
    front = Front(FastAPI(), {"/letters": broken}, dialects=[dialect], new_id=lambda: DECISION)
    answer = await Caller(front).call(method, path)
    assert (answer.status, answer.body.decode()) == (status, f"{code} {DECISION}")
    assert answer.header("letter-id") == answer.header("x-request-id") == DECISION


@pytest.mark.parametrize("path", ["/lettersx", "/v1/v1/letters", "/v1/other/letters"])
def test_no_other_path_speaks_a_dialect(path: str) -> None:
    dialect = Dialect("/letters", lambda error, decision: b"x", b"letter-id")
    assert not dialect.covers(path)


async def test_a_fault_in_the_middle_of_an_answer_does_not_start_a_second_one() -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    sent: list[Any] = []

    async def strict(message: Any) -> None:
        if sent and message["type"] == "http.response.start":
            raise RuntimeError("already started")
        sent.append(message)

    for front in (Front(half, {}), Front(half, {"/x": half})):
        sent.clear()
        scope = {"type": "http", "path": "/x", "method": "POST", "headers": []}
        await front(scope, None, strict)  # type: ignore[arg-type]
        assert [message["type"] for message in sent] == ["http.response.start"]


ORIGIN = "https://chat.test"


@pytest.mark.parametrize(
    ("origins", "shared"), [((), False), ((ORIGIN,), True), (("https://other.test",), False)]
)
async def test_only_configured_origins_may_read_answers(origins: tuple[str, ...], shared: bool) -> None:
    doors = Doors(origins=origins)
    answer = await doors.caller.post("/v1/chat/completions", b"{", {"origin": ORIGIN})
    assert (answer.header("access-control-allow-origin") == ORIGIN) is shared
    assert answer.header("access-control-allow-origin") != "*"


async def test_a_preflight_echoes_the_headers_that_sdks_send() -> None:
    doors = Doors(origins=(ORIGIN,))
    asked = "authorization,x-stainless-lang,x-stainless-os"
    rows = [("origin", ORIGIN), ("access-control-request-headers", asked)]
    answer = await doors.caller.call("OPTIONS", "/v1/chat/completions", rows)
    assert answer.status == 204
    assert answer.header("access-control-allow-headers") == asked
    stranger = await doors.caller.call("OPTIONS", "/v1/chat/completions", [("origin", "https://evil.test")])
    assert stranger.status == 405


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/things/a_1", 200),
        ("GET", "/things/a_1", 200),
        ("POST", "/things/a_1", 404),
        ("GET", "/things/a_1/", 404),
        ("GET", "/things/a%2F1", 404),
        ("GET", "/things/" + "a" * 257, 404),
    ],
)
async def test_a_route_with_a_name_in_it_is_known_by_method_and_exact_shape(
    method: str, path: str, status: int
) -> None:
    async def things(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    doors = Doors(patterns=[Pattern("GET", "/things/{id}", things)])
    assert (await doors.caller.call(method, path)).status == status
