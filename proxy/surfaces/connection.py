"""One client connection over raw ASGI: starting and sending a response, and noticing that the client left.

Nothing in ASGI tells a sender that nobody listens any more; only `receive` does. So while an exchange walks
the corridor a watcher listens there, and ends the walk when the client is gone: the upstream call is closed
by the walk's own context managers, within milliseconds instead of at the end of a long answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from proxy.exchange.ports import ClientLeft
from proxy.surfaces.reading import Receive, Send

HeaderRows = list[tuple[bytes, bytes]]

WATCH_AFTER_SECONDS = 0.1
"""An exchange that ends sooner needs no watcher: starting one costs as much as the rest of this module."""


class Connection:
    """`status` is 0 until the response has started; `left` is set once the client is known to be gone."""

    __slots__ = ("_receive", "_send", "ended", "left", "status")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.status = 0
        self.ended = False
        self.left = False

    async def start(self, status: int, headers: HeaderRows) -> None:
        """Send status and headers. The commit point: afterwards the status cannot change.

        Raises:
            ClientLeft: there is nobody to send to.
        """
        self.status = status
        await self._pass({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, body: bytes, *, more: bool = True) -> None:
        """Send a part of the body; `more=False` ends the response.

        Raises:
            ClientLeft: there is nobody to send to.
        """
        self.ended = not more
        await self._pass({"type": "http.response.body", "body": body, "more_body": more})

    async def answer(self, status: int, headers: HeaderRows, body: bytes) -> None:
        """Send a whole response with its length.

        Raises:
            ClientLeft: there is nobody to send to.
        """
        headers.append((b"content-length", b"%d" % len(body)))
        await self.start(status, headers)
        await self.write(body, more=False)

    async def _pass(self, message: dict[str, object]) -> None:
        if self.left:
            raise ClientLeft
        try:
            await self._send(message)
        except OSError:
            self.left = True
            raise ClientLeft from None

    async def wait_left(self) -> None:
        """Return when the client has closed the connection (or the response is complete)."""
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self.left = not self.ended

    async def attended(self, work: Awaitable[None]) -> None:
        """Do the work while the client is there; a client who leaves cancels it.

        Returns normally in both cases; `left` tells which it was.
        """
        try:
            async with asyncio.TaskGroup() as group:
                watchers: list[asyncio.Task[None]] = []
                timer = asyncio.get_running_loop().call_later(
                    WATCH_AFTER_SECONDS, lambda: watchers.append(group.create_task(self._watch()))
                )
                try:
                    await work
                finally:
                    timer.cancel()
                    for watcher in watchers:
                        watcher.cancel()
        except* ClientLeft:
            self.left = True

    async def _watch(self) -> None:
        await self.wait_left()
        if self.left:
            raise ClientLeft


def encode_headers(headers: Sequence[tuple[str, str]]) -> HeaderRows:
    """Header pairs as ASGI wants them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
