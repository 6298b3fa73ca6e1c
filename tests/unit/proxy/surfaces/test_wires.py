"""An API that an upstream lacks is refused, not tried."""

from __future__ import annotations

import pytest

from proxy.errors import BadRequest
from proxy.exchange.ports import CHAT, UpstreamError, Wire
from proxy.surfaces.wires import check_speaks, is_native, spoken, unsupported


def nowhere(_: str) -> frozenset[Wire]:
    raise UpstreamError("upstream_error", 404, b"{}")


def test_a_model_that_no_upstream_has_is_left_to_the_corridor_to_report() -> None:
    assert spoken(nowhere, "m", "responses") == {"responses"}
    assert is_native(nowhere, "m", "responses")


@pytest.mark.parametrize("wanted", ["messages", "responses", "completions"])
def test_chat_stands_in_for_what_the_upstream_does_not_speak_and_nothing_else_does(wanted: Wire) -> None:
    assert is_native(lambda _: CHAT | {wanted}, "m", wanted)
    assert not is_native(lambda _: CHAT, "m", wanted)
    with pytest.raises(BadRequest, match=f"no API that {wanted}") as caught:
        is_native(lambda _: frozenset({"media"}), "m", wanted)
    assert (caught.value.code, caught.value.param) == ("unsupported_by_upstream", "model")


def test_what_the_upstream_lacks_is_said_clearly() -> None:
    with pytest.raises(BadRequest) as caught:
        check_speaks(lambda _: CHAT, "m", "media")
    assert (caught.value.code, caught.value.param) == ("unsupported_by_upstream", "model")


def test_an_upstream_that_speaks_it_or_does_not_exist_is_left_to_the_corridor() -> None:
    check_speaks(lambda _: frozenset({"media"}), "m", "media")
    check_speaks(nowhere, "m", "media")


def test_what_chat_lacks_names_its_field() -> None:
    error = unsupported("tools but functions")
    assert (error.code, error.param) == ("unsupported_by_upstream", "tools")
    assert "which have no tools but functions" in error.message
