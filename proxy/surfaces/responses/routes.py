"""`POST /responses` as a surface."""

from __future__ import annotations

import time
from collections.abc import Callable

from policies.bundle import PolicyBundle
from proxy.errors import NotFound, bad_field
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import Wire
from proxy.surfaces.chat_completions.codec import Role
from proxy.surfaces.chat_completions.routes import PATH as CHAT_PATH
from proxy.surfaces.connection import Connection
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.reading import Limits
from proxy.surfaces.responses.codec import ResponsesCodec
from proxy.surfaces.responses.downstream import ResponsesDownstream
from proxy.surfaces.responses.intake import Intake, check_request, is_structured
from proxy.surfaces.responses.schema import OWN_ID
from proxy.surfaces.responses.translation import TranslatedCodec
from proxy.surfaces.responses.withheld import Withheld
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.wires import WiresOf, is_native

PATH = "/responses"
NATIVE: Wire = "responses"


class Responses(Surface):
    """See `guarded_route.Surface`. `role`: the constitution's, where chat completions are asked.

    `wall`: seconds since the epoch.
    """

    name = "responses"

    def __init__(
        self,
        wires: WiresOf,
        withheld: Withheld,
        headers: VerdictHeaders | None = None,
        role: Role = "system",
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._wires = wires
        self._withheld = withheld
        self._headers = headers or VerdictHeaders()
        self._role: Role = role
        self._wall = wall
        self._intake = Intake()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is asked.

        Raises:
            BadRequest: it cannot be walked; names the field at fault.
        """
        body = call.body
        call.check_query()
        check_request(body, limits)
        self._check_previous(body.get("previous_response_id"))
        native = is_native(self._wires, body["model"], NATIVE)
        codec: ResponsesCodec | TranslatedCodec = (
            ResponsesCodec(body) if native else TranslatedCodec(body, self._role, self._wall)
        )
        conversation, parts = self._intake.read(body)
        return Asked(
            model=body["model"],
            conversation=conversation,
            codec=codec,
            target=call.target if native else CHAT_PATH,
            parts=parts,
            stream=body.get("stream") is True,
            structured=is_structured(body),
            wants_verdict=body.get("moderation") is not None,
            may_withhold=True,
        )

    def _check_previous(self, identity: object) -> None:
        """What Gatehouse wrote, no upstream has stored; what it withheld, nobody goes on from."""
        if type(identity) not in (str, type(None)):
            raise bad_field("previous_response_id", "must be a string")
        if str(identity).startswith(OWN_ID):
            raise NotFound(
                "The previous response was written by Gatehouse in place of another and is not stored. Go on "
                "from the response before it.",
                code="response_not_stored",
                param="previous_response_id",
            )
        if self._withheld.ends(identity):
            raise NotFound(
                "The previous response was withheld by a guard.",
                code="response_withheld",
                param="previous_response_id",
            )

    def downstream(self, exchange: Exchange, connection: Connection) -> ResponsesDownstream:
        """The client of one exchange."""
        return ResponsesDownstream(exchange, connection, self._headers, self._wall, self._withheld)
