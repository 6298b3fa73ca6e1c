"""From raw ASGI to an exchange in the corridor, for every surface alike. No FastAPI here: the hot path.

A surface says what it found in a request, how its answers are written and what its errors look like. It has
no other way to a model: the corridor is called here and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson

from classifiers.classification import Conversation
from policies.bundle import PolicyBundle
from proxy.errors import BadRequest, GatehouseError
from proxy.exchange.exchange import Exchange, Onward, VerdictOnly
from proxy.exchange.ports import ClientLeft, Codec, Downstream
from proxy.exchange.values import value
from proxy.surfaces.connection import Connection, encode_headers
from proxy.surfaces.decision_id import DecisionIds
from proxy.surfaces.end_user import EndUsers
from proxy.surfaces.language import preferred
from proxy.surfaces.reading import (
    Limits,
    Receive,
    Scope,
    Send,
    check_media_type,
    is_form,
    parse_object,
    read_body,
    read_headers,
)
from proxy.surfaces.verdict_headers import ID_NAMES

CLIENT_CLOSED_REQUEST = 499


class Visit(Protocol):
    """Who asks, and what is theirs."""

    @property
    def tenant(self) -> str:
        """Name of the tenant."""

    @property
    def client(self) -> str:
        """What its requests are counted by."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The client's headers that may go on, by lower-case name."""

    @property
    def onward(self) -> Onward:
        """Where its calls go."""

    def enter(self, route: str) -> None:
        """Use a route; raises a `GatehouseError` (403) to refuse."""

    def bundle(self, route: str, model: str) -> PolicyBundle:
        """What rules a request for a model; raises a `GatehouseError` (400, 403) to refuse."""

    def bundle_of(self, route: str, model: str) -> PolicyBundle:
        """What rules a stored answer of a model, whoever may ask that one."""


Greet = Callable[[Mapping[str, str]], Visit]
"""From request headers (lower-case names) to who asks; raises a `GatehouseError` (401) to refuse."""

Admit = Callable[[Any], Awaitable[None]]
"""From who asks; raises `RateLimited` for a client or tenant that has used up its share."""


class Walker(Protocol):
    """What a route needs of the corridor."""

    async def walk(self, exchange: Exchange, client: Downstream) -> None:
        """Take one exchange through and close its record."""

    def rejected(self, surface: str, status: int, code: str) -> None:
        """A request was refused before there was an exchange: close a record for it all the same."""


@value(frozen=True, slots=True)
class Call:
    """A request as it came. `path`: without `/v1`; `body`: parsed, empty where `raw` is (GET, DELETE)."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    raw: bytes

    @property
    def target(self) -> str:
        """Path and query, for an upstream that is asked the same way."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def check_query(self) -> None:
        """No parameter but the one that Anthropic's clients send.

        Raises:
            BadRequest: there are others.
        """
        if self.query not in ("", "beta=true"):
            raise BadRequest("This route takes no query parameters.", code="invalid_value")


@value(frozen=True, slots=True)
class Asked:
    """What a surface found in a request; see `Exchange` for the fields.

    `target`: path and query below the upstream's base URL. `led`: the codec puts the constitution into the
    request; what is not led is not said to be.
    """

    model: str
    conversation: Conversation
    codec: Codec
    target: str
    parts: int = 0
    method: str = "POST"
    stream: bool = False
    structured: bool = False
    choices: int = 1
    wants_verdict: bool = False
    body: dict[str, Any] | None = None
    """The request as it goes on, where that is not as it came."""
    may_withhold: bool = False
    fetched: bool = False
    verdict_only: VerdictOnly | None = None
    content_type: str = "application/json"
    led: bool = True


class Surface(Protocol):
    """A translator."""

    name: str
    """What stands in records and metrics: one of a few."""

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:
        """What is asked.

        Raises:
            GatehouseError: the request is not one of this surface, or more than the limits allow.
        """

    def downstream(self, exchange: Exchange, connection: Connection) -> Downstream:
        """The client of one exchange."""

    def error_body(self, error: GatehouseError, decision: str) -> bytes:  # noqa: ARG002
        """An error in the surface's shape: OpenAI's, where it has none of its own."""
        return error.body()


