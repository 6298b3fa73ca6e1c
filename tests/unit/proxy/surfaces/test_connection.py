"""A connection knows whether it has started, and whether anybody is still there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy.exchange.ports import ClientLeft
from proxy.surfaces.connection import Connection, encode_headers


class Peer:
    """The server's side of a connection."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.sent: list[Any] = []
        self.broken = False

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.broken:
            raise BrokenPipeError
        self.sent.append(message)

    def connection(self) -> Connection:
        return Connection(self.receive, self.send)


async def test_an_answer_carries_its_length_and_ends() -> None:
    peer = Peer()
    connection = peer.connection()
    assert (connection.status, connection.ended) == (0, False)
    await connection.answer(200, [], b"hello")
    assert (connection.status, connection.ended) == (200, True)
    assert peer.sent[0]["headers"] == [(b"content-length", b"5")]
    assert peer.sent[1] == {"type": "http.response.body", "body": b"hello", "more_body": False}


async def test_sending_to_nobody_raises_client_left_from_then_on() -> None:
    peer = Peer()
    connection = peer.connection()
    peer.broken = True
    with pytest.raises(ClientLeft):
        await connection.write(b"x")
    peer.broken = False
    with pytest.raises(ClientLeft):
        await connection.write(b"x")
    assert peer.sent == []


async def test_work_is_cancelled_when_the_client_leaves() -> None:
    peer = Peer()
    connection = peer.connection()
    cancelled = asyncio.Event()

    async def work() -> None:
        peer.gone.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with asyncio.timeout(1):
        await connection.attended(work())
    assert cancelled.is_set()
    assert connection.left
    assert len(asyncio.all_tasks()) == 1


async def test_work_may_end_in_its_own_time_after_the_client_left() -> None:
    peer = Peer()

    async def work() -> None:
        peer.gone.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    connection = peer.connection()
    async with asyncio.timeout(1):
        await connection.attended(work())
    await asyncio.sleep(0)
    assert connection.left


@pytest.mark.parametrize("seconds", [0.0, 0.15])
async def test_work_that_ends_by_itself_leaves_nothing_behind(seconds: float) -> None:
    connection = Peer().connection()
    await connection.attended(asyncio.sleep(seconds))
    assert not connection.left
    assert len(asyncio.all_tasks()) == 1


async def test_client_left_inside_the_work_ends_it_quietly() -> None:
    async def work() -> None:
        raise ClientLeft

    connection = Peer().connection()
    await connection.attended(work())
    assert connection.left


async def test_a_fault_of_the_work_comes_out() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError):
        await Peer().connection().attended(work())


async def test_cancellation_from_outside_goes_through() -> None:
    task = asyncio.ensure_future(Peer().connection().attended(asyncio.sleep(60)))
    await asyncio.sleep(0.12)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == 1


async def test_a_complete_response_is_no_departure() -> None:
    peer = Peer()
    connection = peer.connection()
    await connection.answer(200, [], b"")
    peer.gone.set()
    await connection.wait_left()
    assert not connection.left


def test_headers_are_latin_1() -> None:
    assert encode_headers([("a", "é")]) == [(b"a", b"\xe9")]
