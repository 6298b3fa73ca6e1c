"""The route: from raw ASGI to an exchange in the corridor. No FastAPI here, this is the hot path."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from policies.bundle import PolicyBundle
from proxy.errors import BadRequest, GatehouseError
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import ClientLeft, Downstream
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.surfaces.chat_completions.downstream import ChatDownstream
from proxy.surfaces.connection import Connection, encode_headers
from proxy.surfaces.decision_id import DecisionIds
from proxy.surfaces.extract import Extractor, is_structured
from proxy.surfaces.language import preferred
from proxy.surfaces.reading import (
    Limits,
    Receive,
    Scope,
    Send,
    check_media_type,
    parse_object,
    read_body,
    read_headers,
)
from proxy.surfaces.verdict_headers import VerdictHeaders

SURFACE = "chat_completions"
CLIENT_CLOSED_REQUEST = 499

BundleFor = Callable[[Mapping[str, str]], tuple[str, PolicyBundle]]
"""From request headers to tenant and policy bundle; raises a `GatehouseError` (401, 403, 429) to refuse."""

Admit = Callable[[Mapping[str, str]], Awaitable[None]]
"""From request headers; raises `RateLimited` for a client that has used up its share."""


class Walker(Protocol):
    """What a surface needs of the corridor."""

    async def walk(self, exchange: Exchange, client: Downstream) -> None:
        """Take one exchange through and close its record."""

    def rejected(self, surface: str, status: int, code: str) -> None:
        """A request was refused before there was an exchange: close a record for it all the same."""


class ChatCompletions:
    """`POST /chat/completions` as an ASGI handler.

    `clock`: the event loop's time, in seconds; `wall`: seconds since the epoch.
    """

    def __init__(  # noqa: PLR0913 - each is a part that the composition root or a test chooses
        self,
        corridor: Walker,
        bundle_for: BundleFor,
        *,
        limits: Limits | None = None,
        admit: Admit | None = None,
        codec: ChatCodec | None = None,
        headers: VerdictHeaders | None = None,
        new_id: Callable[[], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._corridor = corridor
        self._bundle_for = bundle_for
        self._limits = limits or Limits()
        self._admit = admit
        self._codec = codec or ChatCodec()
        self._headers = headers or VerdictHeaders()
        self._new_id = new_id or DecisionIds()
        self._clock = clock
        self._wall = wall
        self._extractor = Extractor()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, the client gets an answer in OpenAI's shape."""
        connection = Connection(receive, send)
        decision = self._new_id()
        try:
            exchange = await self._read(scope, receive, decision)
        except GatehouseError as error:
            await self._refuse(connection, decision, error)
        except ClientLeft:
            self._corridor.rejected(SURFACE, CLIENT_CLOSED_REQUEST, "client_left")
        except Exception:
            self._corridor.rejected(SURFACE, 500, "internal_error")
            raise
        else:
            downstream = ChatDownstream(exchange, connection, self._headers, self._wall)
            await connection.attended(self._corridor.walk(exchange, downstream))

    async def _refuse(self, connection: Connection, decision: str, error: GatehouseError) -> None:
        self._corridor.rejected(SURFACE, error.status, error.code)
        try:
            await refuse(connection, decision, error)
        except ClientLeft:
            return

    async def _read(self, scope: Scope, receive: Receive, decision: str) -> Exchange:
        """The exchange of a request. Who may not ask is turned away before the body is read."""
        started = self._clock()
        headers = read_headers(scope)
        tenant, bundle = self._bundle_for(headers)
        if self._admit is not None:
            await self._admit(headers)
        check_media_type(headers)
        raw = await read_body(headers, receive, self._limits)
        body = parse_object(raw, self._limits)
        check_request(body, self._limits)
        conversation, parts = self._extractor.read(body)
        wish = headers.get("accept-language")
        return Exchange(
            id=decision,
            surface=SURFACE,
            tenant=tenant,
            model=body["model"],
            stream=body.get("stream") is True,
            conversation=conversation,
            bundle=bundle,
            codec=self._codec,
            body=body,
            original=raw,
            headers=headers,
            started=started,
            deadline=started + self._limits.exchange_seconds,
            structured=is_structured(body),
            language=(preferred(wish, bundle.replies.texts) or "en") if wish else "en",
            parts=parts,
            choices=body.get("n") or 1,
            wants_verdict=body.get("moderation") is not None,
        )


async def refuse(connection: Connection, decision: str, error: GatehouseError) -> None:
    """Answer a request that never became an exchange.

    The connection is closed where the rest of a body may still be on its way.
    """
    rows = [
        (b"content-type", b"application/json"),
        (b"x-request-id", decision.encode()),
        (b"x-gatehouse-request-id", decision.encode()),
        *encode_headers(error.headers()),
    ]
    if error.status in (401, 403, 408, 413, 415):
        rows.append((b"connection", b"close"))
    await connection.answer(error.status, rows, error.body())


def check_request(body: Mapping[str, Any], limits: Limits) -> None:
    """The few things that must hold for a request to be walked; all else is the upstream's business.

    Raises:
        BadRequest: naming the field at fault.
    """
    messages = body.get("messages")
    if type(messages) is not list or not messages:
        raise _bad("messages", "must be a list with at least one message")
    if len(messages) > limits.messages:
        raise _bad("messages", f"must not hold more than {limits.messages} messages")
    for message in messages:
        if type(message) is not dict:
            raise _bad("messages", "must hold objects only")
    model = body.get("model")
    if type(model) is not str or not model or len(model) > 256:
        raise _bad("model", "must be the name of a model")
    if type(body.get("stream")) not in (bool, type(None)):
        raise _bad("stream", "must be true or false")
    choices = body.get("n")
    if choices is not None and (type(choices) is not int or not 1 <= choices <= limits.choices):
        raise _bad("n", f"must be a whole number from 1 to {limits.choices}")


def _bad(field: str, problem: str) -> BadRequest:
    return BadRequest(f"'{field}' {problem}.", param=field, code="invalid_value")
