"""Whether an upstream has an API that can only be relayed."""

from __future__ import annotations

from collections.abc import Callable

from proxy.errors import BadRequest
from proxy.exchange.ports import UpstreamError, Wire

WiresOf = Callable[[str], frozenset[Wire]]
"""From a model's name to what its upstream speaks; raises `UpstreamError` where there is none."""


def check_speaks(wires: WiresOf, model: str, wanted: Wire) -> None:
    """Whether the upstream of a model speaks an API. One that does not exist is the corridor's to report.

    Raises:
        BadRequest: code `unsupported_by_upstream`.
    """
    try:
        spoken = wires(model)
    except UpstreamError:
        return
    if wanted not in spoken:
        raise BadRequest(
            "The upstream of this model does not speak this API, and nothing can stand in for it.",
            code="unsupported_by_upstream",
            param="model",
        )
