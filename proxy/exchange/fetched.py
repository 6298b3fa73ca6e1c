"""A stored answer tells only itself which model wrote it, and with that which policy rules it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from policies.bundle import PolicyBundle
from proxy.exchange.exchange import Delta, Exchange
from proxy.exchange.ports import UpstreamAnswer, UpstreamHead


async def ruled_by_its_model(
    answer: UpstreamAnswer, exchange: Exchange, of_model: Callable[[str], PolicyBundle]
) -> UpstreamAnswer:
    """The answer once its codec has told its model (or ended), with the bundle of that model set."""
    deltas = answer.deltas()
    first: list[Delta] = []
    while not exchange.model:
        delta = await anext(deltas, None)
        if delta is None:
            break
        first.append(delta)
    exchange.bundle = of_model(exchange.model)
    return _Begun(answer, first, deltas)


@dataclass(slots=True)
class _Begun:
    """See `ports.UpstreamAnswer`: one whose first deltas are read."""

    answer: UpstreamAnswer
    first: list[Delta]
    rest: AsyncGenerator[Delta, None]
    head: UpstreamHead = field(init=False)
    pending: bool = False

    def __post_init__(self) -> None:
        self.head = self.answer.head

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        async with aclosing(self.rest) as rest:
            for delta in self.first:
                yield delta
            async for delta in rest:
                self.pending = self.answer.pending
                yield delta
