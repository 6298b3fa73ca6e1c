"""The embedded store: a dictionary bounded by entries and bytes, oldest use out first."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

ENTRY_OVERHEAD = 200
"""Bytes counted for an entry besides key and value: what CPython needs to hold it, rounded up."""


class MemoryStore:
    """A store of this process. All methods run on one thread, the event loop's.

    `entries` and `bytes_limit` bound it; `clock` gives seconds that never run backwards.
    """

    def __init__(
        self,
        entries: int = 65_536,
        bytes_limit: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bytes_held = 0
        self._entries = entries
        self._bytes_limit = bytes_limit
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def peek(self, key: str) -> bytes | None:
        """The value now, without waiting: the hot path (under a microsecond)."""
        entry = self._held.get(key)
        if entry is None:
            return None
        if entry[0] <= self._clock():
            self._remove(key)
            return None
        self._held.move_to_end(key)
        return entry[1]

    def keep(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value now, without waiting. One larger than the whole store is not kept."""
        self._remove(key)
        size = _size(key, value)
        if size > self._bytes_limit or ttl_s <= 0:
            return
        self._held[key] = (self._clock() + ttl_s, value)
        self.bytes_held += size
        while len(self._held) > self._entries or self.bytes_held > self._bytes_limit:
            self._remove(next(iter(self._held)))

    def count(self, key: str, amount: int, ttl_s: float) -> int:
        """`incr`, without waiting."""
        entry = self._held.get(key)
        if entry is None or entry[0] <= self._clock():
            self.keep(key, b"%d" % amount, ttl_s)
            return amount
        total = int(entry[1]) + amount
        self.keep(key, b"%d" % total, entry[0] - self._clock())
        return total

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """See `Store.get_many`."""
        return [self.peek(key) for key in keys]

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """See `Store.put`."""
        self.keep(key, value, ttl_s)

    async def put_many(self, values: Mapping[str, bytes], ttl_s: float) -> None:
        """See `Store.put_many`."""
        for key, value in values.items():
            self.keep(key, value, ttl_s)

    async def incr(self, key: str, amount: int, ttl_s: float) -> int:
        """See `Store.incr`."""
        return self.count(key, amount, ttl_s)

    def healthy(self) -> bool:
        """Memory is always there."""
        return True

    async def aclose(self) -> None:
        """Forget everything."""
        self._held.clear()
        self.bytes_held = 0

    def _remove(self, key: str) -> None:
        entry = self._held.pop(key, None)
        if entry is not None:
            self.bytes_held -= _size(key, entry[1])


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + ENTRY_OVERHEAD
