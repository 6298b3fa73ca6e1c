"""Any OpenAI-compatible server, byte for byte. The only importer of aiohttp.

aiohttp was the fastest client library in our measurements (docs/reference/performance.md); what a
call costs beyond it is kept to a few microseconds: one context object, no trace hooks, no cookies,
no redirects, no decompression asked for.
"""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import AsyncGenerator, Mapping
from contextvars import ContextVar
from math import inf
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
from yarl import URL

from policies.critique import Ask
from proxy.exchange.exchange import Delta, Exchange
from proxy.exchange.ports import CriticAnswer, UpstreamError, UpstreamHead
from proxy.upstreams import faults
from proxy.upstreams.critic_call import (
    CRITIC_PATH,
    CriticHabits,
    critic_model,
    critic_payload,
    read_critic_answer,
)
from proxy.upstreams.ending import Ending, last_delta
from proxy.upstreams.frames import FrameSplitter, FrameTooLarge
from proxy.upstreams.http_limits import HttpLimits, HttpTimeouts
from proxy.upstreams.relayed_headers import for_client, for_upstream

# aiohttp warns about bytes over 1 MiB: sending them can hold up the loop. A file it sends piecemeal.
_PIECEMEAL_BYTES = 1024 * 1024
# After the end mark the closing chunk of the body is due at once: wait for it so that the connection
# can be kept, but never for long.
_CLOSING_SECONDS = 0.02


