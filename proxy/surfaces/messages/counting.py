"""`POST /messages/count_tokens`: what a request would cost.

The text of such a request reaches the model's provider, so it is judged like one that is answered, and
counted as it would be sent: with the constitution, and without what is withheld. A blocked one is an error,
because no canned text can stand in for a number. Upstreams that do not speak this API have no such count.
"""

from __future__ import annotations

import orjson

from policies.bundle import PolicyBundle
from proxy.errors import GatehouseError
from proxy.exchange.exchange import Delta, Exchange
from proxy.surfaces.chat_completions.codec import is_faithful, load
from proxy.surfaces.chat_completions.spoken import Spoken
from proxy.surfaces.connection import Connection
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.messages import schema
from proxy.surfaces.messages.codec import asked
from proxy.surfaces.messages.downstream import AnthropicDownstream
from proxy.surfaces.messages.intake import Intake, check_request
from proxy.surfaces.messages.routes import ID_HEADER, NATIVE
from proxy.surfaces.messages.spoken import Blocks
from proxy.surfaces.reading import Limits
from proxy.surfaces.relayed.codec import BytesCodec
from proxy.surfaces.relayed.downstream import RelayDownstream
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.wires import WiresOf, check_speaks

PATH = "/messages/count_tokens"


class CountCodec(BytesCodec):
    """The translator of counts (see `ports.Codec`)."""

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The request as the model would be sent it."""
        return asked(exchange, constitution)

    def body(self, raw: bytes) -> Delta:
        """A count. All text in it is judged.

        Raises:
            UpstreamError: `upstream_invalid`, it is no object.
        """
        data = load(raw)
        pieces = Spoken()
        Blocks().ending(data, pieces)
        raw = raw if is_faithful(raw, data) else orjson.dumps(data)
        return Delta(raw, "body", tuple(pieces), data=data, unread=tuple(pieces.unread))


class CountDownstream(RelayDownstream, AnthropicDownstream):
    """See `ports.Downstream`."""

    __slots__ = ()

    blamed = "messages"


class CountTokens(Surface):
    """See `guarded_route.Surface`. `wires`: what the upstream of a model speaks."""

    name = "messages"

    def __init__(self, wires: WiresOf, headers: VerdictHeaders | None = None) -> None:
        self._wires = wires
        self._headers = (headers or VerdictHeaders()).also(ID_HEADER)
        self._intake = Intake()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is asked.

        Raises:
            BadRequest: it cannot be walked, or the upstream cannot count.
        """
        body = call.body
        call.check_query()
        check_request(body, limits)
        check_speaks(self._wires, body["model"], NATIVE)
        conversation, parts = self._intake.read(body)
        return Asked(
            model=body["model"],
            conversation=conversation,
            codec=CountCodec(),
            target=call.target,
            parts=parts,
            may_withhold=True,
        )

    def downstream(self, exchange: Exchange, connection: Connection) -> CountDownstream:
        """The client of one exchange."""
        return CountDownstream(exchange, connection, self._headers, lambda: 0.0)

    def error_body(self, error: GatehouseError, decision: str) -> bytes:
        """Anthropic's shape."""
        return schema.error_body(error, decision)
