"""One HTTP/1.1 connection to an upstream: a request goes out in one write, its answer is read as it comes.

The only importer of httptools' response parser. It knows nothing of chats: it sends bytes, gives status,
headers and body bytes, and says how a connection ended in the words of `faults`.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import cast

import httptools

from proxy.exchange.ports import UpstreamError

_HELD_BYTES = 256 * 1024
"""The kernel is asked to wait while this much of an answer has arrived and was not read."""
_HEAD_BYTES = 64 * 1024
_INFLATED_BYTES = 1024 * 1024
"""Most bytes that one read unpacks: more would hold the loop up."""
_GZIP_OR_ZLIB = 47  # zlib's window bits that recognise both


class StaleConnection(Exception):
    """A kept connection ended before it said a byte: the server had hung up meanwhile."""


class HttpConnection(asyncio.Protocol):
    """A connection that carries one exchange at a time. `secret` headers are never kept.

    `reusable` after an answer: everything was sent and read, and both sides want to go on.
    """

    __slots__ = (
        "_body",
        "_closed",
        "_complete",
        "_deadline",
        "_error",
        "_head_size",
        "_heard",
        "_heard_at",
        "_held",
        "_idle",
        "_inflater",
        "_keeps",
        "_left",
        "_loop",
        "_packed",
        "_parser",
        "_paused",
        "_silence",
        "_timer",
        "_transport",
        "_until_close",
        "_used",
        "_waiter",
        "_waits_since",
        "headers",
        "idle_since",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport
        self._closed = False
        self._used = False
        self._waiter: asyncio.Future[None] | None = None
        self._waits_since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.idle_since = 0.0
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._held = 0
        self._head_size = 0
        self._paused = False
        self._heard = False
        self._complete = False
        self._keeps = False
        self._until_close = True
        self._inflater: zlib._Decompress | None = None
        self._packed = False
        self._error: UpstreamError | None = None

    @property
    def closed(self) -> bool:
        """Nothing can be sent on it any more."""
        return self._closed

    @property
    def complete(self) -> bool:
        """The answer has arrived whole; it may not all have been read."""
        return self._complete

    def send(self, request: bytes, *, first_byte: float, idle: float, deadline: float, limit: int) -> None:
        """Send a request. Silence before the answer's body may last `first_byte` seconds, after that
        `idle`; nothing is waited for past the loop time `deadline`; more than `limit` body bytes (after
        decompression) are an invalid answer."""
        if self._used:
            self._reset()
        self._left = limit
        self._silence, self._idle, self._deadline = first_byte, idle, deadline
        self._heard_at = now = self._loop.time()
        self._timer = self._loop.call_at(min(now + first_byte, deadline), self._watch)
        if self._closed:
            self._error = UpstreamError.unreachable()
        else:
            self._transport.write(request)

    async def head(self) -> None:
        """Wait for status and headers.

        Raises:
            StaleConnection: the connection was used before and ended without a byte.
            UpstreamError: unreachable, timed out or invalid.
        """
        while not self.status:
            if self._error is not None:
                if self._used and not self._heard and self._error.code == "upstream_unreachable":
                    raise StaleConnection
                raise self._error
            await self._news()

    async def read(self) -> bytes:
        """The bytes that have arrived since, waiting for some; empty at the end of the body.

        Raises:
            UpstreamError: cut off, timed out, invalid, or over the limit.
        """
        while self._body or not self._complete:
            if self._body:
                if plain := self._plain(self._taken()):
                    return plain
            elif self._error is not None:
                raise self._error
            else:
                await self._news()
        if self._packed:
            raise UpstreamError.cut_off()
        return b""

    def end(self) -> bool:
        """The exchange is over. True: the connection may carry another one; otherwise it is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._used = True
        reusable = (
            self._keeps
            and not self._closed
            and self._error is None
            and not self._body
            and self._transport.get_write_buffer_size() == 0
        )
        if not reusable:
            self.close()
        return reusable

    def close(self) -> None:
        """Close at once; unread bytes are dropped."""
        self._closed = True
        self._transport.abort()

    def _taken(self) -> bytes:
        chunk = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self._held = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return chunk

    def _plain(self, chunk: bytes) -> bytes:
        if self._inflater is not None:
            chunk = self._inflated(chunk, self._inflater)
        self._left -= len(chunk)
        if self._left < 0:
            raise UpstreamError.invalid()
        return chunk

    def _inflated(self, chunk: bytes, inflater: zlib._Decompress) -> bytes:
        try:
            plain = inflater.decompress(chunk, min(self._left + 1, _INFLATED_BYTES))
        except zlib.error:
            raise UpstreamError.invalid() from None
        if inflater.unused_data:
            raise UpstreamError.invalid()
        if inflater.unconsumed_tail:
            self._body.insert(0, inflater.unconsumed_tail)
        self._packed = not inflater.eof
        return plain

    async def _news(self) -> None:
        self._waits_since = self._loop.time()
        self._waiter = waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: UpstreamError) -> None:
        if self._error is None and not self._complete:
            self._error = error
        self._wake()

    def _watch(self) -> None:
        """One timer for the whole call: it looks when the last byte came, and sets itself again."""
        now = self._loop.time()
        silent_since = now if self._waiter is None else max(self._heard_at, self._waits_since)
        due = min(silent_since + self._silence, self._deadline)
        if due <= now:
            self._timer = None
            self._fail(UpstreamError.timed_out())
        else:
            self._timer = self._loop.call_at(due, self._watch)

    def _set_timer(self) -> None:
        """Set the timer anew: another limit holds from now on."""
        if self._timer is not None:
            self._timer.cancel()
            due = min(self._heard_at + self._silence, self._deadline)
            self._timer = self._loop.call_at(due, self._watch)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._timer is None or self._complete:
            self.close()  # bytes that nobody asked for: whose they are cannot be known
            return
        self._heard = True
        self._heard_at = self._loop.time()
        self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, UpstreamError):
            self._keeps = False
            self._fail(UpstreamError.invalid())
        if self._head_size > _HEAD_BYTES:
            self._fail(UpstreamError.invalid())
        if self._held > _HELD_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`. Who says nothing more needs to hear nothing more either."""
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._closed = True
        if self.status and self._until_close and exc is None and self._error is None:
            self._complete = True  # a body without a length ends with its connection
        self._fail(UpstreamError.cut_off() if self.status else UpstreamError.unreachable())

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A message starts; after the answer none may."""
        if self._complete:
            raise UpstreamError.invalid()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line, also of an interim answer. Trailers, which come after the head, are dropped."""
        if self.status:
            return
        key = name.decode("latin-1").lower()
        self.headers.append((key, value.decode("latin-1")))
        if key in ("content-length", "transfer-encoding"):
            self._until_close = False

    def on_headers_complete(self) -> None:
        """Status and headers are there."""
        status = self._parser.get_status_code()
        if status < 100:
            raise UpstreamError.invalid()
        if status < 200:
            return
        encoding = dict(self.headers).get("content-encoding", "identity").strip().lower()
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        elif encoding not in ("", "identity") and status < 400:
            raise UpstreamError.invalid()
        self.status = status

    def on_body(self, body: bytes) -> None:
        """A piece of the body, without its chunk framing."""
        self._head_size = 0
        if self._silence != self._idle:
            self._silence = self._idle
            self._set_timer()
        self._body.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        """The end of an answer, or of an interim one."""
        if self.status:
            self._complete = True
            self._keeps = self._parser.should_keep_alive()
        else:
            self.headers.clear()
            self._until_close = True
