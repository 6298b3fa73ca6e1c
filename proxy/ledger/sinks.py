"""Sinks: the chained JSON-lines file, and a line for each exchange on the terminal or in the log."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import orjson

from policies.draws import drawn
from proxy.exchange.events import ExchangeClosed
from proxy.ledger.chain import Chain
from proxy.ledger.files import LedgerError, last_record, set_aside
from proxy.ledger.record import RecordBook
from proxy.ledger.writer import Told

_log = logging.getLogger("gatehouse.ledger")
_NO_FILE = -1


class JsonlSink:
    """Appends chained records to a file that this process alone may write.

    `rotate_bytes`: size at which the file is set aside; `key`: of the chain (see `chain`); `about`:
    what the start record says of this service. A file that somebody else renamed is followed by a new
    one under the old name; the chain goes on.
    """

    def __init__(
        self,
        path: Path,
        *,
        rotate_bytes: int = 64 * 1024 * 1024,
        key: bytes = b"",
        about: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._rotate_bytes = rotate_bytes
        self._chain = Chain(key)
        self._book = RecordBook()
        self._clock = clock
        self._descriptor = _NO_FILE
        self._size = 0
        self._first_seq = 1
        self._dirty = False
        self._broken = False
        self._written = (0, "")
        self._open(dict(about or {}))

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last record that was written."""
        return self._written

    def take(self, events: Sequence[Told], dropped: int) -> None:
        """See `Sink.take`."""
        records: list[dict[str, Any]] = []
        if dropped:
            records.append({"kind": "dropped", "at": round(self._clock(), 3), "count": dropped})
        for at, event in events:
            record = self._book.add(at, event)
            if record is not None:
                records.append(record)
        self._append(records)

    def sync(self) -> None:
        """Write start records of exchanges still under way, then put everything on the disk."""
        self._append(self._book.started())
        if self._dirty:
            os.fdatasync(self._descriptor)
            self._dirty = False

    def healthy(self) -> bool:
        """False after a write that failed."""
        return not self._broken

    def close(self) -> None:
        """Write the stop record, sync and let go of the file."""
        self._append([{"kind": "stop", "at": round(self._clock(), 3)}])
        self.sync()
        os.close(self._descriptor)
        self._descriptor = _NO_FILE

    def _append(self, records: list[dict[str, Any]]) -> None:
        if not records:
            return
        if self._moved_away() or self._size >= self._rotate_bytes:
            self._rotate()
        chain = Chain(self._chain.key, self._chain.seq, self._chain.head)
        lines = b"".join([chain.line(record) for record in records])
        try:
            _write_all(self._descriptor, lines)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            self._broken = True
            raise
        self._chain = chain
        self._written = (chain.seq, chain.head)
        self._size += len(lines)
        self._dirty, self._broken = True, False

    def _open(self, about: dict[str, str]) -> None:
        found = last_record(self.path, self._chain.key)
        self._chain.seq, self._chain.head = found.seq, found.head
        self._open_file()
        if found.torn_at is not None:
            os.ftruncate(self._descriptor, found.torn_at)
            self._size = found.torn_at
            about["recovered_bytes"] = str(found.torn_bytes)
        self._append(
            [{"kind": "start", "at": round(self._clock(), 3), "keyed": bool(self._chain.key), **about}]
        )
        self.sync()

    def _open_file(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o640)
        except OSError as error:
            raise LedgerError(f"{self.path}: cannot be opened ({error.strerror})") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise LedgerError(
                f"{self.path}: another process writes this ledger; set ledger.path to another file"
            ) from None
        self._size = os.fstat(self._descriptor).st_size
        self._first_seq = self._chain.seq + 1

    def _moved_away(self) -> bool:
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return True
        here = os.fstat(self._descriptor)
        return (there.st_ino, there.st_dev) != (here.st_ino, here.st_dev)

    def _rotate(self) -> None:
        if self._dirty:
            os.fdatasync(self._descriptor)
        if not self._moved_away():
            set_aside(self.path)
        os.close(self._descriptor)
        self._open_file()


class AccessSink:
    """Prints a line for each exchange (or a share of them): JSON, or short text for a terminal."""

    def __init__(self, stream: TextIO, *, json: bool, share: float = 1.0) -> None:
        self._stream = stream
        self._json = json
        self._share = share

    def take(self, events: Sequence[Told], dropped: int) -> None:
        """See `Sink.take`."""
        say = _json_line if self._json else _console_line
        lines = [
            say(at, event)
            for at, event in events
            if isinstance(event, ExchangeClosed) and drawn(f"{event.exchange} access", self._share)
        ]
        if dropped:
            _log.warning("%d ledger events were lost", dropped)
        if lines:
            self._stream.write("".join(lines))

    def sync(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def healthy(self) -> bool:
        """Lost lines of a terminal are no lost records."""
        return True

    def close(self) -> None:
        """Flush; the stream belongs to somebody else."""
        self._stream.flush()


def _json_line(at: float, event: ExchangeClosed) -> str:
    verdict = event.input_verdict
    said = {
        "at": round(at, 3),
        "level": "info",
        "event": "exchange",
        "id": event.exchange,
        "surface": event.surface,
        "status": event.status,
        "outcome": event.outcome,
        "reply": event.reply,
        "action": verdict.action,
        "category": verdict.category,
        "policy": event.policy,
        "stream": event.stream,
        "total_ms": round(event.total_seconds * 1000, 2),
        "upstream_ms": round(event.upstream_seconds * 1000, 2),
        "overhead_ms": round(event.overhead_seconds * 1000, 2),
    }
    if event.error:
        said["error"] = event.error
    return orjson.dumps(said).decode() + "\n"


def _console_line(at: float, event: ExchangeClosed) -> str:
    verdict = event.input_verdict
    why = f" ({verdict.category})" if verdict.category else ""
    return (
        f"{time.strftime('%H:%M:%S', time.localtime(at))} {event.status} {event.surface} {event.outcome}"
        f" input={verdict.action}{why} reply={event.reply} {event.total_seconds * 1000:.1f} ms"
        f" (own {event.overhead_seconds * 1000:.1f} ms) {event.exchange}\n"
    )


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
