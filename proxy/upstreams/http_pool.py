"""Connections to one server: opened when needed, kept for the next call, bounded in number."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import aiohappyeyeballs

from proxy.exchange.ports import UpstreamError
from proxy.upstreams.http_connection import HttpConnection
from proxy.upstreams.http_limits import HttpLimits

_NEXT_ADDRESS_SECONDS = 0.25
"""Head start of an address before the next one is tried beside it (RFC 8305, section 5)."""


class HttpPool:
    """The pool of one server, named by an `http` or `https` URL; its path is not looked at.

    The connection that was used last is taken first, so that a quiet pool shrinks. Belongs to the loop
    that first takes a connection.
    """

    def __init__(self, url: str, limits: HttpLimits, connect_seconds: float) -> None:
        parts = urlsplit(url)
        self._host = _ascii(parts.hostname or "")
        self._tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self._limits = limits
        self._connect_seconds = connect_seconds
        self._context: ssl.SSLContext | None = None
        self._idle: deque[HttpConnection] = deque()
        self._taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._closed = False
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self.authority = shown if parts.port is None else f"{shown}:{parts.port}"
        """What stands in the `host` header."""

    async def take(self, *, fresh: bool = False) -> HttpConnection:
        """A connection for one call; waits while as many as allowed are in use. `fresh`: a new one.

        Raises:
            UpstreamError: it could not be opened (unreachable, or in time).
        """
        await self._admitted()
        try:
            kept = None if fresh else self._kept()
            return kept if kept is not None else await self._open()
        except BaseException:
            self._leave()
            raise

    def give_back(self, connection: HttpConnection) -> None:
        """A call is over; its connection is kept where both sides want that."""
        if connection.end():
            if self._closed:
                connection.close()
            else:
                connection.idle_since = asyncio.get_running_loop().time()
                self._idle.append(connection)
        self._leave()

    def close(self) -> None:
        """Close what is kept, and what is given back from now on. Safe to call twice."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    async def _admitted(self) -> None:
        if self._taken < self._limits.connections:
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        """Hand the place to whoever waits longest."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1

    def _kept(self) -> HttpConnection | None:
        oldest = asyncio.get_running_loop().time() - self._limits.keepalive_seconds
        while self._idle and (self._idle[0].closed or self._idle[0].idle_since < oldest):
            self._idle.popleft().close()
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return None

    async def _open(self) -> HttpConnection:
        if self._closed:
            raise UpstreamError.unreachable()
        try:
            async with asyncio.timeout(self._connect_seconds):
                return await self._connected(asyncio.get_running_loop())
        except TimeoutError:
            raise UpstreamError.timed_out() from None
        except (OSError, UnicodeError):  # a TLS failure is an OSError; names that are none are the other
            raise UpstreamError.unreachable() from None

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> HttpConnection:
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        opened = await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, loop=loop
        )
        make: Callable[[], HttpConnection] = lambda: HttpConnection(loop)  # noqa: E731
        try:
            _, connection = await loop.create_connection(
                make,
                sock=opened,
                ssl=self._tls_context(),
                server_hostname=self._host if self._tls else None,
            )
        except BaseException:
            with suppress(OSError):  # not closed: a transport may own it already, and closes it
                opened.shutdown(socket.SHUT_RDWR)
            raise
        return connection

    def _tls_context(self) -> ssl.SSLContext | None:
        if self._tls and self._context is None:
            self._context = ssl.create_default_context()
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context


def _ascii(host: str) -> str:
    """A host's name as the wire has it (IDNA); a name that has no such form fails when it is looked up."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host
