"""What the upstream of a model speaks, as surfaces ask it. One that is missing the corridor reports."""

from __future__ import annotations

from collections.abc import Callable

from proxy.errors import BadRequest
from proxy.exchange.ports import UpstreamError, Wire

WiresOf = Callable[[str], frozenset[Wire]]
"""From a model's name to what its upstream speaks; raises `UpstreamError` where there is none."""


def spoken(wires: WiresOf, model: str, otherwise: Wire) -> frozenset[Wire]:
    """What a model's upstream speaks; `otherwise` where no route leads to the model."""
    try:
        return wires(model)
    except UpstreamError:
        return frozenset({otherwise})


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
