"""`POST /messages` as a surface."""

from __future__ import annotations

import time
from collections.abc import Callable

from policies.bundle import PolicyBundle
from proxy.errors import GatehouseError
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import Wire
from proxy.surfaces.chat_completions.codec import Role
from proxy.surfaces.chat_completions.routes import PATH as CHAT_PATH
from proxy.surfaces.connection import Connection
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.messages import schema
from proxy.surfaces.messages.codec import MessagesCodec
from proxy.surfaces.messages.downstream import MessagesDownstream
from proxy.surfaces.messages.intake import Intake, check_request, is_structured
from proxy.surfaces.messages.translation import TranslatedCodec
from proxy.surfaces.reading import Limits
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.wires import WiresOf, is_native

PATH = "/messages"
NATIVE: Wire = "messages"
ID_HEADER = b"request-id"
"""Where Anthropic's clients look for the id of a request."""


class Messages(Surface):
    """See `guarded_route.Surface`. `role`: the constitution's, where chat completions are asked.

    `wall`: seconds since the epoch.
    """

    name = "messages"

    def __init__(
        self,
        wires: WiresOf,
        headers: VerdictHeaders | None = None,
        role: Role = "system",
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._wires = wires
        self._headers = (headers or VerdictHeaders()).also(ID_HEADER)
        self._role: Role = role
        self._wall = wall
        self._intake = Intake()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is asked.

        Raises:
            BadRequest: it cannot be walked, or the upstream cannot be asked so; names the field at fault.
        """
        body = call.body
        call.check_query()
        check_request(body, limits)
        native = is_native(self._wires, body["model"], NATIVE)
        conversation, parts = self._intake.read(body)
        return Asked(
            model=body["model"],
            conversation=conversation,
            codec=MessagesCodec(body) if native else TranslatedCodec(body, self._role),
            target=call.target if native else CHAT_PATH,
            parts=parts,
            stream=body.get("stream") is True,
            structured=is_structured(body),
            may_withhold=True,
        )

    def downstream(self, exchange: Exchange, connection: Connection) -> MessagesDownstream:
        """The client of one exchange."""
        return MessagesDownstream(exchange, connection, self._headers, self._wall)

    def error_body(self, error: GatehouseError, decision: str) -> bytes:
        """Anthropic's shape."""
        return schema.error_body(error, decision)
