"""The Redis store against a real redis-server: the kit's promises, freezes, kills, and hostile values."""

from __future__ import annotations

import asyncio
import pickle
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from proxy.settings import RedisSettings
from proxy.stores import Store, StoreUnavailable
from proxy.stores.memory import MemoryStore
from proxy.stores.redis_store import RedisStore
from proxy.stores.tiered import TieredStore
from tests.kits.store_kit import StoreKit

pytestmark = pytest.mark.redis

BUDGET = RedisSettings().budget_ms / 1000
GENEROUS_S = 0.25
"""Wall time that an operation with a budget of 50 ms may take on a busy machine."""
ROOMY = RedisSettings(budget_ms=1_000)
"""For tests that are not about time: a busy machine must not fail them."""


@asynccontextmanager
async def opened(url: str, settings: RedisSettings = ROOMY, **options: Any) -> AsyncIterator[RedisStore]:
    store = RedisStore(url, settings, **options)
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(url)
    try:
        yield client
    finally:
        await client.aclose()


async def timed(action: Callable[[], Awaitable[object]]) -> float:
    """Seconds that an operation took, whether it worked or not."""
    started = time.perf_counter()
    with suppress(StoreUnavailable):
        await action()
    return time.perf_counter() - started


class TestRedisStore(StoreKit):
    """Redis keeps the promises."""

    @pytest.fixture
    async def store(self, redis_url: str) -> AsyncIterator[Store]:
        async with opened(redis_url) as store:
            yield store


class TestTieredOnRedis(StoreKit):
    """Memory in front of Redis keeps the promises."""

    @pytest.fixture
    async def store(self, redis_url: str) -> AsyncIterator[Store]:
        async with opened(redis_url) as shared:
            yield TieredStore(MemoryStore(), shared)


async def test_a_frozen_redis_costs_the_budget_once(redis_server: Any) -> None:
    """SIGSTOP: at most 50 ms for the first operation, nothing for the next, and the values are back after."""
    async with opened(redis_server.url, RedisSettings(open_s=0.2)) as store:
        assert store.budget_s == BUDGET == 0.05
        await warmed(store)
        redis_server.process.send_signal(signal.SIGSTOP)
        try:
            assert await timed(lambda: store.get_many(["k"])) < GENEROUS_S
            assert store.faults["timeout"] == 1
            rest = [await timed(lambda: store.get_many(["k"])) for _ in range(100)]
            assert sum(rest) < GENEROUS_S
            assert store.faults["open"] >= 90
        finally:
            redis_server.process.send_signal(signal.SIGCONT)
        await until_healthy(store)
        assert await store.get_many(["k"]) == [b"v"]


async def test_many_at_once_pay_together(redis_server: Any) -> None:
    """Sixty-four requests that meet a freeze wait at the same time, not one after the other."""
    async with opened(redis_server.url, RedisSettings(open_s=60)) as store:
        await warmed(store)
        redis_server.process.send_signal(signal.SIGSTOP)
        try:
            started = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for _ in range(64):
                    group.create_task(timed(lambda: store.get_many(["k"])))
            assert time.perf_counter() - started < 2 * GENEROUS_S
        finally:
            redis_server.process.send_signal(signal.SIGCONT)


async def test_a_killed_redis_costs_once_and_comes_back(redis_server: Any) -> None:
    """SIGKILL and a restart: one fault, then none until a trial finds it again."""
    async with opened(redis_server.url, RedisSettings(open_s=0.1, open_max_s=0.2)) as store:
        await warmed(store)
        redis_server.stop()
        assert await timed(lambda: store.get_many(["k"])) < GENEROUS_S
        assert not store.healthy()
        assert await timed(lambda: store.get_many(["k"])) < GENEROUS_S
        redis_server.start()
        await until_healthy(store)


async def test_a_tiered_store_hides_the_fault_within_the_budget(redis_server: Any) -> None:
    """The proxy sees a miss, at most once late, and its own values all the time."""
    async with opened(redis_server.url, RedisSettings(open_s=60)) as shared:
        store = TieredStore(MemoryStore(), shared)
        await warmed(shared)
        redis_server.process.send_signal(signal.SIGSTOP)
        try:
            assert await timed(lambda: store.put("mine", b"1", 60)) < GENEROUS_S
            assert await store.get_many(["mine", "theirs"]) == [b"1", None]
            assert await store.incr("count", 2, 60) == 2
        finally:
            redis_server.process.send_signal(signal.SIGCONT)


