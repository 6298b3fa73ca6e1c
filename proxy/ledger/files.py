"""The files of a ledger: the one being written and those set aside, in the order of their records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from proxy.ledger.chain import ORIGIN, seal, split

_LONGEST_LINE = 1024 * 1024


class LedgerError(Exception):
    """A ledger cannot be written or read. The message names the file and no content."""


@dataclass(frozen=True, slots=True)
class LastRecord:
    """Where a ledger ended. `torn_at`: offset of a half-written last line, None mostly."""

    seq: int = 0
    head: str = ORIGIN
    torn_at: int | None = None
    torn_bytes: int = 0


def files_of(path: Path) -> list[Path]:
    """Files set aside (oldest first), then the one being written; only those that exist."""
    aside = sorted(path.parent.glob(f"{path.stem}.[0-9]*{path.suffix}"))
    return [*aside, path] if path.exists() else aside


def set_aside(path: Path) -> Path:
    """Rename a full file after the number of its first record and return its new name."""
    with path.open("rb") as opened:
        first = orjson.loads(opened.readline(_LONGEST_LINE))
    target = path.with_name(f"{path.stem}.{first['seq']:012d}{path.suffix}")
    path.rename(target)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return target


def last_record(path: Path, key: bytes) -> LastRecord:
    """The end of an existing ledger, so that a new process continues its chain.

    Raises:
        LedgerError: the last whole line is not one of a ledger with this key.
    """
    found = LastRecord()
    for file in reversed(files_of(path)):
        try:
            found = _last_of(file, key, is_open=file == path)
        except OSError as error:
            raise LedgerError(f"{file}: cannot be read ({error.strerror})") from None
        if found.seq:
            break
        if found.torn_at is not None:
            torn = found
            older = [each for each in files_of(path) if each != path]
            found = _last_of(older[-1], key, is_open=False) if older else found
            return LastRecord(found.seq, found.head, torn.torn_at, torn.torn_bytes)
    return found


def lines_of(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Line number, line without its end, and whether the line is whole."""
    with path.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            yield number, line.rstrip(b"\n"), line.endswith(b"\n")


def walk(path: Path) -> Iterator[tuple[Path, int, bytes, bool]]:
    """All lines of a ledger, files set aside included: the file, and what `lines_of` says.

    Raises:
        LedgerError: there is no such ledger, or it cannot be read.
    """
    files = files_of(path)
    if not files:
        raise LedgerError(f"{path}: no such ledger")
    for file in files:
        try:
            for number, line, whole in lines_of(file):
                yield file, number, line, whole
        except OSError as error:
            raise LedgerError(f"{file}: cannot be read ({error.strerror})") from None


def _last_of(path: Path, key: bytes, *, is_open: bool) -> LastRecord:
    size = path.stat().st_size
    with path.open("rb") as opened:
        start = max(0, size - _LONGEST_LINE)
        opened.seek(start)
        tail = opened.read()
    whole = tail.rfind(b"\n") + 1
    torn = len(tail) - whole
    torn_at = size - torn if torn and is_open else None
    line = tail[:whole].rstrip(b"\n").rpartition(b"\n")[2]
    if not line:
        return LastRecord(torn_at=torn_at, torn_bytes=torn)
    try:
        body, stated = split(line)
        seq = orjson.loads(body)["seq"]
    except (ValueError, KeyError, TypeError):
        raise LedgerError(f"{path}: its last line is not a ledger record; move the file away") from None
    if seal(body, key) != stated:
        raise LedgerError(f"{path}: its last record does not verify with this ledger.key; move the file away")
    return LastRecord(seq, stated, torn_at, torn)
