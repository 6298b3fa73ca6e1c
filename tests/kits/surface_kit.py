"""What every surface has to promise, and the tools to ask it: an in-process ASGI client and a fake corridor.

A surface's test file subclasses `SurfaceKit`, says how to build the handler and what a good body looks like,
and inherits the scenarios. Nothing here opens a socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from policies.bundle import PolicyBundle
from policies.constitution import CompiledConstitution
from policies.policy import Policy
from policies.replies import CannedReplies
from proxy.errors import Unauthorised
from proxy.exchange.exchange import HOUSE, Exchange, Onward
from proxy.exchange.ports import Downstream
from proxy.surfaces.guarded_route import Entrance, Greet, Visit
from proxy.surfaces.reading import Limits

DECISION = "gh-01hzzzzzzzzzzzzzzzzzzzzzz0"
NOW = 1_700_000_000.0
TEXTS = {
    "en": {
        "default": "I can't help with that, but I can help with related questions. ({decision})",
        "ssh": "You are not alone. ({decision})",
    },
    "de": {"default": "Dabei kann ich nicht helfen. ({decision})"},
}

Script = Callable[[Exchange, Downstream], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def make_bundle(style: str = "auto", constitution: str = "Be helpful.", **changes: Any) -> PolicyBundle:
    """A bundle without rules, with canned texts in two languages."""
    values: dict[str, Any] = {"name": "house", "version": "3", "rules": (), "block_style": style}
    policy = Policy(**{**values, "digest": f"sha256:policy-{style}", **changes})
    compiled = CompiledConstitution("plain", "1", "sha256:0123456789abcdef", constitution, 3)
    return PolicyBundle(policy, compiled, CannedReplies("plain", "1", TEXTS))


@dataclass
class FakeCorridor:
    """Walks as its script says and remembers what it was given."""

    script: Script | None = None
    walked: list[Exchange] = field(default_factory=list)
    rejections: list[tuple[str, int, str]] = field(default_factory=list)
    cancelled: int = 0

    async def walk(self, exchange: Exchange, client: Downstream) -> None:
        self.walked.append(exchange)
        if self.script is not None:
            try:
                await self.script(exchange, client)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise

    def rejected(self, surface: str, status: int, code: str) -> None:
        self.rejections.append((surface, status, code))


@dataclass
class Answer:
    """A response as it went over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    sends: int

    def json(self) -> Any:
        return orjson.loads(self.body)

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def error(self) -> dict[str, Any]:
        """The error object, after checking that it has the four keys."""
        error: dict[str, Any] = self.json()["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        return error

    def frames(self) -> list[bytes]:
        """The SSE frames of the body."""
        assert self.body.endswith(b"\n\n")
        return self.body[:-2].split(b"\n\n")

    def events(self) -> list[Any]:
        """Payloads of named events, after checking that each is named as its data says."""
        found = []
        for frame in self.frames():
            if not frame.startswith(b":"):
                name, _, data = frame.partition(b"\n")
                payload = orjson.loads(data.removeprefix(b"data: "))
                assert name.removeprefix(b"event: ").decode() == payload["type"]
                found.append(payload)
        return found

    def data(self) -> list[Any]:
        """Payloads of the data frames; the end mark as the string `[DONE]`."""
        payloads = [frame[6:] for frame in self.frames() if frame.startswith(b"data: ")]
        return ["[DONE]" if payload == b"[DONE]" else orjson.loads(payload) for payload in payloads]


@dataclass
class Caller:
    """Calls an ASGI application. `leaves`: set it to make the client close the connection.

    `heard` is told every part of a body that the client gets.
    """

    app: Asgi
    leaves: asyncio.Event = field(default_factory=asyncio.Event)
    heard: Callable[[bytes], object] = lambda part: None
    read: int = 0
    """Parts of the body that the application asked for."""

    async def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        """POST a JSON body (or bytes as they are)."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        given = {"content-type": "application/json", "content-length": str(len(raw)), **(headers or {})}
        rows = [(name, value) for name, value in given.items() if value]
        return await self.call("POST", path, rows, more.pop("chunks", None) or [raw], **more)

    async def call(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]] = (),
        chunks: Sequence[bytes] = (b"",),
        *,
        stall: bool = False,
        cut_off: bool = False,
    ) -> Answer:
        """One request. `stall`: the last part never comes; `cut_off`: the client leaves instead of it."""
        waiting = list(chunks)
        sent: list[Any] = []
        ended = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if waiting:
                self.read += 1
                part = waiting.pop(0)
                more = bool(waiting) or stall or cut_off
                return {"type": "http.request", "body": part, "more_body": more}
            if stall:
                await asyncio.Event().wait()
            if not cut_off:
                await self._over(ended)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if self.leaves.is_set():
                raise OSError("the client is gone")
            sent.append(message)
            self.heard(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                ended.set()

        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "server": ("gatehouse.test", 80),
            "client": ("127.0.0.1", 5000),
        }
        await self.app(scope, receive, send)
        return _answer(sent)

    async def _over(self, ended: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (ended, self.leaves)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _answer(sent: list[Any]) -> Answer:
    starts = [message for message in sent if message["type"] == "http.response.start"]
    if not starts:
        return Answer(0, [], b"", 0)
    assert len(starts) == 1, "a response starts once"
    assert sent[0] is starts[0], "nothing leaves before the start"
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in starts[0]["headers"]]
    assert all(name == name.lower() for name, _ in headers)
    bodies = [message.get("body", b"") for message in sent[1:]]
    return Answer(starts[0]["status"], headers, b"".join(bodies), len(bodies))


BAD_BODIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "invalid_json"),
    "not JSON": (b"{", "invalid_json"),
    "trailing text": (b"{} {}", "invalid_json"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "invalid_json"),
    "byte order mark": (b'\xef\xbb\xbf{"a":1}', "invalid_json"),
    "bad UTF-8": (b'{"a":"\xff"}', "invalid_json"),
    "surrogate bytes": (b'{"a":"\xed\xa0\x80"}', "invalid_json"),
    "lone surrogate": (rb'{"a":"\ud800"}', "invalid_json"),
    "surrogate key": (rb'{"\ud800":1}', "invalid_json"),
    "NaN": (b'{"a":NaN}', "invalid_json"),
    "infinity": (b'{"a":Infinity}', "invalid_json"),
    "overflow": (b'{"a":1e999}', "invalid_json"),
    "many digits": (b'{"a":' + b"9" * 5000 + b"}", "invalid_json"),
    "beyond 64 bits": (b'{"a":18446744073709551616}', "number_out_of_range"),
    "below 64 bits": (b'{"a": -9223372036854775809}', "number_out_of_range"),
    "same key twice": (b'{"a":1,"a":2}', "duplicate_key"),
    "same key, escaped": (rb'{"a":1,"\u0061":2}', "duplicate_key"),
    "same key, deep": (b'{"b":[{"a":"x","a":"y"}]}', "duplicate_key"),
    "list": (b"[1]", "not_an_object"),
    "text": (b'"a"', "not_an_object"),
    "deep": (b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", "too_deep"),
    "very deep": (b"[" * 100_000, "invalid_json"),
}


@dataclass(frozen=True, slots=True)
class PlainVisit:
    """A visit on which one bundle rules everything."""

    ruling: PolicyBundle
    headers: Mapping[str, str] = field(default_factory=dict)
    tenant: str = "default"
    client: str = ""
    onward: Onward = HOUSE

    def enter(self, route: str) -> None:
        """Every route is open."""

    def bundle(self, route: str, model: str) -> PolicyBundle:
        return self.ruling

    def bundle_of(self, route: str, model: str) -> PolicyBundle:
        return self.bundle(route, model)


def greeted(bundle: PolicyBundle | None = None, tenant: str = "default") -> Greet:
    """Everybody is welcome, under one bundle."""
    return lambda headers: PlainVisit(bundle or make_bundle(), headers, tenant)


def entrance(style: str = "auto", limits: Limits | None = None) -> Entrance:
    """Everybody may enter, under a bundle without rules and with one decision id."""
    return Entrance(greeted(make_bundle(style)), limits or Limits(), new_id=lambda: DECISION)


class SurfaceKit:
    """Scenarios that hold for every surface. Subclasses give the three members below."""

    path: str
    surface: str

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        """The ASGI handler, on the given corridor and behind the given entrance."""
        raise NotImplementedError

    def good_body(self) -> dict[str, Any]:
        """A small request that is answered."""
        raise NotImplementedError

    def _set_up(self, script: Script | None = None, **limits: Any) -> tuple[FakeCorridor, Caller]:
        corridor = FakeCorridor(script)
        return corridor, Caller(self.handler(corridor, entrance(limits=Limits(**limits))))

    async def test_a_good_request_walks_the_corridor_once_as_it_was_sent(self) -> None:
        corridor, caller = self._set_up()
        raw = orjson.dumps(self.good_body())
        await caller.post(self.path, raw)
        (exchange,) = corridor.walked
        assert exchange.original == raw
        assert exchange.surface == self.surface
        assert corridor.rejections == []

    @pytest.mark.parametrize("name", BAD_BODIES)
    async def test_bodies_that_can_be_read_two_ways_are_refused_and_recorded(self, name: str) -> None:
        raw, code = BAD_BODIES[name]
        corridor, caller = self._set_up()
        answer = await caller.post(self.path, raw)
        assert (answer.status, answer.error()["code"]) == (400, code)
        assert answer.error()["type"] == "invalid_request_error"
        assert corridor.rejections == [(self.surface, 400, code)]
        assert corridor.walked == []

    @pytest.mark.parametrize(
        "content_type",
        [
            "",
            "text/plain",
            "multipart/form-data",
            "application/json; charset=utf-16",
            "application/json; charset=utf-7",
        ],
    )
    async def test_only_json_in_utf8_is_taken(self, content_type: str) -> None:
        corridor, caller = self._set_up()
        answer = await caller.post(self.path, self.good_body(), {"content-type": content_type})
        assert (answer.status, answer.error()["code"]) == (415, "unsupported_media_type")
        assert len(corridor.rejections) == 1

    @pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "Application/JSON"])
    async def test_json_spelled_otherwise_is_taken(self, content_type: str) -> None:
        corridor, caller = self._set_up()
        await caller.post(self.path, self.good_body(), {"content-type": content_type})
        assert len(corridor.walked) == 1

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
    async def test_nothing_is_ever_decompressed(self, encoding: str) -> None:
        _, caller = self._set_up()
        answer = await caller.post(self.path, self.good_body(), {"content-encoding": encoding})
        assert (answer.status, answer.error()["code"]) == (415, "unsupported_content_encoding")

    async def test_a_body_declared_too_large_is_refused_unread(self) -> None:
        corridor, caller = self._set_up(body_bytes=10)
        answer = await caller.post(self.path, self.good_body())
        assert (answer.status, answer.error()["code"]) == (413, "payload_too_large")
        assert caller.read == 0
        assert answer.header("connection") == "close"
        assert corridor.rejections == [(self.surface, 413, "payload_too_large")]

    async def test_a_chunked_body_is_refused_at_the_limit(self) -> None:
        _, caller = self._set_up(body_bytes=10)
        answer = await caller.post(self.path, b"", {"content-length": ""}, chunks=[b"{" * 6] * 1000)
        assert answer.status == 413
        assert caller.read == 2

    async def test_a_chunked_body_within_the_limit_is_read_whole(self) -> None:
        corridor, caller = self._set_up()
        raw = orjson.dumps(self.good_body())
        parts = [raw[at : at + 7] for at in range(0, len(raw), 7)]
        await caller.post(self.path, b"", {"content-length": ""}, chunks=parts)
        assert corridor.walked[0].original == raw

    async def test_a_body_that_never_ends_times_out(self) -> None:
        corridor, caller = self._set_up(body_seconds=0.02)
        answer = await caller.post(self.path, b"{", stall=True)
        assert (answer.status, answer.error()["code"]) == (408, "request_timeout")
        assert corridor.rejections == [(self.surface, 408, "request_timeout")]

    async def test_a_client_that_leaves_while_sending_gets_no_answer_but_a_record(self) -> None:
        corridor, caller = self._set_up()
        answer = await caller.post(self.path, b"{", cut_off=True)
        assert answer.status == 0
        assert corridor.rejections == [(self.surface, 499, "client_left")]

    async def test_a_stranger_is_turned_away_before_the_body_is_read(self) -> None:
        def nobody(_: Mapping[str, str]) -> Visit:
            raise Unauthorised("No such key.")

        corridor = FakeCorridor()
        caller = Caller(self.handler(corridor, Entrance(nobody)))
        answer = await caller.post(self.path, b"{")
        assert (answer.status, answer.error()["type"]) == (401, "authentication_error")
        assert caller.read == 0
        assert corridor.rejections == [(self.surface, 401, "invalid_api_key")]

    async def test_two_keys_are_one_too_many(self) -> None:
        _, caller = self._set_up()
        rows = [("content-type", "application/json"), ("authorization", "a"), ("authorization", "b")]
        answer = await caller.call("POST", self.path, rows, [orjson.dumps(self.good_body())])
        assert (answer.status, answer.error()["code"]) == (400, "duplicate_header")

    async def test_a_client_that_leaves_cancels_the_walk_within_a_second(self) -> None:
        async def never(exchange: Exchange, client: Downstream) -> None:
            caller.leaves.set()
            await asyncio.Event().wait()

        corridor, caller = self._set_up(never)
        async with asyncio.timeout(1.0):
            await caller.post(self.path, self.good_body())
        assert corridor.cancelled == 1
        assert len(asyncio.all_tasks()) == 1

    async def test_every_answer_carries_the_decision_id(self) -> None:
        _, caller = self._set_up()
        answer = await caller.post(self.path, b"{")
        assert answer.header("x-gatehouse-request-id") == DECISION
        assert answer.header("x-request-id") == DECISION
