"""An API that an upstream lacks is refused, not tried."""

from __future__ import annotations

import pytest

from proxy.errors import BadRequest
from proxy.exchange.ports import CHAT, UpstreamError, Wire
from proxy.surfaces.wires import check_speaks


def test_what_the_upstream_lacks_is_said_clearly() -> None:
    with pytest.raises(BadRequest) as caught:
        check_speaks(lambda _: CHAT, "m", "media")
    assert (caught.value.code, caught.value.param) == ("unsupported_by_upstream", "model")


def test_an_upstream_that_speaks_it_or_does_not_exist_is_left_to_the_corridor() -> None:
    def nowhere(_: str) -> frozenset[Wire]:
        raise UpstreamError("upstream_error", 404, b"{}")

    check_speaks(lambda _: frozenset({"media"}), "m", "media")
    check_speaks(nowhere, "m", "media")
