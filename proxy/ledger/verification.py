"""Verification: walks the chain of a ledger and says what does not fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from proxy.ledger.chain import ORIGIN, seal, split
from proxy.ledger.files import files_of, walk


@dataclass(slots=True)
class Verification:
    """What a walk found. `problems`: one sentence each, empty where the chain holds.

    `unfinished`: ids of exchanges that started and have no record: a crash cut them off, or they are
    under way. `dropped`: events that the ledger itself says it lost. `head` is to be compared with one
    kept elsewhere: only that shows a cut tail.
    """

    files: tuple[str, ...] = ()
    records: int = 0
    first_seq: int = 0
    seq: int = 0
    head: str = ORIGIN
    exchanges: int = 0
    dropped: int = 0
    unfinished: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """True when nothing was found."""
        return not self.problems


def verify(path: Path, *, key: bytes = b"", anchor: tuple[int, str] | None = None) -> Verification:
    """Check every record of a ledger, files set aside included.

    `key`: of the chain, empty for one without; `anchor`: number and hash of a record that must be there.

    Raises:
        LedgerError: there is no such ledger, or it cannot be read.
    """
    steps = _Walk(Verification(tuple(map(str, files_of(path)))), key, anchor)
    for file, number, line, whole in walk(path):
        steps.step(f"{file.name}:{number}", line, whole)
    return steps.finish()


class _Walk:
    """One pass over the lines, in order."""

    def __init__(self, found: Verification, key: bytes, anchor: tuple[int, str] | None) -> None:
        self._found = found
        self._key = key
        self._anchor = anchor
        self._anchored = anchor is None
        self._open: dict[str, None] = {}

    def step(self, where: str, line: bytes, whole: bool) -> None:
        """Check one line against the one before it."""
        found = self._found
        if not whole:
            found.problems.append(f"{where}: the line is cut off")
            return
        try:
            body, stated = split(line)
            record = orjson.loads(body)
            seq, prev = int(record["seq"]), str(record["prev"])
        except (ValueError, KeyError, TypeError):
            found.problems.append(f"{where}: not a ledger record")
            return
        if seal(body, self._key) != stated:
            found.problems.append(f"{where}: record {seq} was changed (or the key is another)")
        self._check_order(where, seq, prev)
        found.seq, found.head = seq, stated
        found.records += 1
        self._anchored = self._anchored or (seq, stated) == self._anchor
        self._count(record)

    def finish(self) -> Verification:
        """The result, after the last line."""
        found = self._found
        if not self._anchored and self._anchor is not None:
            found.problems.append(
                f"record {self._anchor[0]} with the given head is missing: the tail was cut"
            )
        found.unfinished = list(self._open)
        return found

    def _check_order(self, where: str, seq: int, prev: str) -> None:
        found = self._found
        if not found.records:
            found.first_seq = seq
            if seq == 1 and prev != ORIGIN:
                found.problems.append(f"{where}: the first record does not start the chain")
        elif seq > found.seq + 1:
            found.problems.append(f"{where}: records {found.seq + 1} to {seq - 1} are missing")
        elif seq <= found.seq:
            found.problems.append(f"{where}: record {seq} stands after record {found.seq}")
        elif prev != found.head:
            found.problems.append(f"{where}: record {seq} does not continue record {found.seq}")

    def _count(self, record: dict[str, Any]) -> None:
        kind = record.get("kind")
        if kind == "exchange":
            self._found.exchanges += 1
            self._open.pop(str(record.get("id")), None)
        elif kind == "opened":
            self._open[str(record.get("id"))] = None
        elif kind == "dropped":
            self._found.dropped += int(record.get("count", 0))
