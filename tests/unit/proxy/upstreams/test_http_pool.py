"""The pool: which connection a call gets, how many there are, and how one is opened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from math import inf

import pytest

from proxy.exchange.ports import UpstreamError
from proxy.upstreams.http_connection import HttpConnection
from proxy.upstreams.http_limits import HttpLimits
from proxy.upstreams.http_pool import HttpPool
from tests.unit.proxy.upstreams.test_http_connection import OK, REQUEST, says, whole


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Of a server that answers everything alike."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await says(OK)(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


class WatchedPool(HttpPool):
    """Remembers what it gave, so that a test leaves nothing open."""

    def __init__(self, url: str, limits: HttpLimits) -> None:
        super().__init__(url, limits, 1.0)
        self.given: list[HttpConnection] = []

    async def take(self, *, fresh: bool = False) -> HttpConnection:
        connection = await super().take(fresh=fresh)
        self.given.append(connection)
        return connection


@pytest.fixture
async def a_pool(port: int) -> AsyncIterator[Callable[..., HttpPool]]:
    made: list[WatchedPool] = []

    def make(*, connections: int = 10, keepalive: float = 60.0) -> HttpPool:
        limits = HttpLimits(connections=connections, keepalive_seconds=keepalive)
        made.append(WatchedPool(f"http://127.0.0.1:{port}/v1", limits))
        return made[-1]

    yield make
    for pool in made:
        pool.close()
        for connection in pool.given:
            connection.close()
    await asyncio.sleep(0.01)


async def use(connection: HttpConnection) -> HttpConnection:
    """One whole call on it."""
    connection.send(REQUEST, first_byte=5, idle=5, deadline=inf, limit=1000)
    assert await whole(connection) == b"hello"
    return connection


async def test_the_last_used_connection_is_taken_first(a_pool: Callable[..., HttpPool]) -> None:
    """Two are opened at most for two at once, and one serves a line of calls."""
    pool = a_pool()
    one, two = await use(await pool.take()), await use(await pool.take())
    pool.give_back(one)
    pool.give_back(two)
    assert await pool.take() is two
    assert await pool.take() is one


async def test_a_fresh_one_can_be_asked_for(a_pool: Callable[..., HttpPool]) -> None:
    """A call that met a stale connection must not meet the next one."""
    pool = a_pool()
    one = await use(await pool.take())
    pool.give_back(one)
    assert await pool.take(fresh=True) is not one


async def test_kept_connections_are_dropped_when_old_or_closed(a_pool: Callable[..., HttpPool]) -> None:
    """Servers hang up on idle ones; so do we."""
    pool = a_pool(keepalive=0.05)
    old = await use(await pool.take())
    pool.give_back(old)
    await asyncio.sleep(0.1)
    young = await use(await pool.take())
    assert young is not old
    assert old.closed
    pool.give_back(young)
    young.close()
    assert await pool.take() is not young


async def test_calls_beyond_the_limit_wait_in_turn(a_pool: Callable[..., HttpPool]) -> None:
    """A place goes to who waits longest; one who gave up takes none."""
    pool = a_pool(connections=1)
    held = await use(await pool.take())
    order: list[str] = []

    async def wait(name: str) -> None:
        connection = await pool.take()
        order.append(name)
        pool.give_back(await use(connection))

    async with asyncio.TaskGroup() as group:
        first = group.create_task(wait("first"))
        given_up = group.create_task(wait("given up"))
        second = group.create_task(wait("second"))
        await asyncio.sleep(0.02)
        assert order == []
        given_up.cancel()
        pool.give_back(held)
        await first
        await second
    assert order == ["first", "second"]
    assert await pool.take() is held


async def test_a_place_handed_over_to_one_who_gives_up_is_not_lost(a_pool: Callable[..., HttpPool]) -> None:
    """Cancelled between being called and running."""
    pool = a_pool(connections=1)
    held = await use(await pool.take())
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(pool.take())
        await asyncio.sleep(0.02)
        pool.give_back(held)
        waiting.cancel()
    async with asyncio.timeout(1):
        assert await pool.take() is held


async def test_a_failed_opening_takes_no_place(unused_port: int) -> None:
    """Refused, and no such name."""
    for url in (f"http://127.0.0.1:{unused_port}", "http://no.such.host.invalid", f"http://{'a' * 70}.b"):
        pool = HttpPool(url, HttpLimits(connections=1), 1.0)
        for _ in range(2):
            with pytest.raises(UpstreamError) as caught:
                await pool.take()
            assert caught.value.code == "upstream_unreachable"


async def test_a_closed_pool_keeps_and_opens_nothing(a_pool: Callable[..., HttpPool]) -> None:
    """Also what comes back later is closed."""
    pool = a_pool()
    one, two = await use(await pool.take()), await use(await pool.take())
    pool.give_back(one)
    pool.close()
    pool.close()
    pool.give_back(two)
    assert one.closed
    assert two.closed
    with pytest.raises(UpstreamError):
        await pool.take()


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://models/v1", "models"),
        ("http://models:8000/v1", "models:8000"),
        ("https://[::1]:8443", "[::1]:8443"),
        ("https://[::1]", "[::1]"),
        ("http://b\u00fccher.example/v1", "xn--bcher-kva.example"),
    ],
)
def test_the_authority_is_what_the_url_says(url: str, authority: str) -> None:
    """A port only where one was given."""
    assert HttpPool(url, HttpLimits(), 1.0).authority == authority
