"""The writer: told events on the event loop, it informs listeners now and sinks on a thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from proxy.exchange.events import LedgerEvent

_log = logging.getLogger("gatehouse.ledger")
_SLICE = 64
"""Events a sink takes at once: its thread lets go of the interpreter between slices."""

Told = tuple[float, LedgerEvent]
"""When an event was told (seconds since the epoch), and the event."""
Listener = Callable[[LedgerEvent], None]


class Sink(Protocol):
    """Somewhere events end up. All methods run on the writer's thread."""

    def take(self, events: Sequence[Told], dropped: int) -> None:
        """Take events in their order; `dropped`: how many before them were lost, 0 mostly."""

    def sync(self) -> None:
        """Make durable what was taken."""

    def healthy(self) -> bool:
        """False while events that are taken get lost."""

    def close(self) -> None:
        """Sync and let go of files."""


@dataclass(frozen=True, slots=True)
class _Barrier:
    """Asks the thread to report back once everything told before it is durable."""

    loop: asyncio.AbstractEventLoop
    reached: asyncio.Future[None]


class LedgerWriter:
    """Implements the `Ledger` port. `tell` costs under a microsecond besides what listeners cost.

    `capacity`: events that may wait for the sinks; `flush_s`: seconds they may wait (0: not at all).
    `strict`: only says what was configured; whoever closes an exchange then awaits `flushed()`.
    The counters only grow.
    """

    def __init__(
        self,
        listeners: Sequence[Listener] = (),
        sinks: Sequence[Sink] = (),
        *,
        capacity: int = 16_384,
        flush_s: float = 0.2,
        strict: bool = False,
    ) -> None:
        self.listener_failures = 0
        self.strict = strict
        self._listeners = tuple(listeners)
        self._sinks = tuple(sinks)
        self._capacity = capacity
        self._flush_s = 0.0 if strict else flush_s
        self._queue: deque[tuple[float, LedgerEvent | _Barrier]] = deque()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._closing = False
        self._overflowed = 0
        self._lost = 0
        self._dropped_told = 0
        self._failing: set[Sink] = set()
        self._thread: threading.Thread | None = None

    def tell(self, event: LedgerEvent) -> None:
        """Take one event. Never blocks, never raises."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - an observer must not hurt an exchange
                self._listener_failed(error)
        if not self._sinks:
            return
        queue = self._queue
        if len(queue) >= self._capacity:
            self._overflowed += 1
            return
        queue.append((time.time(), event))
        if not self._wake.is_set():
            self._wake.set()

    def start(self) -> None:
        """Start the thread that feeds the sinks."""
        if self._sinks and self._thread is None:
            self._thread = threading.Thread(target=self._feed, name="gatehouse-ledger", daemon=True)
            self._thread.start()

    async def flushed(self) -> None:
        """Return when everything told so far is durable (at once where there are no sinks)."""
        if self._thread is None or self._closing:
            return
        loop = asyncio.get_running_loop()
        barrier = _Barrier(loop, loop.create_future())
        self._queue.append((0.0, barrier))
        self._hurry.set()
        self._wake.set()
        await barrier.reached

    async def aclose(self) -> None:
        """Write out what is left and close the sinks."""
        self._closing = True
        self._hurry.set()
        self._wake.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    @property
    def dropped(self) -> int:
        """Events that no sink has: the queue was full, or a sink failed."""
        return self._overflowed + self._lost

    def depth(self) -> int:
        """Events that wait for the sinks."""
        return len(self._queue)

    def healthy(self) -> bool:
        """False while records get lost."""
        return not self._failing and all(sink.healthy() for sink in self._sinks)

    def _listener_failed(self, error: Exception) -> None:
        self.listener_failures += 1
        if self.listener_failures == 1:
            _log.error("a ledger listener fails (%s); exchanges go on", type(error).__name__)

    def _feed(self) -> None:
        while True:
            self._wake.wait()
            if self._flush_s and not self._closing:
                self._hurry.wait(self._flush_s)
            self._hurry.clear()
            self._wake.clear()
            self._drain()
            if self._closing and not self._queue:
                break
        for sink in self._sinks:
            self._guard(sink, sink.close)

    def _drain(self) -> None:
        barriers: list[_Barrier] = []
        for _ in range(len(self._queue) // _SLICE + 1):
            events: list[Told] = []
            while self._queue and len(events) < _SLICE:
                at, event = self._queue.popleft()
                if isinstance(event, _Barrier):
                    barriers.append(event)
                else:
                    events.append((at, event))
            self._hand_over(events)
        for sink in self._sinks:
            self._guard(sink, sink.sync)
        for barrier in barriers:
            with suppress(RuntimeError):  # the loop that asked is closed
                barrier.loop.call_soon_threadsafe(_reach, barrier.reached)

    def _hand_over(self, events: list[Told]) -> None:
        dropped = self.dropped
        lost = dropped - self._dropped_told
        if not events and not lost:
            return
        self._dropped_told = dropped
        for sink in self._sinks:
            if self._guard(sink, sink.take, events, lost):
                self._failing.discard(sink)
            else:
                self._lost += len(events)

    def _guard(self, sink: Sink, action: Callable[..., None], *arguments: object) -> bool:
        try:
            action(*arguments)
        except Exception as error:  # noqa: BLE001 - one bad sink must not starve the others
            if sink not in self._failing:
                _log.error("ledger sink %s fails (%s)", type(sink).__name__, type(error).__name__)
            self._failing.add(sink)
            return False
        return True


def _reach(reached: asyncio.Future[None]) -> None:
    if not reached.done():
        reached.set_result(None)
