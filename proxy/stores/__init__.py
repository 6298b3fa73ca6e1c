"""Stores remember small values for a while: cached measurements and counters, never text.

`MemoryStore` is the embedded default. `RedisStore` lets replicas share; it is the only importer of
redis and is reached through `TieredStore`, which keeps memory in front and goes on without Redis
when Redis does not answer in time. All keep the same promises (`tests/kits/store_kit.py`).

Words: a *fault* is an operation Redis did not answer as it should within its budget; a store is
*healthy* while it does all it was configured to do; *degraded* means that it answers from memory
alone: nothing shared is read, counters count this process only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

FaultReason = Literal["timeout", "connection", "credentials", "refused", "open"]
"""Why an operation failed: no answer in time, no connection, wrong user or password (or not allowed
to), an error reply of the server (read-only, out of memory, loading), or not tried: breaker open."""


class StoreUnavailable(Exception):
    """A shared store did not do what it was asked. `reason` is one of `FaultReason`."""

    def __init__(self, reason: FaultReason) -> None:
        super().__init__(f"the shared store is unavailable ({reason})")
        self.reason: FaultReason = reason


class Store(Protocol):
    """Values of bytes under keys of text, each with a time to live in seconds."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Values in the order of the keys, None where there is none."""

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for `ttl_s` seconds, or less where room is short."""

    async def put_many(self, values: Mapping[str, bytes], ttl_s: float) -> None:
        """Keep several values at the cost of one."""

    async def incr(self, key: str, amount: int, ttl_s: float) -> int:
        """Add to a counter and return it; it vanishes `ttl_s` seconds after its first addition."""

    def healthy(self) -> bool:
        """False while the store does less than it was configured to do."""

    async def aclose(self) -> None:
        """Close connections; the store is not used afterwards."""
