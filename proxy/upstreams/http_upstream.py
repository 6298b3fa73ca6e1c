"""Any OpenAI-compatible server, byte for byte.

The transport is our own (`http_connection`, `http_pool`; why: docs/decisions/0006): this path is the hot one
of the whole house. No cookies, no redirects, no decompression asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import orjson

from policies.critique import Ask
from proxy.exchange.exchange import Delta, Exchange
from proxy.exchange.ports import CriticAnswer, UpstreamError, UpstreamHead, Wire
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
from proxy.upstreams.http_connection import HttpConnection, StaleConnection
from proxy.upstreams.http_limits import HttpLimits, HttpTimeouts
from proxy.upstreams.http_pool import HttpPool
from proxy.upstreams.messages_critic import MESSAGES_PATH, messages_payload, read_messages_answer
from proxy.upstreams.relayed_headers import ANTHROPIC_VERSION, for_client, for_upstream

# After the end mark the closing chunk of the body is due at once: wait for it so that the connection
# can be kept, but never for long.
_CLOSING_SECONDS = 0.02
MODELS_PATH = "/models"
MODELS_SECONDS = 30.0


OPENAI_WIRES: frozenset[Wire] = frozenset(
    {"chat_completions", "responses", "completions", "embeddings", "media"}
)


class HttpUpstream:
    """An OpenAI-compatible server below `base_url` (the address that ends in `/v1`), or Anthropic's.

    With an `api_key` every call carries it in place of the client's own; without one the client's
    `authorization` (or `x-api-key`) is relayed, unless `relay_authorization` is False (clients then hold
    keys of Gatehouse, which must not leave the house).

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
        wires: frozenset[Wire] = OPENAI_WIRES,
    ) -> None:
        self.wires = wires
        self._anthropic = "messages" in wires and "chat_completions" not in wires
        self._prefix = quote(urlsplit(base_url).path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
        self.api_key = api_key
        self._relay_authorization = relay_authorization
        self.limits = limits or HttpLimits()
        self.timeouts = timeouts or HttpTimeouts()
        self.pool = HttpPool(base_url, self.limits, self.timeouts.connect)
        self._habits = CriticHabits()

    def open(self, exchange: Exchange, payload: bytes) -> ExchangeCall:
        """See `ports.Upstream.open`."""
        body = payload if exchange.method == "POST" else None
        key, kind = exchange.onward.key, exchange.content_type
        given, tenant = exchange.headers, exchange.tenant
        request = self.request(given, exchange.target, body, exchange.method, kind, key=key, tenant=tenant)
        return ExchangeCall(self, request, exchange)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        """See `ports.Critic.ask`. A parameter that the model turns down is left out from then on."""
        model = critic_model(exchange, prompt)
        while True:
            known = self._habits.of(model)
            try:
                if self._anthropic:
                    return await self._ask(exchange, messages_payload(model, prompt))
                return await self._ask(exchange, critic_payload(model, prompt, known))
            except UpstreamError as error:
                if not self._habits.learn(model, known, error):
                    raise

    async def _ask(self, exchange: Exchange, body: Mapping[str, Any]) -> CriticAnswer:
        # An idempotency key is the client's word about another request.
        given = {name: value for name, value in exchange.headers.items() if name != "idempotency-key"}
        given["accept"] = "application/json"
        key = exchange.onward.key
        path = MESSAGES_PATH if self._anthropic else CRITIC_PATH
        read = read_messages_answer if self._anthropic else read_critic_answer
        request = self.request(given, path, orjson.dumps(body), key=key)
        async with HttpCall(self, request, exchange.deadline, key) as call:
            return read(await call.whole_body())

    async def models(
        self, headers: Mapping[str, str] | None = None, key: str | None = None
    ) -> list[dict[str, Any]]:
        """Entries of `GET /models`; `headers` are the client's own (lower case), for its key.

        `key`: sent in place of any other.

        Raises:
            UpstreamError: it did not answer with a list of models.
        """
        request = self.request(headers or {}, MODELS_PATH, None, key=key)
        try:
            async with asyncio.timeout(MODELS_SECONDS):
                deadline = asyncio.get_running_loop().time() + MODELS_SECONDS
                async with HttpCall(self, request, deadline, key) as call:
                    raw = await call.whole_body()
        except TimeoutError:
            raise UpstreamError.timed_out() from None
        return _model_list(raw)

    async def aclose(self) -> None:
        """Close every connection. Safe to call twice."""
        self.pool.close()

    def request(
        self,
        headers: Mapping[str, str],
        path: str,
        payload: bytes | None,
        method: str = "GET",
        content_type: str = "application/json",
        *,
        key: str | None = None,
        tenant: str = "",
    ) -> bytes:
        """The bytes of a request; `headers` are the client's own, in lower case.

        A payload makes it a POST. `key`: sent in place of any other. `tenant`: whose client asks.

        Raises:
            UpstreamError: `upstream_invalid`, a header that cannot be sent.
        """
        own = self.api_key is None and key is None and self._relay_authorization
        lent = None if own else tenant
        sent = for_upstream(headers, self.credentials(headers, key), content_type, tenant=lent)
        if self._anthropic:
            sent.setdefault("anthropic-version", ANTHROPIC_VERSION)
        sent["host"] = self.pool.authority
        if payload is not None:
            sent["content-length"] = str(len(payload))
            method = "POST"
        fields = "".join([f"{name}: {value}\r\n" for name, value in sent.items()])
        head = f"{method} {self._prefix}{path} HTTP/1.1\r\n{fields}\r\n"
        if not head.count("\r") == head.count("\n") == len(sent) + 2 or max(head) > "\xff":
            raise UpstreamError.invalid()
        return head.encode("latin-1") + (payload or b"")

    def credentials(self, headers: Mapping[str, str], key: str | None = None) -> dict[str, str]:
        """Headers that say who calls: with the configured key, or as the client said it.

        Anthropic's servers know keys by `x-api-key`, all others by `authorization`. A tenant's `key` goes
        before the house's.
        """
        own = self.api_key if key is None else key
        if own is not None:
            return {"x-api-key": own} if self._anthropic else {"authorization": f"Bearer {own}"}
        if not self._relay_authorization:
            return {}
        given = {name: headers[name] for name in ("authorization", "x-api-key") if name in headers}
        if self._anthropic or "x-api-key" not in given:
            return given
        return {"authorization": given.get("authorization") or f"Bearer {given['x-api-key']}"}


class HttpCall:
    """One call: a context that gives the answer under way (itself) and closes the connection after.

    The connection returns to the pool only when the answer was read to its end.
    """

    __slots__ = ("_connection", "_deadline", "_key", "_request", "_said_all", "_upstream", "head")

    head: UpstreamHead

    def __init__(
        self, upstream: HttpUpstream, request: bytes, deadline: float, key: str | None = None
    ) -> None:
        self._upstream = upstream
        self._key = upstream.api_key if key is None else key
        self._request = request
        self._deadline = deadline
        self._connection: HttpConnection
        self._said_all = False

    async def __aenter__(self) -> Self:
        try:
            await self._send(fresh=False)
        except StaleConnection:
            await self._send(fresh=True)
        connection = self._connection
        try:
            self.head = UpstreamHead(connection.status, for_client(connection.headers))
            if connection.status != 200:
                await self._refuse(connection)
        except BaseException:
            self._upstream.pool.give_back(connection)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._said_all and kind is None and not self._connection.complete:
                await _read_out(self._connection)
        finally:
            self._upstream.pool.give_back(self._connection)

    async def _send(self, *, fresh: bool) -> None:
        upstream = self._upstream
        connection = await upstream.pool.take(fresh=fresh)
        try:
            connection.send(
                self._request,
                first_byte=upstream.timeouts.first_byte,
                idle=upstream.timeouts.idle,
                deadline=self._deadline,
                limit=upstream.limits.answer_bytes,
            )
            await connection.head()
        except BaseException:
            upstream.pool.give_back(connection)
            raise
        self._connection = connection

    async def _refuse(self, connection: HttpConnection) -> None:
        """Raise for a status that is no success (redirects are not followed, so they are none)."""
        status = connection.status
        if 200 <= status < 300:
            return
        if not 400 <= status <= 599:
            raise UpstreamError.invalid()
        raw = await _error_body(connection)
        headers = tuple(pair for pair in self.head.headers if pair[0] != "content-type")
        raise faults.refused(status, raw, headers, self._key)

    async def whole_body(self) -> bytes:
        """The answer's body.

        Raises:
            UpstreamError: broken off, stalled, past the deadline or too large.
        """
        return await _whole(self._connection)


class ExchangeCall(HttpCall):
    """The call of an exchange, whose answer is read with the exchange's codec."""

    __slots__ = ("_exchange", "pending")

    def __init__(self, upstream: HttpUpstream, request: bytes, exchange: Exchange) -> None:
        super().__init__(upstream, request, exchange.deadline, exchange.onward.key)
        self._exchange = exchange
        self.pending = False

    async def deltas(self) -> AsyncGenerator[Delta]:
        """See `ports.UpstreamAnswer.deltas`. An upstream's error event is the last delta."""
        if not self._exchange.stream:
            yield faults.read(self._exchange.codec.body, await self.whole_body())
            return
        if "event-stream" not in dict(self._connection.headers).get("content-type", "").lower():
            raise UpstreamError.invalid()
        ending = Ending(self._exchange.choices)
        splitter = FrameSplitter(self._upstream.limits.frame_bytes)
        read = self._exchange.codec.frame
        while chunk := await self._connection.read():
            try:
                frames = splitter.feed(chunk)
            except FrameTooLarge:
                raise UpstreamError.invalid() from None
            left = len(frames)
            for frame in frames:
                left -= 1
                self.pending = left > 0
                try:
                    delta = read(frame)
                except faults.UNREADABLE:
                    raise UpstreamError.invalid() from None
                self._said_all = ending.after(delta)
                yield delta
                if self._said_all:
                    return
        yield last_delta(splitter.rest, ending, self._exchange)


async def _whole(connection: HttpConnection, limit: int | None = None) -> bytes:
    """The whole body; over `limit` bytes (the connection's own where None) it is invalid."""
    parts: list[bytes] = []
    size = 0
    while chunk := await connection.read():
        size += len(chunk)
        if limit is not None and size > limit:
            raise UpstreamError.invalid()
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _error_body(connection: HttpConnection) -> bytes:
    """The body of an error status; empty when it is too large or broke off: the status says enough."""
    try:
        return await _whole(connection, faults.MAX_ERROR_BYTES)
    except UpstreamError:
        return b""


async def _read_out(connection: HttpConnection) -> None:
    """Let an answer that has said its last word end, so that its connection can be used again."""
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            while await connection.read():
                pass
    except (UpstreamError, TimeoutError):
        return


def _model_list(raw: bytes) -> list[dict[str, Any]]:
    try:
        entries = orjson.loads(raw)["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        raise UpstreamError.invalid() from None
    if not isinstance(entries, list):
        raise UpstreamError.invalid()
    return [entry for entry in entries if isinstance(entry, dict)]
