"""What every store promises, whatever stands behind it. Subclass and give a `store`."""

from __future__ import annotations

import asyncio

import pytest

from proxy.stores import Store


class StoreKit:
    """Values come back as they went in, and vanish in time."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("a kit is subclassed with a store")

    async def let_pass(self, seconds: float) -> None:
        """Wait so long; a store with a clock of its own is told instead."""
        await asyncio.sleep(seconds)

    async def test_a_value_comes_back_byte_for_byte(self, store: Store) -> None:
        """Any bytes are kept as they are, under any key."""
        value = bytes(range(256)) + "ü\n\x00".encode()
        await store.put("a key: ü/\n", value, 60)
        assert await store.get_many(["a key: ü/\n"]) == [value]

    async def test_values_come_in_the_order_of_their_keys(self, store: Store) -> None:
        """Absent ones are None, each in its place; the same key may be asked for twice."""
        await store.put_many({"a": b"1", "b": b"2"}, 60)
        assert await store.get_many(["b", "x", "a", "b"]) == [b"2", None, b"1", b"2"]

    async def test_nothing_is_asked_and_nothing_is_put(self, store: Store) -> None:
        """Empty questions have empty answers."""
        assert await store.get_many([]) == []
        await store.put_many({}, 60)

    async def test_an_empty_value_is_a_value(self, store: Store) -> None:
        """No bytes are not the same as no value."""
        await store.put("empty", b"", 60)
        assert await store.get_many(["empty"]) == [b""]

    async def test_the_last_value_stands(self, store: Store) -> None:
        """Putting again replaces."""
        await store.put("k", b"old", 60)
        await store.put("k", b"new", 60)
        assert await store.get_many(["k"]) == [b"new"]

    async def test_a_value_vanishes_after_its_time(self, store: Store) -> None:
        """Times to live under a second count."""
        await store.put("short", b"x", 0.5)
        assert await store.get_many(["short"]) == [b"x"]
        await self.let_pass(0.6)
        assert await store.get_many(["short"]) == [None]

    async def test_no_time_to_live_keeps_nothing(self, store: Store) -> None:
        """A value for no time is not kept."""
        await store.put("none", b"x", 0)
        assert await store.get_many(["none"]) == [None]

    async def test_a_counter_counts_and_vanishes_as_a_whole(self, store: Store) -> None:
        """The end is set by the first addition; later ones do not move it."""
        assert await store.incr("c", 2, 1.0) == 2
        await self.let_pass(0.4)
        assert await store.incr("c", 3, 60) == 5
        await self.let_pass(0.7)
        assert await store.incr("c", 1, 60) == 1

    async def test_counters_add_up_under_concurrency(self, store: Store) -> None:
        """No addition is lost."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(store.incr("many", 1, 60)) for _ in range(50)]
        assert sorted(task.result() for task in tasks) == list(range(1, 51))

    async def test_a_store_that_answers_is_healthy(self, store: Store) -> None:
        """It says so."""
        await store.put("k", b"v", 60)
        assert store.healthy()
