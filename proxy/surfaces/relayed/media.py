"""Audio and images, where the settings relay them: text is judged, media are listed as uncovered.

A policy with `on_uncovered: block` refuses all of them; the shipped one flags them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from classifiers.classification import Uncovered
from policies.bundle import PolicyBundle
from proxy.errors import bad_field
from proxy.exchange.exchange import Exchange
from proxy.surfaces.checks import check_model
from proxy.surfaces.connection import Connection
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.reading import Limits, is_form
from proxy.surfaces.relayed.codec import BytesCodec, MediaCodec
from proxy.surfaces.relayed.downstream import ImageDownstream, RelayDownstream
from proxy.surfaces.relayed.fields import Fields
from proxy.surfaces.relayed.forms import read_form
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.wires import WiresOf, check_speaks

Family = Literal["audio", "images"]


@dataclass(frozen=True, slots=True)
class MediaRoute:
    """`made`: the medium of its answers, empty where they are text. `forms`: requests may be forms."""

    path: str
    medium: str
    made: str
    forms: bool = True


ROUTES: Mapping[Family, tuple[MediaRoute, ...]] = {
    "audio": (
        MediaRoute("/audio/transcriptions", "audio", ""),
        MediaRoute("/audio/translations", "audio", ""),
        MediaRoute("/audio/speech", "audio", "audio", forms=False),
    ),
    "images": (
        MediaRoute("/images/generations", "image", "image", forms=False),
        MediaRoute("/images/edits", "image", "image"),
        MediaRoute("/images/variations", "image", "image"),
    ),
}
"""What each word of the setting `relay` opens."""


class Media(Surface):
    """See `guarded_route.Surface`. One for each route; `family` is its name in records."""

    def __init__(
        self, family: Family, route: MediaRoute, wires: WiresOf, headers: VerdictHeaders | None = None
    ) -> None:
        self.name: str = family
        self._route = route
        self._wires = wires
        self._headers = headers or VerdictHeaders()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is asked.

        Raises:
            BadRequest: it cannot be read, or the upstream has no such API.
        """
        fields = Fields(self._route.medium)
        if is_form(call.headers):
            content_type, named = call.headers["content-type"], self._take_form(call, fields)
        else:
            content_type, named = "application/json", call.body.get("model")
            for name, value in call.body.items():
                fields.take(name, value)
        model = check_model(named, needed=False)
        check_speaks(self._wires, model, "media")
        made = [Uncovered(self._route.made, "answer")] if self._route.made else []
        conversation, parts = fields.conversation(made)
        return Asked(
            model=model,
            conversation=conversation,
            codec=BytesCodec() if self._route.made == "audio" else MediaCodec(),
            target=self._route.path,
            parts=parts,
            content_type=content_type,
            led=False,
        )

    @staticmethod
    def _take_form(call: Call, fields: Fields) -> Any:
        """Take the parts of a form; the model that it names."""
        model = ""
        for part in read_form(call.headers["content-type"], call.raw):
            fields.take_part(part)
            if part.name == "model":
                if part.filename is not None:
                    raise bad_field("model", "must be a field")
                model = part.text() or ""
        return model

    def downstream(self, exchange: Exchange, connection: Connection) -> RelayDownstream:
        """The client of one exchange."""
        kind = ImageDownstream if self._route.medium == "image" else RelayDownstream
        return kind(exchange, connection, self._headers, lambda: 0.0)
