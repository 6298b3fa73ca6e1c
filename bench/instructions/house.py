"""The application with everything beside it played: classifiers, the upstream's connection, the client."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from bench import prompts
from classifiers import registry
from classifiers.testing import FixedClassifier
from proxy.app import Gatehouse, build
from proxy.settings import LedgerSettings, LogSettings, Settings
from proxy.surfaces import connection as client_side
from proxy.upstreams.http_connection import HttpConnection
from proxy.upstreams.http_pool import HttpPool
from proxy.upstreams.http_upstream import HttpUpstream

SERVER = "http://played/v1"
CHUNKS = 50
_PATH = "/v1/chat/completions"
_HEADERS = [
    (b"host", b"127.0.0.1:8080"),
    (b"authorization", b"Bearer sk-bench-0123456789"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"content-type", b"application/json"),
    (b"user-agent", b"OpenAI/Python 2.54.0"),
    (b"x-stainless-lang", b"python"),
    (b"x-stainless-os", b"Linux"),
    (b"x-stainless-package-version", b"2.54.0"),
    (b"x-stainless-retry-count", b"0"),
]


@asynccontextmanager
async def opened(policy: str, folder: Path) -> AsyncIterator[Gatehouse]:
    """The running application under a policy; its ledger is in `folder`.

    What the wall clock would start is kept from starting: under valgrind every exchange lasts long enough for
    a watcher, and the ledger is written when it is asked to.
    """
    client_side.WATCH_AFTER_SECONDS = 3600.0
    upstream = HttpUpstream(SERVER)
    upstream.pool = _PlayedPool(SERVER, upstream.limits, upstream.timeouts.connect)
    settings = Settings(
        policy=policy,
        ledger=LedgerSettings(path=folder / "ledger.jsonl", flush_ms=10_000),
        log=LogSettings(access=0),
    )
    app = build(settings, upstream=upstream, classifiers={name: _steady(name) for name in registry.shipped()})
    async with app.running():
        yield app


async def ask(app: Gatehouse, body: bytes) -> list[dict[str, Any]]:
    """What the client of one request is sent."""
    sent: list[dict[str, Any]] = []
    arriving = iter(({"type": "http.request", "body": body, "more_body": False},))

    async def receive() -> dict[str, Any]:
        message = next(arriving, None)
        return message if message is not None else await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
    scope = {"type": "http", "method": "POST", "path": _PATH, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return sent


def bodies(*, stream: bool, fresh: bool) -> Iterator[bytes]:
    """Requests without end; eight of them by turns, or none twice."""
    numbers = itertools.count(10 ** (len(prompts.MARK) - 1))
    for body in itertools.cycle(prompts.bodies(stream=stream, fresh=fresh).splitlines()):
        yield body.replace(prompts.MARK.encode(), b"%d" % next(numbers)) if fresh else body


def _steady(name: str) -> FixedClassifier:
    """Stands in for a shipped model: its labels and operating points, and low scores at once."""
    manifest = json.loads((registry.shipped()[name] / "manifest.json").read_text())
    points = {label["name"]: label.get("thresholds", {}) for label in manifest["labels"]}
    found = FixedClassifier(dict.fromkeys(points, 0.01), name, manifest["input"])
    found.thresholds = points
    return found


class _PlayedPool(HttpPool):
    async def _connected(self, loop: asyncio.AbstractEventLoop) -> HttpConnection:
        connection = HttpConnection(loop)
        connection.connection_made(_PlayedServer(loop, connection))
        return connection


class _PlayedServer(asyncio.Transport):
    """Answers a request with reads that come one in each turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: HttpConnection) -> None:
        super().__init__()
        self._loop, self._connection = loop, connection
        self._whole, self._stream = _whole_reads(), _stream_reads()

    def write(self, data: Any) -> None:
        reads = self._stream if b'"stream":true' in data else self._whole
        self._loop.call_soon(self._give, iter(reads))

    def _give(self, reads: Iterator[bytes]) -> None:
        read = next(reads, None)
        if read is not None:
            self._connection.data_received(read)
            self._loop.call_soon(self._give, reads)

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        return None


def _head(kind: str, framing: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nx-request-id: r1\r\n{framing}\r\n\r\n".encode()


def _answer(choice: dict[str, Any], **more: Any) -> bytes:
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "bench"}
    return orjson.dumps({**head, "choices": [{"index": 0, "logprobs": None, **choice}], **more})


def _whole_reads() -> list[bytes]:
    usage = {"prompt_tokens": 250, "completion_tokens": 75, "total_tokens": 325}
    message = {"role": "assistant", "content": prompts.ANSWER}
    body = _answer({"message": message, "finish_reason": "stop"}, usage=usage)
    return [_head("application/json", f"content-length: {len(body)}") + body]


def _stream_reads() -> list[bytes]:
    words = [{"content": f"{word} "} for word in prompts.ANSWER.split()[:CHUNKS]]
    said = [(delta, None) for delta in ({"role": "assistant", "content": ""}, *words)]
    chunks = [_answer({"delta": delta, "finish_reason": finish}) for delta, finish in (*said, ({}, "stop"))]
    frames = [b"data: " + chunk + b"\n\n" for chunk in (*chunks, b"[DONE]")]
    parts = [b"%x\r\n%s\r\n" % (len(frame), frame) for frame in frames]
    return [_head("text/event-stream", "transfer-encoding: chunked"), *parts, b"0\r\n\r\n"]
