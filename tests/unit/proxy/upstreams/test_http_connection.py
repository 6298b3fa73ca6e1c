"""One connection against a raw server: framing, limits, time and the end of a connection."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import inf

import pytest

from proxy.exchange.ports import UpstreamError
from proxy.upstreams.http_connection import HttpConnection, StaleConnection

REQUEST = b"POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def says(*parts: bytes, pause: float = 0.0, hang_up: bool = False) -> Talk:
    """A server that answers every request with these bytes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"{}"):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            if hang_up:
                writer.close()
                return

    return talk


@asynccontextmanager
async def connected(talk: Talk) -> AsyncIterator[HttpConnection]:
    """A connection to a server that talks like this."""

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    port = server.sockets[0].getsockname()[1]
    _, connection = await loop.create_connection(lambda: HttpConnection(loop), "127.0.0.1", port)
    try:
        yield connection
    finally:
        connection.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.01)


def send(connection: HttpConnection, *, seconds: float = 5.0, idle: float = 5.0, limit: int = 10**6) -> None:
    connection.send(REQUEST, first_byte=seconds, idle=idle, deadline=inf, limit=limit)


async def whole(connection: HttpConnection) -> bytes:
    """Status 200 and the body of one call."""
    await connection.head()
    assert connection.status == 200
    parts = []
    while chunk := await connection.read():
        parts.append(chunk)
    return b"".join(parts)


