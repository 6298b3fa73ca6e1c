"""The memory store: the kit's promises, bounded by entries and bytes."""

from __future__ import annotations

import timeit

import pytest

from proxy.stores import Store
from proxy.stores.memory import ENTRY_OVERHEAD, MemoryStore
from tests.kits.store_kit import StoreKit


class TestMemoryStore(StoreKit):
    """Memory keeps the promises."""

    @pytest.fixture
    def store(self) -> Store:
        self.clock = Clock()
        return MemoryStore(clock=self.clock)

    async def let_pass(self, seconds: float) -> None:
        self.clock.now += seconds


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_least_used_goes_first() -> None:
    """A bounded number of entries; looking at one keeps it."""
    store = MemoryStore(entries=2)
    store.keep("a", b"1", 60)
    store.keep("b", b"2", 60)
    assert store.peek("a") == b"1"
    store.keep("c", b"3", 60)
    assert (store.peek("a"), store.peek("b"), store.peek("c")) == (b"1", None, b"3")


def test_bytes_are_bounded_and_counted_exactly() -> None:
    """However many values come and go, the account is what is held."""
    store = MemoryStore(bytes_limit=10 * (ENTRY_OVERHEAD + 105))
    for number in range(1_000):
        store.keep(f"k{number:04d}", b"x" * 100, 60)
        store.keep(f"k{number:04d}", b"y" * 100, 60)
    assert len(store) == 10
    assert store.bytes_held == 10 * (ENTRY_OVERHEAD + 105)


def test_a_value_larger_than_the_store_is_not_kept() -> None:
    """It does not push everything else out, and replaces what stood there with nothing."""
    store = MemoryStore(bytes_limit=1_000)
    store.keep("a", b"1", 60)
    store.keep("b", b"old", 60)
    store.keep("b", b"x" * 5_000, 60)
    assert (store.peek("a"), store.peek("b")) == (b"1", None)


def test_time_is_the_clock_that_was_given() -> None:
    """An entry ends exactly at its time, and its room is free again."""
    clock = Clock()
    store = MemoryStore(clock=clock)
    store.keep("a", b"1", 10)
    clock.now += 9.999
    assert store.peek("a") == b"1"
    clock.now += 0.001
    assert store.peek("a") is None
    assert store.bytes_held == 0


def test_a_look_is_cheap() -> None:
    """The hot path looks without waiting; a look takes microseconds even on a busy machine."""
    store = MemoryStore()
    store.keep("key", b"v" * 100, 60)
    assert min(timeit.repeat(lambda: store.peek("key"), number=1_000, repeat=5)) / 1_000 < 10e-6


async def test_closing_forgets() -> None:
    """Nothing is held afterwards."""
    store = MemoryStore()
    store.keep("a", b"1", 60)
    await store.aclose()
    assert (len(store), store.bytes_held) == (0, 0)
