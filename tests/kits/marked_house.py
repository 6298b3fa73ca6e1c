"""A whole Gatehouse in this process, on stub models that fire on one token, and an upstream that is bytes.

The upstream is the real HTTP client on a connection that plays what a test gives it, in the pieces that it
is given in; nothing opens a socket. What the upstream was sent and what the client got are bytes too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from classifiers.classification import InputKind
from classifiers.testing import MARKER, Fault, write_stub_model
from proxy.app import Gatehouse, build
from proxy.exchange.ports import Wire
from proxy.settings import load_settings
from proxy.upstreams.http_connection import HttpConnection
from proxy.upstreams.http_upstream import OPENAI_WIRES, HttpUpstream
from tests.kits.places import assembled, pairs_kept, strings
from tests.kits.surface_kit import Answer, Caller

T = TypeVar("T")
POLICY = """
name: marked
version: "1"
constitution: {constitution}
replies: {replies}
{more}
rules: [{rules}]
"""
IN = "{id: in, stage: during_call, action: block, labels: [harm], threshold: 0.5}"
OUT = "{id: out, stage: post_call, action: block, classifier: exchange, labels: [harm], threshold: 0.5}"


@dataclass(frozen=True, slots=True)
class Played:
    """An upstream's answer as HTTP bytes, cut into the pieces in which they arrive."""

    pieces: Sequence[bytes]


def http_answer(body: bytes, content_type: str = "application/json", status: int = 200) -> bytes:
    """A whole HTTP answer with its length."""
    head = f"HTTP/1.1 {status} OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class PlayedTransport(asyncio.Transport):
    """The network of one connection: keeps what is sent, and answers from the script."""

    def __init__(self, pool: PlayedPool, connection: HttpConnection) -> None:
        super().__init__()
        self._pool = pool
        self._connection = connection
        self._gone = False

    def write(self, data: Any) -> None:
        raw = bytes(data)
        self._pool.heard.append(raw)
        self._feed(list(self._pool.answer(raw)))

    def _feed(self, pieces: list[bytes]) -> None:
        if self._gone:
            return
        if pieces:
            self._connection.data_received(pieces.pop(0))
            asyncio.get_running_loop().call_soon(self._feed, pieces)
        elif self._pool.hangs_up:
            self._connection.eof_received()

    def go_on(self) -> None:
        """What was held back comes."""
        self._feed([self._pool.rest])

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """All pieces come; a queue that is too long is another test's business."""

    def resume_reading(self) -> None:
        """See `pause_reading`."""

    def abort(self) -> None:
        if not self._gone:
            self._gone = True
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)


@dataclass(slots=True)
class PlayedPool:
    """Stands where the pool of connections stands. `answer`: from a request's bytes to pieces."""

    answer: Callable[[bytes], Sequence[bytes]]
    heard: list[bytes] = field(default_factory=list)
    open: set[HttpConnection] = field(default_factory=set)
    """Connections on which an answer is under way."""
    hangs_up: bool = False
    """The server closes the connection after its last piece."""
    rest: bytes = b""
    """What comes once it is let go (`release`)."""
    _last: PlayedTransport | None = None
    authority: str = "upstream.test"

    async def take(self, *, fresh: bool = False) -> HttpConnection:
        del fresh
        connection = HttpConnection(asyncio.get_running_loop())
        self._last = PlayedTransport(self, connection)
        connection.connection_made(self._last)
        self.open.add(connection)
        return connection

    def give_back(self, connection: HttpConnection) -> None:
        self.open.discard(connection)
        connection.end()
        connection.close()

    def release(self) -> None:
        """The rest of the answer comes."""
        if self._last is not None and self.rest:
            self._last.go_on()
            self.rest = b""

    def close(self) -> None:
        """There is nothing to close."""


