"""The front door: hot paths go straight to their handlers, everything else to the FastAPI application.

Pure ASGI: a framework's routing and middleware would cost more than the whole corridor, and some of it hides
from a handler that its client has left. A path is known exactly, with and without `/v1`, or it is not known:
no slashes are folded, no case is, and nothing is tunnelled.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from proxy.errors import GatehouseError, InternalError, MethodNotAllowed, NotFound
from proxy.exchange.ports import ClientLeft
from proxy.surfaces.connection import Connection
from proxy.surfaces.decision_id import DecisionIds
from proxy.surfaces.guarded_route import refuse
from proxy.surfaces.operations import DECISION_KEY, UNSUPPORTED
from proxy.surfaces.reading import Message, Receive, Scope, Send
from proxy.surfaces.verdict_headers import ID_NAMES

_log = logging.getLogger("gatehouse.front")

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
_NAME = r"[A-Za-z0-9_.:-]{1,256}"

PREFIX = "/v1"
PREFIXES = (PREFIX, "/openai/v1")
"""What may stand before a path: OpenAI's base URL, and Azure's."""
_EXPOSED = (
    b"x-request-id, request-id, x-gatehouse-request-id, x-gatehouse-action, x-gatehouse-stage, "
    b"x-gatehouse-category, x-gatehouse-guard, x-gatehouse-policy, x-gatehouse-constitution, "
    b"x-gatehouse-coverage, x-gatehouse-overhead-ms, x-gatehouse-lane, retry-after"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A guarded route whose path names something: `GET`, `/responses/{id}`. Without `/v1`."""

    method: str
    template: str
    handler: Handler

    def expression(self) -> re.Pattern[str]:
        """What matches its paths, with and without `/v1` or `/openai/v1`."""
        steps = [_NAME if step[:1] == "{" else re.escape(step) for step in self.template.split("/")]
        return re.compile(f"(?:{'|'.join(PREFIXES)})?{'/'.join(steps)}")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How errors look at a path and below it (without `/v1`), also where no route is there.

    `error_body`: from an error and the decision's id; `id_header`: one more header that says the id.
    """

    path: str
    error_body: Callable[[GatehouseError, str], bytes]
    id_header: bytes

    def covers(self, path: str) -> bool:
        """Whether a path, with or without a prefix, is one of its own."""
        below = (before + self.path for before in ("", *PREFIXES))
        return any(path == each or path.startswith(f"{each}/") for each in below)


class Front:
    """`hot`: path without prefix to its POST handler; `app`: everything else, lifespan included.

    `patterns`: guarded routes of other methods, or with a name in the path. `dialects`: where errors are not
    in OpenAI's shape.
    `origins`: web origins that browsers may call from (`*` for all); none by default.
    """

    def __init__(
        self,
        app: Handler,
        hot: Mapping[str, Handler],
        patterns: Sequence[Pattern] = (),
        *,
        dialects: Sequence[Dialect] = (),
        origins: Sequence[str] = (),
        new_id: Callable[[], str] | None = None,
    ) -> None:
        self._app = app
        self._hot = {**hot, **{before + path: hot[path] for before in PREFIXES for path in hot}}
        self._patterns = tuple((item.expression(), item) for item in patterns)
        self._dialects = tuple(dialects)
        self._origins = frozenset(origin.encode() for origin in origins)
        self._new_id = new_id or DecisionIds()

    @property
    def hot_paths(self) -> tuple[str, ...]:
        """Every path that is dispatched here, for the route list test."""
        return (*self._hot, *(f"{item.method} {item.template}" for _, item in self._patterns))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch one ASGI scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._origins:
            origin = _header(scope, b"origin")
            if origin is not None and (origin in self._origins or b"*" in self._origins):
                await self._from_browser(origin, scope, receive, send)
                return
        await self._dispatch(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        handler = self._hot.get(path) if scope["method"] == "POST" else None
        handler = handler or self._patterned(scope)
        if handler is not None:
            try:
                await handler(scope, receive, send)
            except Exception as error:  # noqa: BLE001 - the client is owed an answer in its API's shape
                await self._apologise(error, Connection(receive, send), path)
        elif path in self._hot:
            await self._answer(Connection(receive, send), MethodNotAllowed("POST"), self._new_id(), path)
        elif self._dialect(path) is not None:
            await self._answer(Connection(receive, send), NotFound(UNSUPPORTED), self._new_id(), path)
        else:
            await self._guarded(self._app, scope, receive, send)

    def _dialect(self, path: str) -> Dialect | None:
        return next((each for each in self._dialects if each.covers(path)), None)

    def _patterned(self, scope: Scope) -> Handler | None:
        method, path = scope["method"], scope["path"]
        for expression, item in self._patterns:
            if item.method == method and expression.fullmatch(path):
                return item.handler
        return None

    async def _guarded(self, app: Handler, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; a fault before its first byte becomes a 500."""
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await app(scope, receive, note)
        except Exception as error:  # noqa: BLE001 - as above
            if started:
                _report(error, scope.get(DECISION_KEY, "none"))
            else:
                await self._apologise(error, Connection(receive, send), scope["path"])

    async def _apologise(self, error: Exception, connection: Connection, path: str) -> None:
        decision = self._new_id()
        _report(error, decision)
        fault = InternalError(f"Gatehouse failed on this request. Decision id: {decision}.")
        await self._answer(connection, fault, decision, path)

    async def _answer(self, connection: Connection, error: GatehouseError, decision: str, path: str) -> None:
        dialect = self._dialect(path)
        body = None if dialect is None else dialect.error_body(error, decision)
        ids = ID_NAMES if dialect is None else (*ID_NAMES, dialect.id_header)
        try:
            await refuse(connection, decision, error, body, ids)
        except (ClientLeft, RuntimeError):
            # The server refuses a second start: an answer was under way, and it closes the connection.
            return

    async def _from_browser(self, origin: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """CORS for an allowed origin. Requested headers are echoed: SDKs send many of their own."""
        shared = [(b"access-control-allow-origin", origin), (b"vary", b"origin")]
        if scope["method"] == "OPTIONS":
            wanted = _header(scope, b"access-control-request-headers") or b"authorization, content-type"
            rows = [
                *shared,
                (b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS"),
                (b"access-control-allow-headers", wanted),
                (b"access-control-max-age", b"600"),
            ]
            await send({"type": "http.response.start", "status": 204, "headers": rows})
            await send({"type": "http.response.body", "body": b""})
            return

        async def share(message: Message) -> None:
            if message["type"] == "http.response.start":
                exposed = (b"access-control-expose-headers", _EXPOSED)
                message = {**message, "headers": [*message.get("headers", []), *shared, exposed]}
            await send(message)

        await self._dispatch(scope, receive, share)


def _header(scope: Scope, name: bytes) -> bytes | None:
    found: bytes | None = next((value for key, value in scope["headers"] if key == name), None)
    return found


def _report(error: Exception, decision: str) -> None:
    """Kind and place of a fault; its message may quote a request."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unhandled %s (decision %s)\n%s", type(error).__name__, decision, where)