async def test_a_cancelled_reader_never_gets_anothers_answer(redis_server: Any) -> None:
    """Operations given up half-way drop their connection: no later one reads their answers."""
    settings = RedisSettings(budget_ms=1_000, connections=1)
    async with opened(redis_server.url, settings) as store:
        await store.put_many({f"k{number}": b"%d" % number for number in range(20)}, 60)
        for number in range(20):
            redis_server.process.send_signal(signal.SIGSTOP)
            reader = asyncio.ensure_future(store.get_many([f"k{number}"]))
            await asyncio.sleep(0.005)
            reader.cancel()
            redis_server.process.send_signal(signal.SIGCONT)
            with suppress(asyncio.CancelledError):
                await reader
            other = (number + 7) % 20
            assert await store.get_many([f"k{other}"]) == [b"%d" % other]


async def test_a_cancelled_trial_does_not_keep_the_store_away(redis_server: Any) -> None:
    """A client that leaves during the trial leaves the next request free to try."""
    async with opened(redis_server.url, RedisSettings(open_s=0.01, open_max_s=0.01)) as store:
        await warmed(store)
        redis_server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreUnavailable):
            await store.get_many(["k"])
        await asyncio.sleep(0.02)
        trial = asyncio.ensure_future(store.get_many(["k"]))
        await asyncio.sleep(0.005)
        trial.cancel()
        with suppress(asyncio.CancelledError, StoreUnavailable):
            await trial
        redis_server.process.send_signal(signal.SIGCONT)
        await until_healthy(store)


async def test_values_of_strangers_read_as_absent(redis_url: str) -> None:
    """Pickles, forged verdicts, swapped values and other types are misses, and counted."""
    async with opened(redis_url) as store, raw(redis_url) as client:
        await store.put("mine", b"ok", 60)
        sealed = await client.get("gatehouse:mine")
        await client.set("gatehouse:pickle", pickle.dumps({"harm": 0.0}))
        await client.set("gatehouse:forged", b"x" * 16 + b'{"harm":0.0}')
        await client.set("gatehouse:swapped", sealed)
        await client.set("gatehouse:short", b"x")
        await client.rpush("gatehouse:list", "x")
        found = await store.get_many(["mine", "pickle", "forged", "swapped", "short", "list"])
        assert found == [b"ok", None, None, None, None, None]
        assert store.forged == 4


async def test_only_who_holds_the_seal_key_is_believed(redis_url: str) -> None:
    """Replicas share what they sealed under the same key, and nothing else."""
    one = RedisSettings(budget_ms=1_000, seal_key=SecretStr("one"))
    two = RedisSettings(budget_ms=1_000, seal_key=SecretStr("two"))
    async with (
        opened(redis_url, one) as first,
        opened(redis_url, one) as second,
        opened(redis_url, two) as third,
    ):
        await first.put("k", b"v", 60)
        assert await second.get_many(["k"]) == [b"v"]
        assert await third.get_many(["k"]) == [None]


async def test_every_key_has_the_prefix_and_an_end(redis_url: str) -> None:
    """Nothing stays in Redis for ever, and all of it can be told apart."""
    async with opened(redis_url) as store, raw(redis_url) as client:
        await store.put("k", b"v", 60)
        await store.incr("c", 1, 60)
        keys = await client.keys("*")
        assert sorted(keys) == [b"gatehouse:c", b"gatehouse:k"]
        assert all([await client.pttl(key) > 0 for key in keys])


async def test_a_wrong_password_is_told_at_the_first_question(redis_server: Any) -> None:
    """It is a mistake of the settings, not an outage."""
    redis_server.ask("CONFIG SET requirepass right")
    wrong = RedisSettings(budget_ms=1_000, password=SecretStr("wrong"))
    right = RedisSettings(budget_ms=1_000, password=SecretStr("right"))
    async with opened(redis_server.url, wrong) as store:
        with pytest.raises(StoreUnavailable) as caught:
            await store.get_many(["k"])
        assert caught.value.reason == "credentials"
    async with opened(redis_server.url, right) as store:
        assert await store.get_many(["k"]) == [None]


async def test_a_full_redis_is_refused_not_waited_for(redis_server: Any) -> None:
    """`maxmemory` reached: writes fail with a reason at once."""
    redis_server.ask("CONFIG SET maxmemory 1")
    async with opened(redis_server.url) as store:
        with pytest.raises(StoreUnavailable) as caught:
            await store.put("k", b"v", 60)
        assert caught.value.reason == "refused"


async def warmed(store: RedisStore) -> None:
    """A value in Redis and an open connection, however busy the machine."""
    async with asyncio.timeout(10):
        while True:
            with suppress(StoreUnavailable):
                await store.put("k", b"v", 60)
                await store.get_many(["k"])
                break
            await asyncio.sleep(0.05)
    store.faults.update(dict.fromkeys(store.faults, 0))


async def until_healthy(store: RedisStore) -> None:
    """The breaker finds by itself that Redis is back."""
    async with asyncio.timeout(10):
        while not store.healthy():
            with suppress(StoreUnavailable):
                await store.get_many(["k"])
            await asyncio.sleep(0.02)
