"""Memory in front, Redis behind: what the proxy uses when replicas share a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from proxy.settings import Settings
from proxy.stores import Store, StoreUnavailable
from proxy.stores.memory import MemoryStore


class TieredStore:
    """Reads memory first, then the shared store; writes both. Never raises for a shared store's
    fault: reads miss, writes stay in memory, counters count this process alone. `degraded` counts
    the operations that were answered so.

    `ttl_s`: how long a value found in the shared store is kept in memory (its own end is not known).
    """

    def __init__(self, memory: MemoryStore, shared: Store, ttl_s: float = 60.0) -> None:
        self.memory = memory
        self.shared = shared
        self.degraded = 0
        self._ttl_s = ttl_s

    def peek(self, key: str) -> bytes | None:
        """What memory holds, without waiting."""
        return self.memory.peek(key)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """See `Store.get_many`."""
        found = [self.memory.peek(key) for key in keys]
        missing = [key for key, value in zip(keys, found, strict=True) if value is None]
        if not missing:
            return found
        try:
            fetched = dict(zip(missing, await self.shared.get_many(missing), strict=True))
        except StoreUnavailable:
            self.degraded += 1
            return found
        for key, value in fetched.items():
            if value is not None:
                self.memory.keep(key, value, self._ttl_s)
        return [value if value is not None else fetched[key] for key, value in zip(keys, found, strict=True)]

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """See `Store.put`."""
        await self.put_many({key: value}, ttl_s)

    async def put_many(self, values: Mapping[str, bytes], ttl_s: float) -> None:
        """See `Store.put_many`."""
        for key, value in values.items():
            self.memory.keep(key, value, ttl_s)
        try:
            await self.shared.put_many(values, ttl_s)
        except StoreUnavailable:
            self.degraded += 1

    async def incr(self, key: str, amount: int, ttl_s: float) -> int:
        """See `Store.incr`: the shared count, or this process's own while there is none."""
        own = self.memory.count(f"count:{key}", amount, ttl_s)
        try:
            return await self.shared.incr(key, amount, ttl_s)
        except StoreUnavailable:
            self.degraded += 1
            return own

    def healthy(self) -> bool:
        """False while the shared store is left out."""
        return self.shared.healthy()

    async def aclose(self) -> None:
        """Close both."""
        await self.shared.aclose()
        await self.memory.aclose()


class LocalStore(Store, Protocol):
    """A store with the synchronous look that the hot path uses."""

    def peek(self, key: str) -> bytes | None:
        """What this process holds, without waiting."""


def open_store(settings: Settings) -> LocalStore:
    """The store that the settings name. Nothing is connected yet; redis is imported only if used."""
    memory = MemoryStore(settings.cache.entries, settings.cache.bytes)
    if settings.store == "memory":
        return memory
    from proxy.stores.redis_store import RedisStore  # noqa: PLC0415 - 0.15 s that most starts can save

    return TieredStore(memory, RedisStore(settings.store, settings.redis), settings.cache.ttl_s)
