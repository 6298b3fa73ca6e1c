"""Counting tokens: judged on the way in, counted as it would be sent."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Draft
from proxy.exchange.ports import CHAT, UpstreamError
from proxy.surfaces.guarded_route import Entrance, GuardedRoute
from proxy.surfaces.messages.counting import CountCodec, CountTokens
from proxy.surfaces.messages.routes import ID_HEADER
from tests.kits.scripted_corridor import payload_of
from tests.kits.surface_kit import Asgi, FakeCorridor, SurfaceKit
from tests.unit.proxy.surfaces.messages.scenarios import COUNT, NATIVE, SCENARIOS, walked

HELLO: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


class TestCountingSurface(SurfaceKit):
    path = COUNT
    surface = "messages"

    def handler(self, corridor: FakeCorridor, entrance: Entrance) -> Asgi:
        return GuardedRoute(CountTokens(lambda _: NATIVE), corridor, entrance, id_header=ID_HEADER)

    def good_body(self) -> dict[str, Any]:
        return HELLO


async def test_a_count_is_judged_and_asked_as_the_request_itself_would_be() -> None:
    exchange = await walked(HELLO, f"{COUNT}?beta=true")
    assert exchange.target == "/messages/count_tokens?beta=true"
    assert [turn.text for turn in exchange.conversation.turns] == ["hello"]
    assert payload_of(exchange) == {**HELLO, "system": "Be helpful."}


async def test_what_is_withheld_is_not_counted() -> None:
    exchange = await walked(HELLO, COUNT)
    exchange.withheld = frozenset({0})
    assert b"hello" not in exchange.codec.payload(exchange, "")


async def test_an_upstream_without_this_api_has_no_count() -> None:
    answer = await SCENARIOS["count_unsupported"].answer()
    assert (answer.status, answer.error()["code"]) == (400, "unsupported_by_upstream")
    assert CHAT


async def test_a_count_comes_back_byte_for_byte() -> None:
    assert (await SCENARIOS["counted"].answer()).body == b'{"input_tokens":42}'


def test_words_beside_a_count_are_judged() -> None:
    draft = Draft()
    draft.add(CountCodec().body(orjson.dumps({"input_tokens": 1, "note": ["say it"]})))
    assert "say it" in draft.choice(0).judged_text()


@pytest.mark.parametrize("raw", [b"[]", b"<html>"])
def test_what_is_no_object_is_no_count(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        CountCodec().body(raw)
