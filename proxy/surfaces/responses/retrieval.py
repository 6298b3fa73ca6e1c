"""Stored responses: fetching one, its input items, cancelling and deleting it.

All of it is relayed to the default upstream, which has stored them. What comes back is judged like any
answer, so that storing an answer is no way round the rules of the output: rules that wait for a flagged
question take part, because the question is not seen.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from classifiers.classification import Conversation
from policies.bundle import PolicyBundle
from proxy.errors import BadRequest, NotFound
from proxy.exchange.exchange import Exchange
from proxy.surfaces.connection import Connection
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.reading import Limits
from proxy.surfaces.responses.codec import ResponsesCodec, Shape
from proxy.surfaces.responses.downstream import ResponsesDownstream
from proxy.surfaces.responses.routes import NATIVE, PATH
from proxy.surfaces.responses.schema import OWN_ID
from proxy.surfaces.responses.withheld import Withheld
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.wires import WiresOf, spoken

Action = Literal["fetch", "list", "cancel", "delete"]

_SHAPES: dict[Action, Shape] = {
    "fetch": "response",
    "list": "list",
    "cancel": "response",
    "delete": "deletion",
}
_PARAMETERS: dict[Action, frozenset[str]] = {
    "fetch": frozenset({"include", "include[]", "stream", "starting_after", "include_obfuscation", "beta"}),
    "list": frozenset({"include", "include[]", "limit", "order", "after", "beta"}),
    "cancel": frozenset({"beta"}),
    "delete": frozenset({"beta"}),
}
_REPEATABLE = frozenset({"include", "include[]"})
_SHOWS = frozenset[Action]({"fetch", "list"})
_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:-]{0,255}")
_ROUTES = frozenset({"compact", "input_tokens"})

Pairs = list[tuple[str, str]]


class StoredResponses(Surface):
    """See `guarded_route.Surface`. `wall`: seconds since the epoch."""

    name = "responses"

    def __init__(
        self,
        action: Action,
        wires: WiresOf,
        withheld: Withheld,
        headers: VerdictHeaders | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._action: Action = action
        self._wires = wires
        self._withheld = withheld
        self._headers = headers or VerdictHeaders()
        self._wall = wall

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is asked.

        Raises:
            BadRequest: a parameter that is not one of the route's, or not what it should be.
            NotFound: no upstream has stored such a response, or its answer was withheld.
        """
        self._identity(call.path)
        if NATIVE not in spoken(self._wires, "", NATIVE):
            raise NotFound("The upstream stores no responses.", code="response_not_stored")
        pairs = self._pairs(call.query)
        after = _number(dict(pairs).get("starting_after"))
        # Judged from the beginning, whatever part of it is sent.
        sent = [pair for pair in pairs if pair[0] != "starting_after"]
        return Asked(
            model="",
            conversation=Conversation(()),
            codec=ResponsesCodec(None, _SHAPES[self._action], after),
            target=call.path + (f"?{urlencode(sent)}" if sent else ""),
            method=call.method,
            stream=self._action == "fetch" and dict(pairs).get("stream") == "true",
            fetched=True,
        )

    def _identity(self, path: str) -> str:
        identity = path.removeprefix(f"{PATH}/").partition("/")[0]
        if not _IDENTITY.fullmatch(identity) or identity in _ROUTES:
            raise NotFound("There is no such response.", code="response_not_stored")
        if identity.startswith(OWN_ID):
            message = "This response was written by Gatehouse in place of another and is not stored."
            raise NotFound(message, code="response_not_stored")
        if self._action in _SHOWS and identity in self._withheld:
            raise NotFound("This response was withheld by a guard.", code="response_withheld")
        return identity

    def _pairs(self, query: str) -> Pairs:
        """The query's parameters, each of them known and, but lists, given once."""
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
        except ValueError:
            raise BadRequest("The query cannot be read.", code="invalid_value") from None
        names = [name for name, _ in pairs if name not in _REPEATABLE]
        unknown = {name for name, _ in pairs} - _PARAMETERS[self._action]
        if unknown or len(names) != len(set(names)):
            raise BadRequest("A query parameter is unknown or stands twice.", code="invalid_value")
        for name in ("stream", "include_obfuscation", "beta"):
            if dict(pairs).get(name, "true") not in ("true", "false"):
                raise BadRequest(f"'{name}' must be true or false.", code="invalid_value", param=name)
        return pairs

    def downstream(self, exchange: Exchange, connection: Connection) -> ResponsesDownstream:
        """The client of one exchange."""
        path = exchange.target.partition("?")[0]
        return ResponsesDownstream(
            exchange,
            connection,
            self._headers,
            self._wall,
            self._withheld,
            stored=path.removeprefix(f"{PATH}/").partition("/")[0],
            listing=self._action == "list",
        )


def _number(value: str | None) -> int:
    if value is None:
        return -1
    if not value.isascii() or not value.isdecimal() or len(value) > 12:
        raise BadRequest("'starting_after' must be a number.", code="invalid_value", param="starting_after")
    return int(value)
