"""Limits on requests and tokens for keys and tenants, counted in the store that replicas share.

Counting is by fixed minutes and days of the wall clock (UTC). Where the shared store is out of reach each
replica counts alone, so the limits then hold for each of them. Tokens are counted when an exchange closes,
so those under way are not in the count yet: a limit can be passed by what runs at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from policies.constitution import tokens_in
from proxy.errors import RateLimited
from proxy.exchange.events import ExchangeClosed, LedgerEvent
from proxy.ledger.redact import keyed_digest
from proxy.stores import Store
from proxy.tenants.snapshot import TenantLimits
from proxy.tenants.visit import Tenants, Visit

_MINUTE = 60.0
_DAY = 86_400.0
_WINDOWS = (("minute", _MINUTE), ("day", _DAY))


@dataclass(frozen=True, slots=True)
class RequestLimit:
    """`per_minute`: requests allowed to each client, 0: any number; `secret`: key of the digest that stands
    for a client; `wall`: seconds since the epoch. Clients without a key share one count.

    `tell` is a ledger listener. What it hears is added to the store with the tenant's next request.
    """

    store: Store
    per_minute: int
    secret: bytes
    tenants: Tenants
    wall: Callable[[], float] = time.time
    spent: dict[str, dict[str, int]] = field(default_factory=dict)
    """Tokens that the store has not been told of, by tenant and counter."""

    async def admit(self, visit: Visit) -> None:
        """Count one request of who asks.

        Raises:
            RateLimited: the client, its key or its tenant has used up its minute or day.
        """
        limits, now = visit.who.limits, self.wall()
        for name, most, whose in self._counted(visit):
            window = int(now // _MINUTE)
            if await self.store.incr(f"limit:{name}:{window}", 1, 2 * _MINUTE) > most:
                raise _used_up(f"{whose} may send {most} requests a minute.", _MINUTE, now)
        if limits.counts_tokens:
            await self._check_tokens(visit.tenant, limits, now)

    def tell(self, event: LedgerEvent) -> None:
        """See `ports.Ledger`."""
        if type(event) is ExchangeClosed:
            who = self.tenants.snapshot.tenants.get(event.tenant)
            if who is not None and who.limits.counts_tokens:
                counted = self.spent.setdefault(event.tenant, {})
                for counter in _counters(event.tenant, self.wall()):
                    counted[counter] = counted.get(counter, 0) + tokens_of(event)

    def _counted(self, visit: Visit) -> Iterator[tuple[str, int, str]]:
        """Counts that this request is part of: name, the most, and whose it is."""
        if self.per_minute:
            yield keyed_digest(visit.client, self.secret), self.per_minute, "This key"
        if visit.key is not None and visit.key.per_minute:
            yield f"key:{keyed_digest(visit.key.digest, self.secret)}", visit.key.per_minute, "This key"
        if visit.who.limits.per_minute:
            yield f"tenant:{visit.tenant}", visit.who.limits.per_minute, "This tenant"

    async def _check_tokens(self, tenant: str, limits: TenantLimits, now: float) -> None:
        for counter, tokens in self.spent.pop(tenant, {}).items():
            await self.store.incr(counter, tokens, 2 * _DAY)
        wanted = (limits.tokens_per_minute, limits.tokens_per_day)
        for counter, (name, seconds), most in zip(_counters(tenant, now), _WINDOWS, wanted, strict=True):
            if most and await self.store.incr(counter, 0, 2 * _DAY) >= most:
                raise _used_up(f"This tenant may use {most} tokens a {name}.", seconds, now)


def _counters(tenant: str, now: float) -> list[str]:
    return [f"tokens:{tenant}:{name}:{int(now // seconds)}" for name, seconds in _WINDOWS]


def _used_up(message: str, seconds: float, now: float) -> RateLimited:
    return RateLimited(message, retry_after=seconds - now % seconds)


def tokens_of(event: ExchangeClosed) -> int:
    """Tokens that an exchange took, its reviews too, as the upstream counted them; else by its characters."""
    if event.usage is not None:
        return event.usage.total + event.review_tokens
    if not event.upstream_seconds:
        return event.review_tokens
    return tokens_in(event.input_text.characters + event.output_text.characters) + event.review_tokens