class HttpUpstream:
    """An OpenAI-compatible server below `base_url` (the address that ends in `/v1`).

    With an `api_key` every call carries it in place of the client's own; without one the client's
    Authorization header is relayed, unless `relay_authorization` is False (clients then hold keys of
    Gatehouse, which must not leave the house). `trust_env` lets proxies of the environment apply.

    Connections belong to the running loop: the first call opens them, `aclose` closes them.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeouts: HttpTimeouts | None = None,
        limits: HttpLimits | None = None,
        relay_authorization: bool = True,
        trust_env: bool = False,
    ) -> None:
        self._base = base_url.rstrip("/")
        self.api_key = api_key
        self._relay_authorization = relay_authorization
        self._trust_env = trust_env
        self.limits = limits or HttpLimits()
        self.timeouts = timeouts or HttpTimeouts()
        # A total would cost a timer of aiohttp's on every call: 8 µs of 90 (measured on 3.14).
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self.timeouts.connect, sock_read=self.timeouts.first_byte
        )
        self._urls: dict[str, URL] = {}
        self._session: aiohttp.ClientSession | None = None
        self._habits = CriticHabits()
        self._closed = False

    def open(self, exchange: Exchange, payload: bytes) -> HttpCall:
        """See `ports.Upstream.open`."""
        headers = for_upstream(exchange.headers, self.authorization(exchange.headers))
        return HttpCall(self, exchange, headers, payload)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        """See `ports.Critic.ask`. A parameter that the model turns down is left out from then on."""
        model = critic_model(exchange)
        while True:
            known = self._habits.of(model)
            try:
                return await self._ask(exchange, critic_payload(model, prompt, known))
            except UpstreamError as error:
                if not self._habits.learn(model, known, error):
                    raise

    async def _ask(self, exchange: Exchange, body: Mapping[str, Any]) -> CriticAnswer:
        headers = for_upstream(exchange.headers, self.authorization(exchange.headers))
        headers["accept"] = "application/json"
        headers.pop("idempotency-key", None)  # it is the client's word about another request
        async with HttpCall(self, exchange, headers, orjson.dumps(body), CRITIC_PATH) as call:
            return read_critic_answer(await call.whole_body())

    async def models(self, headers: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Entries of `GET /models`; `headers` are the client's own (lower case), for its key.

        Raises:
            UpstreamError: it did not answer with a list of models.
        """
        given = headers or {}
        try:
            async with self.session().get(
                self.url("/models"),
                headers=for_upstream(given, self.authorization(given)),
                allow_redirects=False,
            ) as response:
                raw = await _bounded(response, self.limits.answer_bytes)
                if response.status != 200:
                    raise faults.refused(response.status, raw, secret=self.api_key)
        except (aiohttp.ClientError, OSError) as error:
            raise _fault(error) from None
        return _model_list(raw)

    async def aclose(self) -> None:
        """Close every connection. Safe to call twice."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def authorization(self, headers: Mapping[str, str]) -> str | None:
        """Authorization header value of a call, None for none."""
        if self.api_key is not None:
            return f"Bearer {self.api_key}"
        return headers.get("authorization") if self._relay_authorization else None

    def url(self, path: str) -> URL:
        """Address of a path below the base, parsed once."""
        found = self._urls.get(path)
        if found is None:
            found = self._urls[path] = URL(self._base + path)
        return found

    def session(self) -> aiohttp.ClientSession:
        """The session, opened on first use."""
        if self._closed:
            raise faults.unreachable()
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self.limits.connections,
                ttl_dns_cache=300,
                keepalive_timeout=self.limits.keepalive_seconds,
                socket_factory=_note_fresh_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
                timeout=self._timeout,
                trust_env=self._trust_env,
            )
        return self._session


class HttpCall:
    """One call: a context that gives the answer under way (itself) and closes the connection after.

    The connection returns to the pool only when the answer was read to its end.
    """

    __slots__ = (
        "_exchange",
        "_headers",
        "_left",
        "_path",
        "_payload",
        "_response",
        "_said_all",
        "_upstream",
        "fresh",
        "head",
        "pending",
    )

    head: UpstreamHead

    def __init__(
        self,
        upstream: HttpUpstream,
        exchange: Exchange,
        headers: Mapping[str, str],
        payload: bytes,
        path: str = "",
    ) -> None:
        self._upstream = upstream
        self._exchange = exchange
        self._headers = headers
        self._payload = payload
        self._path = path or exchange.codec.path
        self._response: aiohttp.ClientResponse
        self._left = upstream.limits.answer_bytes
        self._said_all = False
        self.pending = False
        self.fresh = False
        """Whether the last attempt had to open a connection."""

    async def __aenter__(self) -> Self:
        try:
            response = self._response = await self._post()
        except (aiohttp.ClientError, OSError) as error:
            raise _fault(error) from None
        try:
            self.head = UpstreamHead(response.status, for_client(response.headers.items()))
            if response.status != 200:
                await self._refuse(response)
        except BaseException:
            response.close()
            raise
        connection = response.connection
        if connection is not None and connection.protocol is not None:
            # Holds from the next byte on: until then the limit of the first byte runs.
            connection.protocol.read_timeout = self._upstream.timeouts.idle
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        response = self._response
        if response.closed:
            return
        try:
            if self._said_all and kind is None:
                await _read_out(response)
        finally:
            # An answer that was not read to its end has its connection closed; any other was given back.
            response.close()

    async def _post(self) -> aiohttp.ClientResponse:
        try:
            return await self._post_once()
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if self.fresh or not _said_nothing(error):
                raise
        return await self._post_once()

    async def _post_once(self) -> aiohttp.ClientResponse:
        upstream, payload = self._upstream, self._payload
        _CALL.set(self)
        return await upstream.session().post(
            upstream.url(self._path),
            data=payload if len(payload) < _PIECEMEAL_BYTES else io.BytesIO(payload),
            headers=self._headers,
            allow_redirects=False,
        )

    async def _refuse(self, response: aiohttp.ClientResponse) -> None:
        """Raise for a status that is no success (redirects are not followed, so they are none)."""
        if 200 <= response.status < 300:
            return
        if not 400 <= response.status <= 599:
            raise faults.invalid()
        raw = await _error_body(response)
        headers = tuple(pair for pair in self.head.headers if pair[0] != "content-type")
        raise faults.refused(response.status, raw, headers, self._upstream.api_key)

    async def whole_body(self) -> bytes:
        """The answer's body.

        Raises:
            UpstreamError: broken off, stalled, past the deadline or too large.
        """
        response, limit = self._response, self._upstream.limits.answer_bytes
        try:
            if response.content.is_eof():
                return await _bounded(response, limit)
            async with asyncio.timeout_at(_loop_time(self._exchange.deadline)):
                return await _bounded(response, limit)
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise _fault(error, under_way=True) from None

    async def deltas(self) -> AsyncGenerator[Delta]:
        """See `ports.UpstreamAnswer.deltas`. An upstream's error event is the last delta."""
        if not self._exchange.stream:
            yield self._exchange.codec.body(await self.whole_body())
            return
        if "event-stream" not in self._response.headers.get("content-type", ""):
            raise faults.invalid()
        ending = Ending(self._exchange.choices)
        splitter = FrameSplitter(self._upstream.limits.frame_bytes)
        read = self._exchange.codec.frame
        while (frames := await self._read_frames(splitter)) is not None:
            left = len(frames)
            for frame in frames:
                left -= 1
                self.pending = left > 0
                delta = read(frame)
                self._said_all = ending.after(delta)
                yield delta
                if self._said_all:
                    return
        yield last_delta(splitter.rest, ending, self._exchange)

    async def _read_frames(self, splitter: FrameSplitter) -> list[bytes] | None:
        """Frames of the next read (perhaps none), or None where the bytes end."""
        try:
            chunk = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise _fault(error, under_way=True) from None
        if asyncio.get_running_loop().time() >= self._exchange.deadline:
            raise faults.timed_out()
        self._left -= len(chunk)
        if self._left < 0:
            raise faults.invalid()
        try:
            return splitter.feed(chunk) if chunk else None
        except FrameTooLarge:
            raise faults.invalid() from None


