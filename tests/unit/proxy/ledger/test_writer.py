"""The writer: telling never blocks and never raises, and what is lost is counted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from proxy.exchange.events import LedgerEvent, RequestRejected
from proxy.ledger.writer import LedgerWriter, Told

EVENT = RequestRejected("chat_completions", 400, "invalid_json")


@dataclass(eq=False)
class ListSink:
    """Keeps what it takes; waits for `free` before each take and fails while `broken`."""

    taken: list[Told] = field(default_factory=list)
    lost: int = 0
    synced: int = 0
    closed: bool = False
    broken: bool = False
    free: threading.Event = field(default_factory=threading.Event)

    def take(self, events: Sequence[Told], dropped: int) -> None:
        self.free.wait(5)
        if self.broken:
            raise OSError("disk full")
        self.taken += events
        self.lost += dropped

    def sync(self) -> None:
        self.synced += 1

    def healthy(self) -> bool:
        return not self.broken

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def sink() -> ListSink:
    made = ListSink()
    made.free.set()
    return made


@asynccontextmanager
async def running(writer: LedgerWriter) -> AsyncIterator[LedgerWriter]:
    writer.start()
    try:
        yield writer
    finally:
        await writer.aclose()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for happens on another thread
            await asyncio.sleep(0.005)


async def test_listeners_hear_at_once_and_sinks_in_order(sink: ListSink) -> None:
    """A listener is told before `tell` returns; a sink gets the same events in the same order."""
    heard: list[LedgerEvent] = []
    events = [RequestRejected("s", 400, str(number)) for number in range(500)]
    async with running(LedgerWriter([heard.append], [sink], flush_s=0.01)) as writer:
        for event in events:
            writer.tell(event)
        assert heard == events
    assert [event for _, event in sink.taken] == events
    assert sink.closed


async def test_nothing_told_before_closing_is_lost(sink: ListSink) -> None:
    """Closing waits for the queue, however long the flush interval is."""
    async with running(LedgerWriter([], [sink], flush_s=60)) as writer:
        writer.tell(EVENT)
    assert len(sink.taken) == 1


async def test_a_listener_that_fails_is_counted_and_hurts_nobody(sink: ListSink) -> None:
    """An exchange goes on, other listeners and sinks still hear."""
    heard: list[LedgerEvent] = []

    def fail(_: LedgerEvent) -> None:
        raise RuntimeError("no")

    async with running(LedgerWriter([fail, heard.append], [sink], flush_s=0.01)) as writer:
        writer.tell(EVENT)
        writer.tell(EVENT)
        assert writer.listener_failures == 2
    assert len(heard) == len(sink.taken) == 2


async def test_telling_never_waits_for_a_slow_sink() -> None:
    """A stopped disk costs queue room, then events; the loop goes on, and the loss is told."""
    sink = ListSink()
    async with running(LedgerWriter([], [sink], capacity=10, flush_s=0.001)) as writer:
        started = time.perf_counter()
        for _ in range(200):
            writer.tell(EVENT)
        assert time.perf_counter() - started < 0.5
        assert writer.depth() <= 10
        dropped = writer.dropped
        assert dropped > 0
        sink.free.set()
    assert len(sink.taken) + dropped == 200
    assert sink.lost == dropped


async def test_flushed_means_durable(sink: ListSink) -> None:
    """When it returns, everything told before it was taken and synced, without waiting out the interval."""
    async with running(LedgerWriter([], [sink], flush_s=60)) as writer:
        writer.tell(EVENT)
        await asyncio.sleep(0.02)
        async with asyncio.timeout(2):
            await writer.flushed()
        assert len(sink.taken) == 1
        assert sink.synced >= 1


async def test_strict_does_not_wait_to_flush(sink: ListSink) -> None:
    """In strict mode an event goes to the disk at once."""
    async with running(LedgerWriter([], [sink], flush_s=60, strict=True)) as writer:
        writer.tell(EVENT)
        await until(lambda: len(sink.taken) == 1)


async def test_a_failing_sink_shows_and_recovers(sink: ListSink) -> None:
    """Events it failed on count as dropped; it is healthy again with the next that works."""
    sink.broken = True
    async with running(LedgerWriter([], [sink], flush_s=0.001)) as writer:
        writer.tell(EVENT)
        await until(lambda: writer.dropped == 1)
        assert not writer.healthy()
        sink.broken = False
        writer.tell(EVENT)
        await until(lambda: len(sink.taken) == 1)
        await until(writer.healthy)
        assert sink.lost == 1


async def test_one_bad_sink_does_not_starve_the_other(sink: ListSink) -> None:
    """Sinks fail apart."""
    bad = ListSink(broken=True)
    bad.free.set()
    async with running(LedgerWriter([], [bad, sink], flush_s=0.001)) as writer:
        writer.tell(EVENT)
    assert len(sink.taken) == 1


async def test_without_sinks_nothing_is_queued() -> None:
    """A ledger that is off only informs its listeners."""
    async with running(LedgerWriter([], [])) as writer:
        writer.tell(EVENT)
        assert writer.depth() == 0
        await writer.flushed()


async def test_an_asker_that_was_cancelled_is_no_trouble(sink: ListSink) -> None:
    """`flushed` may be given up; the thread goes on."""
    slow = ListSink()
    async with running(LedgerWriter([], [slow], flush_s=0)) as writer:
        writer.tell(EVENT)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await writer.flushed()
        slow.free.set()
        writer.tell(EVENT)
        await writer.flushed()
    assert len(slow.taken) == 2