class MarkedHouse:
    """One application for many requests; use it as a context. `answer` is what the upstream says next."""

    def __init__(
        self,
        folder: Path,
        wires: frozenset[Wire] = OPENAI_WIRES,
        *,
        rules: Sequence[str] = (IN, OUT),
        constitution: str = "default",
        replies: str = "default",
        more: str = "",
        faults: Mapping[str, Fault] | None = None,
        upstream: HttpUpstream | None = None,
    ) -> None:
        kinds: dict[str, InputKind] = {"input": "text", "exchange": "exchange"}
        for name, kind in kinds.items():
            if not (folder / name).exists():
                write_stub_model(folder / name, kind=kind, fault=(faults or {}).get(name, ""))
        policy = folder / "policy.yaml"
        text = POLICY.format(rules=", ".join(rules), constitution=constitution, replies=replies, more=more)
        policy.write_text(text, encoding="utf-8")
        made = {
            "models": {"input": folder / "input", "exchange": folder / "exchange"},
            "ledger.path": folder / "ledger.jsonl",
            "policy": str(policy),
            "log.access": 0,
            "relay": ["audio", "images"],
        }
        self.pool = PlayedPool(lambda request: self.answer(request))  # noqa: PLW0108 - it changes later
        if upstream is None:
            upstream = HttpUpstream("http://upstream.test/v1", wires=wires)
            upstream.pool = self.pool  # type: ignore[assignment]
        self.answer: Callable[[bytes], Sequence[bytes]] = lambda _: [http_answer(b"{}")]
        self.begin(build(load_settings(made, None, {}), upstream=upstream))

    def begin(self, app: Gatehouse) -> None:
        """Serve this application."""
        self.app = app
        self._runner = asyncio.Runner()
        self._lifespan = app.fastapi.router.lifespan_context(app.fastapi)

    def __enter__(self) -> Self:
        self._runner.run(self._lifespan.__aenter__())
        return self

    def __exit__(self, *failure: object) -> None:
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self._runner.close()

    def post(self, path: str, chunks: Sequence[bytes]) -> Answer:
        """One request, its body in the given chunks; what was heard before is forgotten."""
        self.pool.heard.clear()
        rows = [("content-type", "application/json")]
        return self.run(Caller(self.app).call("POST", path, rows, list(chunks)))

    def ask(self, path: str, body: Mapping[str, Any]) -> Answer:
        """One request in one piece."""
        return self.post(path, [json.dumps(body).encode()])

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Any other request, on the loop of the application."""
        return self._runner.run(work)

    def bodies(self) -> list[bytes]:
        """Bodies of the requests that the upstream received."""
        return [raw.partition(b"\r\n\r\n")[2] for raw in self.pool.heard]


def holds_marker(text: str) -> bool:
    return MARKER.lower() in text.lower()


def received_marker(raw: bytes) -> bool:
    """Whether a request says the marker: as bytes, in a string of its JSON, or in joined strings."""
    if holds_marker(raw.decode("utf-8", "replace")):
        return True
    found = list(strings(json.loads(raw, object_pairs_hook=pairs_kept))) if raw else []
    return any(holds_marker(text) for text in found) or holds_marker(joined_texts(raw))


def joined_texts(raw: bytes) -> str:
    """The texts of a conversation joined without anything between, as a model might read them."""
    data = json.loads(raw or b"{}")
    found = [data[name] for name in ("messages", "input") if isinstance(data.get(name), list)]
    texts: list[str] = []

    def take(value: Any) -> None:
        if isinstance(value, dict):
            for name in ("content", "text"):
                take(value.get(name))
        elif isinstance(value, list):
            for item in value:
                take(item)
        elif isinstance(value, str):
            texts.append(value)

    take(found)
    return "".join(texts)


def sent_marker(answer: Answer) -> str:
    """Where the client's bytes say the marker; empty where they do not."""
    if holds_marker(answer.body.decode("utf-8", "replace")):
        return "bytes"
    if "event-stream" not in (answer.header("content-type") or ""):
        data = json.loads(answer.body, object_pairs_hook=pairs_kept) if answer.body else None
        return next((text for text in strings(data) if holds_marker(text)), "")
    frames = [
        json.loads(line[5:], object_pairs_hook=pairs_kept)
        for line in answer.body.decode().splitlines()
        if line.startswith("data:") and line[5:].strip() != "[DONE]"
    ]
    for frame in frames:
        if any(holds_marker(text) for text in strings(frame)):
            return "frame"
    return next((str(path) for path, text in assembled(frames).items() if holds_marker(text)), "")