_CALL: ContextVar[HttpCall | None] = ContextVar("gatehouse_http_call", default=None)


def _note_fresh_socket(address: Any) -> socket.socket:
    """A socket as aiohttp would make it, and a note on the call that it did not reuse one."""
    call = _CALL.get()
    if call is not None:
        call.fresh = True
    family, kind, protocol, *_ = address
    return socket.socket(family=family, type=kind, proto=protocol)


def _said_nothing(error: aiohttp.ClientConnectionError) -> bool:
    """True when the connection broke without a byte of an answer: a kept-alive one gone stale."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    return not isinstance(error, aiohttp.ServerDisconnectedError) or isinstance(error.message, str)


def _fault(error: BaseException, under_way: bool = False) -> UpstreamError:
    """Our word for a client error; `under_way`: the answer had begun."""
    if isinstance(error, UpstreamError):
        return error
    if isinstance(error, TimeoutError):
        return faults.timed_out()
    if under_way:
        return faults.cut_off()
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, aiohttp.InvalidURL)):
        return faults.invalid()
    return faults.unreachable()


def _loop_time(deadline: float) -> float | None:
    """A deadline for `asyncio.timeout_at`, which wants None for never."""
    return None if deadline == inf else deadline


async def _bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, at most `limit` bytes of it decoded."""
    length = response.content_length
    if length is not None and length <= limit and "content-encoding" not in response.headers:
        return await response.read()
    parts: list[bytes] = []
    while chunk := await response.content.readany():
        limit -= len(chunk)
        if limit < 0:
            raise faults.invalid()
        parts.append(chunk)
    return b"".join(parts)


async def _error_body(response: aiohttp.ClientResponse) -> bytes:
    """The body of an error status; empty when it is too large or broke off: the status says enough."""
    try:
        return await _bounded(response, faults.MAX_ERROR_BYTES)
    except (UpstreamError, aiohttp.ClientError):
        return b""


async def _read_out(response: aiohttp.ClientResponse) -> None:
    """Let an answer that has said its last word end, so that its connection can be used again."""
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            while await response.content.readany():
                pass
    except (aiohttp.ClientError, OSError):
        return


def _model_list(raw: bytes) -> list[dict[str, Any]]:
    try:
        entries = orjson.loads(raw)["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        raise faults.invalid() from None
    if not isinstance(entries, list):
        raise faults.invalid()
    return [entry for entry in entries if isinstance(entry, dict)]
