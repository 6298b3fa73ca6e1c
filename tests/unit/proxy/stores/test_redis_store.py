"""The Redis store where there is no Redis: faults are quick, told apart, and cost nothing twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from proxy.settings import RedisSettings
from proxy.stores import FaultReason, StoreUnavailable
from proxy.stores.redis_store import RedisStore

GENEROUS_S = 0.25
"""Wall time that an operation with a budget of 50 ms may take on a busy machine."""

PATIENT = RedisSettings(budget_ms=1_000)
"""For answers that come at once, however busy the machine is."""

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def speaking(speak: Speak) -> AsyncIterator[str]:
    """Address of a server that speaks as told."""
    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()
        await server.wait_closed()


def saying(answer: bytes) -> Speak:
    """A server that gives one answer to everything."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(4096):
                writer.write(answer)
        finally:
            writer.close()

    return speak


async def fault_of(store: RedisStore) -> FaultReason:
    """Reason of the fault that reading meets."""
    with pytest.raises(StoreUnavailable) as caught:
        await store.get_many(["k"])
    return caught.value.reason


async def test_the_budget_is_fifty_milliseconds() -> None:
    """What is promised is what is configured."""
    store = RedisStore("redis://127.0.0.1:1/0", RedisSettings())
    assert store.budget_s == 0.05
    await store.aclose()


async def test_a_refused_connection_costs_once(unused_port: int) -> None:
    """The first operation says so quickly; the next ones do not try."""
    store = RedisStore(f"redis://127.0.0.1:{unused_port}/0", RedisSettings(), clock=lambda: 0.0)
    started = time.perf_counter()
    assert await fault_of(store) == "connection"
    assert time.perf_counter() - started < GENEROUS_S
    for _ in range(500):
        assert await fault_of(store) == "open"
    assert (store.faults["connection"], store.faults["open"]) == (1, 500)
    assert not store.healthy()
    await store.aclose()


async def test_a_silent_server_costs_the_budget() -> None:
    """A server that accepts and says nothing is given up after the budget, not redis-py's default."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with speaking(listen) as url:
        store = RedisStore(url, RedisSettings())
        started = time.perf_counter()
        assert await fault_of(store) == "timeout"
        assert 0.03 < time.perf_counter() - started < GENEROUS_S
        assert await fault_of(store) == "open"
        await store.aclose()


@pytest.mark.parametrize(
    ("answer", "reason", "healthy"),
    [
        (b"-NOAUTH Authentication required.\r\n", "credentials", False),
        (b"-NOPERM this user has no permissions\r\n", "credentials", False),
        (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "refused", False),
        (b"-READONLY You can't write against a read only replica.\r\n", "refused", False),
        (b"-WRONGTYPE Operation against a key\r\n", "refused", True),
        (b"?nonsense\r\n", "connection", False),
    ],
)
async def test_faults_are_told_apart(answer: bytes, reason: str, healthy: bool) -> None:
    """A wrong password is not an outage, and one bad key does not take the store away."""
    async with speaking(saying(answer)) as url:
        store = RedisStore(url, PATIENT)
        assert await fault_of(store) == reason
        assert store.faults[reason] == 1  # type: ignore[index]
        assert store.healthy() is healthy
        await store.aclose()


async def test_a_trial_is_made_after_the_pause(unused_port: int) -> None:
    """The clock decides when Redis is asked again."""
    now = 0.0
    store = RedisStore(f"redis://127.0.0.1:{unused_port}/0", RedisSettings(open_s=5), clock=lambda: now)
    assert await fault_of(store) == "connection"
    now = 4.9
    assert await fault_of(store) == "open"
    now = 5.0
    assert await fault_of(store) == "connection"
    await store.aclose()


async def test_credentials_stand_in_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the error nor the log names password or address."""
    settings = RedisSettings(budget_ms=1_000, username="me", password=SecretStr("canary-password"))
    async with speaking(saying(b"-WRONGPASS invalid username-password pair\r\n")) as url:
        store = RedisStore(url, settings)
        with pytest.raises(StoreUnavailable) as caught:
            await store.get_many(["k"])
        assert caught.value.reason == "credentials"
        assert "canary" not in f"{caught.value!r} {caught.value} {caplog.text}"
        assert caught.value.__cause__ is None
        await store.aclose()


async def test_one_line_is_logged_for_each_change(unused_port: int, caplog: pytest.LogCaptureFixture) -> None:
    """A fault is logged once, however many requests meet it."""
    store = RedisStore(f"redis://127.0.0.1:{unused_port}/0", RedisSettings())
    for _ in range(20):
        await fault_of(store)
    assert [record.message for record in caplog.records] == [
        "redis does not answer (connection): going on with this process's memory"
    ]
    await store.aclose()
