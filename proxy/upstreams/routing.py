"""Which upstream an exchange goes to: chosen by model name, by configuration only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from policies.critique import Ask
from proxy.exchange.exchange import HOUSE, Exchange, Onward
from proxy.exchange.ports import CriticAnswer, UpstreamAnswer, Wire
from proxy.upstreams.critic_call import critic_model
from proxy.upstreams.faults import own_error


class Adapter(Protocol):
    """What every adapter offers: upstream, critic, list of models, and a way to close it."""

    @property
    def wires(self) -> frozenset[Wire]:
        """What it speaks; anything else has to be translated to one of these, or cannot be had."""

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """See `ports.Upstream.open`."""

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        """See `ports.Critic.ask`."""

    async def models(
        self, headers: Mapping[str, str] | None = None, key: str | None = None
    ) -> list[dict[str, Any]]:
        """Entries of a models list; `headers` are the client's (lower case), `key` a tenant's own.

        Raises:
            UpstreamError: it gave none.
        """

    async def aclose(self) -> None:
        """Close connections."""


@dataclass(frozen=True, slots=True)
class Route:
    """Models named `match` go to an adapter; a `match` that ends in `*` is the start of a name."""

    match: str
    adapter: Adapter


class UpstreamRouter:
    """Upstream and critic that pass each call on: exact names first, then starts of names in the
    order given, then `default`. Without a default an unknown model is an error 404.

    A critic is routed by its own model name, so a draft of one provider can be criticised by another.
    A tenant with a server of its own has all its calls there: `connect` makes an adapter of a base URL.
    """

    def __init__(
        self,
        default: Adapter | None,
        routes: Sequence[Route] = (),
        connect: Callable[[str], Adapter] | None = None,
    ) -> None:
        self._default = default
        self._connect = connect
        self._beyond: dict[str, Adapter] = {}
        self._exact = {route.match: route.adapter for route in routes if not route.match.endswith("*")}
        self._starts = tuple((route.match[:-1], route.adapter) for route in routes if route.match[-1:] == "*")

    def adapter(self, model: str) -> Adapter:
        """The adapter that serves a model.

        Raises:
            UpstreamError: 404, no route leads there.
        """
        found = self._exact.get(model)
        if found is not None:
            return found
        for start, adapter in self._starts:
            if model.startswith(start):
                return adapter
        if self._default is None:
            raise own_error(404, "model_not_found", "There is no such model.")
        return self._default

    def of(self, onward: Onward, model: str) -> Adapter:
        """The adapter that serves a tenant's calls for a model.

        Raises:
            UpstreamError: 404, no route leads there.
        """
        if not onward.url or self._connect is None:
            return self.adapter(model)
        found = self._beyond.get(onward.url)
        if found is None:
            found = self._beyond[onward.url] = self._connect(onward.url)
        return found

    def wires(self, model: str) -> frozenset[Wire]:
        """What the upstream of a model speaks.

        Raises:
            UpstreamError: 404, no route leads there.
        """
        return self.adapter(model).wires

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """See `ports.Upstream.open`."""
        return self.of(exchange.onward, exchange.model).open(exchange, payload)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        """See `ports.Critic.ask`."""
        return await self.of(exchange.onward, critic_model(exchange, prompt)).ask(exchange, prompt)

    async def models(
        self, headers: Mapping[str, str] | None = None, onward: Onward = HOUSE
    ) -> list[dict[str, Any]]:
        """All models that the adapters list, each name once, the default's first; a tenant's own server
        lists its own."""
        found: dict[str, dict[str, Any]] = {}
        for adapter in [self.of(onward, "")] if onward.url else self._adapters():
            for entry in await adapter.models(headers, onward.key):
                found.setdefault(str(entry.get("id")), entry)
        return list(found.values())

    async def aclose(self) -> None:
        """Close every adapter, also when closing one fails."""
        async with AsyncExitStack() as stack:
            for adapter in (*self._adapters(), *self._beyond.values()):
                stack.push_async_callback(adapter.aclose)

    def _adapters(self) -> list[Adapter]:
        """Every adapter once, the default first."""
        adapters = [] if self._default is None else [self._default]
        for adapter in (*self._exact.values(), *(adapter for _, adapter in self._starts)):
            if adapter not in adapters:
                adapters.append(adapter)
        return adapters
