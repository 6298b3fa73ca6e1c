"""A limit on requests a minute for each client key, counted in the store that replicas share.

Counting is by fixed minutes of the wall clock. Where the shared store is out of reach each replica
counts alone, so the limit then holds for each of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.errors import RateLimited
from proxy.ledger.redact import keyed_digest
from proxy.stores import Store

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class RequestLimit:
    """`per_minute`: requests allowed; `secret`: key of the digest that stands for a client's key;
    `wall`: seconds since the epoch. Clients without a key share one count."""

    store: Store
    per_minute: int
    secret: bytes
    wall: Callable[[], float] = time.time

    async def admit(self, headers: Mapping[str, str]) -> None:
        """Count one request of the client whose headers (lower-case names) these are.

        Raises:
            RateLimited: the client has used up this minute.
        """
        now = self.wall()
        key = headers.get("authorization") or headers.get("x-api-key", "")
        client = keyed_digest(key.removeprefix("Bearer "), self.secret)
        key = f"limit:{client}:{int(now // _MINUTE)}"
        if await self.store.incr(key, 1, 2 * _MINUTE) > self.per_minute:
            raise RateLimited(
                f"This key may send {self.per_minute} requests a minute.", retry_after=_MINUTE - now % _MINUTE
            )