@dataclass(frozen=True, slots=True)
class Entrance:
    """What stands before every surface. `clock`: the event loop's time, in seconds."""

    greet: Greet
    limits: Limits = field(default_factory=Limits)
    admit: Admit | None = None
    new_id: Callable[[], str] = field(default_factory=DecisionIds)
    clock: Callable[[], float] = time.monotonic
    end_users: EndUsers | None = None

    async def arrive(
        self, scope: Scope, receive: Receive, route: str, *, bodyless: bool = False, forms: bool = False
    ) -> Arrival:
        """Read a request. Who may not ask is turned away before its body is read.

        `route`: name of the surface. `forms`: it may be a multipart form, whose bytes the surface reads.

        Raises:
            GatehouseError: it is turned away, or cannot be read.
            ClientLeft: the client closed the connection meanwhile.
        """
        started = self.clock()
        headers = read_headers(scope)
        visit = self.greet(headers)
        visit.enter(route)
        if self.admit is not None:
            await self.admit(visit)
        method, raw, body = scope["method"], b"", dict[str, Any]()
        if method == "POST":
            if forms and is_form(headers):
                raw = await read_body(headers, receive, self.limits)
            else:
                raw, body = await self._read_body(headers, receive, bodyless)
        end_user = ""
        if self.end_users is not None and body:
            end_user = self.end_users.digest(body)
            onward = self.end_users.onward(body) if end_user else None
            if onward is not None:
                raw, body = orjson.dumps(onward), onward
        query = scope.get("query_string", b"").decode("latin-1")
        path = scope["path"].removeprefix("/openai/v1").removeprefix("/v1")
        call = Call(method, path, query, visit.headers, body, raw)
        deadline = started + self.limits.exchange_seconds
        model = body.get("model")
        named = model if type(model) is str else ""
        return Arrival(call, visit, route, started, deadline, end_user, named)

    async def _read_body(
        self, headers: Mapping[str, str], receive: Receive, bodyless: bool
    ) -> tuple[bytes, dict[str, Any]]:
        if bodyless:
            if (await read_body(headers, receive, self.limits)).strip() not in (b"", b"{}"):
                raise BadRequest("This route takes no body.", code="invalid_value")
            return b"", {}
        check_media_type(headers)
        raw = await read_body(headers, receive, self.limits)
        return raw, parse_object(raw, self.limits)


@value(frozen=True, slots=True)
class Arrival:
    """A request that may ask, with who asks and under which policy. Times are the event loop's.

    `model`: the one it names, as far as it is known.
    """

    call: Call
    visit: Visit
    route: str
    started: float
    deadline: float
    end_user: str = ""
    model: str = ""
    bundle: PolicyBundle = field(init=False)

    def __post_init__(self) -> None:
        """Rule it by what applies to the model, with the block style of its policy for this route."""
        object.__setattr__(self, "bundle", self._styled(self.visit.bundle(self.route, self.model)))

    def _styled(self, bundle: PolicyBundle) -> PolicyBundle:
        policy = bundle.policy
        style = policy.block_styles.get(self.route, policy.block_style)
        if style == policy.block_style:
            return bundle
        return replace(bundle, policy=replace(policy, block_style=style))

    def _bundle_of(self, model: str) -> PolicyBundle:
        return self._styled(self.visit.bundle_of(self.route, model))

    def exchange(self, decision: str, asked: Asked) -> Exchange:
        """The exchange that it becomes."""
        wish = self.call.headers.get("accept-language")
        language = preferred(wish, self.bundle.languages) if wish else ""
        led = asked.led and asked.verdict_only is None
        return Exchange(
            id=decision,
            surface=self.route,
            tenant=self.visit.tenant,
            model=asked.model,
            stream=asked.stream,
            conversation=asked.conversation,
            bundle=self.bundle if led else self.bundle.without_constitution(),
            codec=asked.codec,
            body=self.call.body if asked.body is None else asked.body,
            original=self.call.raw if asked.body is None else orjson.dumps(asked.body),
            headers=self.call.headers,
            started=self.started,
            deadline=self.deadline,
            method=asked.method,
            target=asked.target,
            content_type=asked.content_type,
            structured=asked.structured,
            language=language or "en",
            language_known=bool(language),
            parts=asked.parts,
            choices=asked.choices,
            wants_verdict=asked.wants_verdict,
            may_withhold=asked.may_withhold,
            end_user=self.end_user,
            client=self.visit.client,
            fetched=asked.fetched,
            of_model=self._bundle_of if asked.fetched and not asked.model else None,
            verdict_only=asked.verdict_only,
            onward=self.visit.onward,
        )


