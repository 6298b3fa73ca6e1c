"""A real HTTP upstream on 127.0.0.1 whose behaviour is chosen by the model name, faults included.

It writes raw bytes, so that it can answer what no decent server would, and records what it was sent
and when the client closed.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from proxy.upstreams.testing_behaviours import BEHAVIOURS, list_models
from proxy.upstreams.testing_talk import Behaviour, Call, Talk


@dataclass(slots=True)
class ScriptedServer:
    """The server; an async context manager. `url` is its base URL, ending in `/v1`. `tls`: speak HTTPS."""

    behaviours: Mapping[str, Behaviour] = field(default_factory=lambda: BEHAVIOURS)
    calls: list[Call] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    url: str = ""
    connections: int = 0
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._stack.push_async_callback(self._hang_up)
        self._stack.callback(server.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def closed(self, call: Call, within: float = 1.0) -> bool:
        """Whether the client closes the call's connection within some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await call.closed.wait()
        return call.closed.is_set()

    async def _hang_up(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()
        while self._writers:
            self._idle.clear()
            await self._idle.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        try:
            await self._talk(reader, writer, self.connections)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)
            self._idle.set()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        call = None
        while True:
            try:
                following = await _read_call(reader, number)
            except (ConnectionError, asyncio.IncompleteReadError):
                following = None
            if following is None:
                break
            again, call = call is not None, following
            self.calls.append(call)
            talk = Talk(call, reader, writer, again)
            try:
                await self._behaviour(talk)(talk)
            except ConnectionError:
                break
            if not talk.keep:
                break
        if call is not None:
            call.closed_at = time.monotonic()
            call.closed.set()

    def _behaviour(self, talk: Talk) -> Behaviour:
        if talk.call.method == "GET":
            return list_models
        return self.behaviours[talk.payload["model"].rpartition("/")[2]]


async def _read_call(reader: asyncio.StreamReader, connection: int) -> Call | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Call(method, path, headers, body, connection)
