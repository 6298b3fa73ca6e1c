"""One request to the scripted server, and the means to answer it: raw bytes or whole answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Call:
    """One request as it was received. Times are `time.monotonic()` seconds, None: has not happened."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    first_byte_at: float | None = None
    closed_at: float | None = None
    """When the connection was seen closed; only the last call of a connection gets one."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def payload(self) -> dict[str, Any]:
        """The parsed JSON body."""
        payload: dict[str, Any] = orjson.loads(self.body)
        return payload


@dataclass(slots=True)
class Talk:
    """One request and the means to answer it."""

    call: Call
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    again: bool
    """The connection was used before."""
    keep: bool = True

    @property
    def payload(self) -> dict[str, Any]:
        """The request's parsed body, `{}` for none."""
        return self.call.payload if self.call.body else {}

    async def send(self, raw: bytes) -> None:
        """Write bytes at once."""
        if self.call.first_byte_at is None:
            self.call.first_byte_at = time.monotonic()
        self.writer.write(raw)
        await self.writer.drain()

    async def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Status line and headers."""
        lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def answer(
        self, raw: bytes, status: int = 200, kind: str = "application/json", **more: str
    ) -> None:
        """A whole answer with its length."""
        extra = {name.replace("_", "-"): value for name, value in more.items()}
        await self.head(status, {"content-type": kind, "content-length": str(len(raw)), **extra})
        await self.send(raw)

    async def json(self, payload: object, status: int = 200, **more: str) -> None:
        """A whole JSON answer."""
        await self.answer(orjson.dumps(payload), status, **more)

    async def error(self, status: int, code: str | None, message: str = "scripted", **more: str) -> None:
        """An error in OpenAI's shape."""
        error = {"message": message, "type": "scripted_error", "param": None, "code": code}
        await self.json({"error": error}, status, **more)

    async def start_stream(self, chunked: bool = True) -> None:
        """Head of an event stream, ended by chunked framing or by closing."""
        framing = {"transfer-encoding": "chunked"} if chunked else {"connection": "close"}
        self.keep = chunked
        await self.head(200, {"content-type": "text/event-stream", "x-request-id": "req-scripted", **framing})

    async def part(self, raw: bytes, chunked: bool = True) -> None:
        """A piece of a stream."""
        await self.send(b"%x\r\n%b\r\n" % (len(raw), raw) if chunked else raw)

    async def stream(self, raw: bytes, chunked: bool = True) -> None:
        """A whole event stream in one piece."""
        await self.start_stream(chunked)
        await self.part(raw, chunked)
        if chunked:
            await self.send(b"0\r\n\r\n")

    async def client_gone(self) -> None:
        """Wait until the client closes."""
        self.keep = False
        await self.reader.read()


Behaviour = Callable[[Talk], Awaitable[None]]
