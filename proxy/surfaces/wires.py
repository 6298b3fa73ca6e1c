"""What the upstream of a model speaks, as surfaces ask it. One that is missing the corridor reports."""

from __future__ import annotations

from collections.abc import Callable

from proxy.errors import BadRequest
from proxy.exchange.ports import CHAT, UpstreamError, Wire

WiresOf = Callable[[str], frozenset[Wire]]
"""From a model's name to what its upstream speaks; raises `UpstreamError` where there is none."""


def spoken(wires: WiresOf, model: str, otherwise: Wire) -> frozenset[Wire]:
    """What a model's upstream speaks; `otherwise` where no route leads to the model."""
    try:
        return wires(model)
    except UpstreamError:
        return frozenset({otherwise})


def is_native(wires: WiresOf, model: str, wanted: Wire) -> bool:
    """Whether a model's upstream speaks an API itself; if not, chat completions are asked in its place.

    Raises:
        BadRequest: code `unsupported_by_upstream`, it speaks neither.
    """
    found = spoken(wires, model, wanted)
    if wanted in found or found & CHAT:
        return wanted in found
    raise BadRequest(
        f"The upstream of this model speaks no API that {wanted} can be made of.",
        code="unsupported_by_upstream",
        param="model",
    )


def check_speaks(wires: WiresOf, model: str, wanted: Wire) -> None:
    """Whether the upstream of a model speaks an API that can only be relayed.

    Raises:
        BadRequest: code `unsupported_by_upstream`.
    """
    if wanted not in spoken(wires, model, wanted):
        raise BadRequest(
            "The upstream of this model does not speak this API, and nothing can stand in for it.",
            code="unsupported_by_upstream",
            param="model",
        )


def unsupported(what: str) -> BadRequest:
    """Something of a request that cannot be asked in chat completions; its first word names the field."""
    return BadRequest(
        f"The upstream of this model speaks chat completions only, which have no {what}.",
        code="unsupported_by_upstream",
        param=what.partition(" ")[0],
    )