class GuardedRoute:
    """One surface's requests as an ASGI handler. `bodyless`: a POST that says all in its path; `forms`: one
    that may be a multipart form; `id_header`: one more header that says the decision id of a refusal."""

    __slots__ = ("_bodyless", "_corridor", "_entrance", "_forms", "_id_headers", "_surface")

    def __init__(
        self,
        surface: Surface,
        corridor: Walker,
        entrance: Entrance,
        *,
        bodyless: bool = False,
        forms: bool = False,
        id_header: bytes = b"",
    ) -> None:
        self._id_headers = (*ID_NAMES, id_header) if id_header else ID_NAMES
        self._surface = surface
        self._corridor = corridor
        self._entrance = entrance
        self._bodyless = bodyless
        self._forms = forms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, the client gets an answer in the surface's shape."""
        connection = Connection(receive, send)
        decision = self._entrance.new_id()
        try:
            exchange = await self._read(scope, receive, decision)
        except GatehouseError as error:
            await self._refuse(connection, decision, error)
        except ClientLeft:
            self._corridor.rejected(self._surface.name, CLIENT_CLOSED_REQUEST, "client_left")
        except Exception:
            self._corridor.rejected(self._surface.name, 500, "internal_error")
            raise
        else:
            downstream = self._surface.downstream(exchange, connection)
            await connection.attended(self._corridor.walk(exchange, downstream))

    async def _refuse(self, connection: Connection, decision: str, error: GatehouseError) -> None:
        self._corridor.rejected(self._surface.name, error.status, error.code)
        try:
            body = self._surface.error_body(error, decision)
            await refuse(connection, decision, error, body, self._id_headers)
        except ClientLeft:
            return

    async def _read(self, scope: Scope, receive: Receive, decision: str) -> Exchange:
        arrival = await self._entrance.arrive(
            scope, receive, self._surface.name, bodyless=self._bodyless, forms=self._forms
        )
        asked = self._surface.read(arrival.call, self._entrance.limits, arrival.bundle)
        if asked.model == arrival.model:
            return arrival.exchange(decision, asked)
        # A path or a form names the model: another policy may rule it.
        renamed = replace(arrival, model=asked.model)
        if renamed.bundle.policy.digest != arrival.bundle.policy.digest:
            asked = self._surface.read(renamed.call, self._entrance.limits, renamed.bundle)
        return renamed.exchange(decision, asked)


async def refuse(
    connection: Connection,
    decision: str,
    error: GatehouseError,
    body: bytes | None = None,
    id_headers: Sequence[bytes] = ID_NAMES,
) -> None:
    """Answer a request that never became an exchange; `body`: in the surface's shape, else OpenAI's.

    The connection is closed where the rest of a body may still be on its way.
    """
    rows = [
        (b"content-type", b"application/json"),
        *((name, decision.encode()) for name in id_headers),
        *encode_headers(error.headers()),
    ]
    if error.status in (401, 403, 408, 413, 415):
        rows.append((b"connection", b"close"))
    await connection.answer(error.status, rows, error.body() if body is None else body)
