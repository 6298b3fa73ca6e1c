"""A stored answer is read until it has told its model, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from policies.bundle import PolicyBundle
from proxy.exchange.exchange import Delta, Exchange
from proxy.exchange.fetched import ruled_by_its_model
from proxy.exchange.ports import UpstreamHead
from proxy.testing import plain_bundle, plain_exchange
from tests.unit.proxy.surfaces.verdicts.asking import POLICY


@dataclass
class Telling:
    """Names its model in its delta number `at`."""

    exchange: Exchange
    at: int
    head: UpstreamHead = field(default_factory=lambda: UpstreamHead(200, ()))
    pending: bool = False
    told: int = 0

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        for self.told in range(1, 5):
            if self.told == self.at:
                self.exchange.model = "m-1"
            yield Delta(b"%d" % self.told)


@pytest.mark.parametrize(("at", "read"), [(1, 1), (3, 3), (9, 4)])
async def test_an_answer_is_read_until_it_has_told_its_model_and_given_whole(at: int, read: int) -> None:
    exchange = plain_exchange(plain_bundle(POLICY))
    exchange.model = ""
    answer = Telling(exchange, at)
    asked: list[str] = []
    other = plain_bundle(POLICY)

    def of_model(model: str) -> PolicyBundle:
        asked.append(model)
        return other

    begun = await ruled_by_its_model(answer, exchange, of_model)
    assert answer.told == read
    assert asked == [exchange.model]
    assert exchange.bundle is other
    assert [delta.raw async for delta in begun.deltas()] == [b"1", b"2", b"3", b"4"]
    assert (begun.head, begun.pending) == (answer.head, False)
