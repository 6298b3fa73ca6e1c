"""The tiered store: memory first, and on without the shared store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from proxy.settings import Settings
from proxy.stores import Store, StoreUnavailable
from proxy.stores.memory import MemoryStore
from proxy.stores.tiered import TieredStore, open_store
from tests.kits.store_kit import StoreKit


class Shared(MemoryStore):
    """A shared store that can be broken, and knows what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.asked: list[list[str]] = []

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("timeout")

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self.asked.append(list(keys))
        self._check()
        return await super().get_many(keys)

    async def put_many(self, values: Mapping[str, bytes], ttl_s: float) -> None:
        self._check()
        await super().put_many(values, ttl_s)

    async def incr(self, key: str, amount: int, ttl_s: float) -> int:
        self._check()
        return await super().incr(key, amount, ttl_s)

    def healthy(self) -> bool:
        return not self.broken


class TestTieredStore(StoreKit):
    """Two tiers keep the promises of one."""

    @pytest.fixture
    def store(self) -> Store:
        return TieredStore(MemoryStore(), Shared())


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def store(shared: Shared) -> TieredStore:
    return TieredStore(MemoryStore(), shared)


async def test_memory_answers_without_asking_the_other(store: TieredStore, shared: Shared) -> None:
    """Only what memory does not hold is asked for."""
    await store.put("a", b"1", 60)
    await shared.put("b", b"2", 60)
    assert await store.get_many(["a", "b", "c"]) == [b"1", b"2", None]
    assert shared.asked == [["b", "c"]]


async def test_what_was_fetched_is_remembered(store: TieredStore, shared: Shared) -> None:
    """A value of another replica costs one question, then it is here."""
    await shared.put("a", b"1", 60)
    assert store.peek("a") is None
    await store.get_many(["a"])
    assert store.peek("a") == b"1"
    await store.get_many(["a"])
    assert len(shared.asked) == 1


async def test_a_fault_costs_what_is_shared_and_nothing_else(store: TieredStore, shared: Shared) -> None:
    """Reads miss, writes stay here, counters count this process, and health says so."""
    shared.broken = True
    await store.put("a", b"1", 60)
    assert await store.get_many(["a", "b"]) == [b"1", None]
    assert [await store.incr("c", 1, 60) for _ in range(3)] == [1, 2, 3]
    assert not store.healthy()
    assert store.degraded == 5
    shared.broken = False
    assert store.healthy()


async def test_the_local_count_goes_on_where_the_shared_one_stopped_working(
    store: TieredStore, shared: Shared
) -> None:
    """What this process counted before the fault still counts during it."""
    await store.incr("c", 1, 60)
    shared.broken = True
    assert await store.incr("c", 1, 60) == 2


def test_memory_is_the_default_and_imports_no_redis() -> None:
    """A start without Redis does not pay for it."""
    store = open_store(Settings())
    assert isinstance(store, MemoryStore)


async def test_a_redis_url_makes_two_tiers() -> None:
    """Nothing is connected when the store is opened."""
    store = open_store(Settings(store="redis://127.0.0.1:1/0"))
    assert isinstance(store, TieredStore)
    await store.aclose()