async def code_of(answer: Awaitable[object]) -> str:
    with pytest.raises(UpstreamError) as caught:
        await answer
    return caught.value.code


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        ((OK,), True),
        (
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
            True,
        ),
        ((b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", OK), True),
        ((b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",), False),
        ((b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",), False),
        (
            (
                b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b"
                % (len(gzip.compress(b"hello")), gzip.compress(b"hello")),
            ),
            True,
        ),
    ],
)
async def test_every_framing_gives_the_body(parts: tuple[bytes, ...], kept: bool) -> None:
    """By length or chunks, after interim answers, compressed unasked; kept where both sides want that."""
    async with connected(says(*parts)) as connection:
        for _ in range(2 if kept else 1):
            send(connection)
            assert await whole(connection) == b"hello"
            assert "link" not in dict(connection.headers)
            assert connection.end() is kept


async def test_bytes_may_arrive_one_by_one() -> None:
    """Nothing depends on how the network cuts them."""
    async with connected(says(*(OK[i : i + 1] for i in range(len(OK))))) as connection:
        send(connection)
        assert await whole(connection) == b"hello"


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    """It is whole, and the connection is not kept."""
    async with connected(says(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo", hang_up=True)) as connection:
        send(connection)
        assert await whole(connection) == b"hello"
        assert not connection.end()


async def test_a_body_that_stops_short_is_cut_off() -> None:
    """What arrived is given first."""
    async with connected(says(OK[:-2], hang_up=True)) as connection:
        send(connection)
        await connection.head()
        assert await connection.read() == b"hel"
        assert await code_of(connection.read()) == "upstream_cut_off"
        assert not connection.end()


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n\x81",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000,
    ],
)
async def test_what_is_no_http_answer_is_invalid(answer: bytes) -> None:
    """Another protocol, an unknown coding, two lengths, an endless head."""
    async with connected(says(answer)) as connection:
        send(connection)
        assert await code_of(connection.head()) == "upstream_invalid"


async def test_a_small_body_that_unpacks_to_a_large_one_is_invalid() -> None:
    """The limit is on what it unpacks to, and no more than that is unpacked."""
    packed = gzip.compress(bytes(50_000_000))
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with connected(says(head + packed)) as connection:
        send(connection, limit=1_000_000)
        assert await code_of(whole(connection)) == "upstream_invalid"


async def test_bytes_that_nobody_asked_for_close_the_connection() -> None:
    """An answer after the answer would be taken for that of the next request, of another client."""
    async with connected(says(OK, OK, pause=0.02)) as connection:
        send(connection)
        assert await whole(connection) == b"hello"
        connection.end()
        await asyncio.sleep(0.1)
        assert connection.closed


async def test_silence_before_and_inside_an_answer_is_a_timeout() -> None:
    """Two limits: one for the first byte of the body, one between bytes after it."""
    async with connected(says(b"HTTP/1.1 200 OK\r\n")) as connection:
        send(connection, seconds=0.1)
        assert await code_of(connection.head()) == "upstream_timeout"
    async with connected(says(OK[:-2], b"", pause=1)) as connection:
        send(connection, idle=0.1)
        await connection.head()
        assert await connection.read() == b"hel"
        started = asyncio.get_running_loop().time()
        assert await code_of(connection.read()) == "upstream_timeout"
        assert asyncio.get_running_loop().time() - started < 2, "the limit of the first byte held on"


async def test_silence_while_nobody_could_hear_does_not_count() -> None:
    """A reader that was away while reading was paused gives the server its time from then on."""
    size = 2_000_000
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (size + 1)
    async with connected(says(head + bytes(size), b"x", pause=0.4)) as connection:
        send(connection, seconds=0.3, idle=0.3, limit=size + 1)
        await connection.head()
        await asyncio.sleep(0.35)
        assert len(await whole(connection)) == size + 1


async def test_a_reader_that_takes_its_time_is_no_silence() -> None:
    """The upstream has spoken; only a wait counts."""
    async with connected(says(OK[:-2], OK[-2:], pause=0.15)) as connection:
        send(connection, idle=0.25)
        await connection.head()
        await asyncio.sleep(0.4)
        assert await whole(connection) == b"hello"


async def test_the_kernel_is_asked_to_wait_for_a_slow_reader() -> None:
    """Not more than a few reads are held, however much is sent."""
    size = 30_000_000
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size
    async with connected(says(head + bytes(size))) as connection:
        send(connection, limit=size)
        await connection.head()
        await asyncio.sleep(0.2)
        assert len(await connection.read()) < 2_000_000
        rest = await whole(connection)
        assert len(rest) > size - 2_000_000


async def test_a_kept_connection_that_ends_silently_is_stale() -> None:
    """Only that may be tried again: a fresh one, or one that had begun to answer, may not."""
    async with connected(says(OK, hang_up=True)) as connection:
        send(connection)
        await whole(connection)
        connection.end()
        send(connection)
        with pytest.raises(StaleConnection):
            await connection.head()
    async with connected(says(hang_up=True)) as connection:
        send(connection)
        assert await code_of(connection.head()) == "upstream_unreachable"


async def test_an_answer_that_was_not_read_closes_the_connection() -> None:
    """Its bytes must not meet the next call."""
    async with connected(says(OK)) as connection:
        send(connection)
        await connection.head()
        assert not connection.end()
        assert connection.closed


@pytest.mark.parametrize(
    "more", [b"HTTP/1.1 429 X\r\ncontent-length: 4\r\n\r\nEVIL", b"garbage", b"HTTP/1.1 20", b"\x00"]
)
async def test_bytes_behind_the_answer_in_one_read_are_none_of_it(more: bytes) -> None:
    """Neither status nor headers nor body of theirs is taken, and the connection is not kept."""
    async with connected(says(OK + more)) as connection:
        send(connection)
        assert await whole(connection) == b"hello"
        assert (connection.status, len(connection.headers)) == (200, 1)
        assert not connection.end()


async def test_trailers_change_nothing_and_are_bounded() -> None:
    """They come when the head was acted upon already."""
    end = b"0\r\ncontent-type: text/event-stream\r\nretry-after: 9\r\n\r\n"
    async with connected(says(CHUNKED, b"5\r\nhello\r\n", end)) as connection:
        send(connection)
        assert await whole(connection) == b"hello"
        assert dict(connection.headers) == {"transfer-encoding": "chunked"}
    endless = b"".join(b"x: %b\r\n" % (b"a" * 1000) for _ in range(100))
    async with connected(says(CHUNKED, b"5\r\nhello\r\n0\r\n", endless)) as connection:
        send(connection)
        assert await code_of(whole(connection)) == "upstream_invalid"


async def test_a_server_that_says_no_more_is_not_waited_for() -> None:
    """It closed its side and reads nothing: our request need not arrive whole."""

    async def half_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello")
        writer.write_eof()
        await asyncio.sleep(3)

    async with connected(half_closed) as connection:
        request = REQUEST + bytes(30_000_000)
        connection.send(request, first_byte=2, idle=2, deadline=inf, limit=100)
        assert await whole(connection) == b"hello"


@pytest.mark.parametrize("packed", [gzip.compress(b"hello")[:-8], gzip.compress(b"hello")[:-14]])
async def test_a_packed_body_that_stops_short_is_cut_off(packed: bytes) -> None:
    """Its length was right, but what it unpacks to is not all."""
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with connected(says(head + packed)) as connection:
        send(connection)
        assert await code_of(whole(connection)) == "upstream_cut_off"


async def test_a_packed_body_is_unpacked_piece_by_piece() -> None:
    """However well it is packed, one read gives a bounded piece."""
    packed = gzip.compress(bytes(5_000_000))
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with connected(says(head + packed)) as connection:
        send(connection, limit=5_000_000)
        await connection.head()
        assert len(await connection.read()) <= 1024 * 1024
        assert len(await whole(connection)) >= 5_000_000 - 1024 * 1024


async def test_an_error_in_an_unknown_coding_is_still_that_error() -> None:
    """Its body cannot be read, its status can."""
    answer = b"HTTP/1.1 429 Too Many\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx"
    async with connected(says(answer)) as connection:
        send(connection)
        await connection.head()
        assert connection.status == 429


async def test_a_status_below_100_is_no_interim_answer() -> None:
    """What follows it would be read as its body."""
    answer = b"HTTP/1.1 099 x\r\ncontent-length: 5\r\n\r\nEVIL!" + OK
    async with connected(says(answer)) as connection:
        send(connection)
        assert await code_of(connection.head()) == "upstream_invalid"
