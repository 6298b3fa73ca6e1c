"""The preference journal: reviewed answers with their texts, for tenants that consent, as JSON lines.

The one place where content is written. Texts are scrubbed of personal data first; the file is its owner's
alone; a bounded queue stands before it, and what does not fit is dropped and counted. `Rows` says what a line
is; `evaluation.preferences` reads it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from proxy.exchange.events import FeedbackGiven, LedgerEvent
from proxy.exchange.exchange import Exchange
from proxy.exchange.pairing import LONGEST_PAIR, PreferencePair
from proxy.ledger.files import LedgerError
from proxy.ledger.personal_data import without_personal_data
from proxy.ledger.redact import keyed_digest

SCHEMA = 1
"""Version of the rows."""
CONSENT = "tenant: training"
"""On what ground a row is kept, and what for."""
_BATCH = 64
_log = logging.getLogger("gatehouse.preferences")

Row = dict[str, Any]
Told = tuple[float, PreferencePair | FeedbackGiven]


@dataclass(frozen=True, slots=True)
class Rows:
    """Makes rows. `key`: of the digests that stand for tenants, keys, people and conversations."""

    key: bytes

    def pair(self, at: float, pair: PreferencePair) -> Row:
        """A reviewed answer. `at`: seconds since the epoch; `masked`: how much personal data was masked."""
        masked = 0

        def scrubbed(text: str) -> str:
            nonlocal masked
            clean, found = without_personal_data(text)
            masked += found
            return clean

        messages = [{"role": role, "content": scrubbed(text)} for role, text in pair.messages]
        texts = {name: scrubbed(getattr(pair, name)) for name in ("draft", "critique", "revision")}
        tenant = keyed_digest(pair.tenant, self.key)
        return {
            "schema": SCHEMA,
            "kind": "pair",
            "at": round(at, 3),
            "id": pair.exchange,
            "choice": pair.choice,
            "tenant": tenant,
            "key": keyed_digest(pair.client, self.key) if pair.client else tenant,
            "end_user": pair.end_user,
            "conversation": self._conversation(pair),
            "consent": CONSENT,
            "model": pair.model,
            "language": pair.language,
            "messages": messages,
            **texts,
            "outcome": pair.outcome,
            "delivered": pair.delivered,
            "category": pair.category,
            "risk": pair.risk,
            "masked": masked,
            "digests": {
                "prompt": _digest(orjson.dumps(messages)),
                "draft": _digest(texts["draft"].encode("utf-8", "replace")),
                "revision": _digest(texts["revision"].encode("utf-8", "replace")),
            },
            "policy": pair.policy,
            "policy_digest": pair.policy_digest,
            "constitution": pair.constitution,
            "constitution_digest": pair.constitution_digest,
        }

    def feedback(self, at: float, event: FeedbackGiven) -> Row:
        """Somebody's word on an exchange whose pair may stand in the journal."""
        return {
            "schema": SCHEMA,
            "kind": "feedback",
            "at": round(at, 3),
            "id": event.exchange,
            "tenant": keyed_digest(event.tenant, self.key),
            "feedback": event.kind,
        }

    def _conversation(self, pair: PreferencePair) -> str:
        """The same for all rounds of a conversation: it begins with the same words."""
        first = next((text for role, text in pair.messages if role == "user"), "")
        return keyed_digest(f"{pair.tenant}\0{pair.end_user}\0{first}", self.key)


class PreferenceJournal:
    """Keeps pairs (see `PairKeeper`) and hears feedback of tenants that consent.

    `consented` says of a tenant's name whether it does, `capacity` how many rows may wait for the disk.
    `start` opens the file.
    """

    def __init__(
        self,
        path: Path,
        consented: Callable[[str], bool],
        *,
        key: bytes,
        capacity: int = 256,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.written = 0
        self._path = path
        self._consented = consented
        self._rows = Rows(key)
        self._clock = clock
        self._dropped = 0
        self._lost = 0
        self._queue: queue.Queue[Told | None] = queue.Queue(capacity)
        self._thread: threading.Thread | None = None
        self._descriptor = -1
        self._failing = False

    @property
    def dropped(self) -> int:
        """Rows that were not written: the queue was full, the texts too long, or the disk failed."""
        return self._dropped + self._lost

    def consents(self, exchange: Exchange) -> bool:
        """See `PairKeeper.consents`."""
        return self._consented(exchange.tenant)

    def keep(self, pair: PreferencePair) -> None:
        """See `PairKeeper.keep`."""
        if not self._consented(pair.tenant):
            return
        if pair.size > LONGEST_PAIR:
            self._dropped += 1
            return
        self._put(pair)

    def hear(self, event: LedgerEvent) -> None:
        """A listener of the ledger: takes feedback of tenants that consent, and nothing else."""
        if isinstance(event, FeedbackGiven) and self._consented(event.tenant):
            self._put(event)

    def start(self) -> None:
        """Open the file and start the thread that writes it.

        Raises:
            LedgerError: the file cannot be opened, or another process writes it.
        """
        self._descriptor = _opened(self._path)
        self._thread = threading.Thread(target=self._feed, name="gatehouse-preferences", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and let go of the file. Blocks until that is done."""
        if self._thread is None:
            return
        self._queue.put(None)
        self._thread.join()
        self._thread = None
        os.close(self._descriptor)

    def _put(self, told: PreferencePair | FeedbackGiven) -> None:
        try:
            self._queue.put_nowait((self._clock(), told))
        except queue.Full:
            self._dropped += 1

    def _feed(self) -> None:
        more = True
        while more:
            batch = [self._queue.get()]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            more = None not in batch
            self._write([told for told in batch if told is not None])

    def _write(self, batch: list[Told]) -> None:
        if not batch:
            return
        try:
            lines = b"".join(orjson.dumps(self._row(at, told)) + b"\n" for at, told in batch)
            _append(self._descriptor, lines)
            self.written += len(batch)
            self._failing = False
        except Exception as error:  # noqa: BLE001 - a row that cannot be written is lost, the next may be
            self._lost += len(batch)
            if not self._failing:
                _log.error("the preference journal cannot be written (%s)", type(error).__name__)
            self._failing = True

    def _row(self, at: float, told: PreferencePair | FeedbackGiven) -> Row:
        return (
            self._rows.pair(at, told) if isinstance(told, PreferencePair) else self._rows.feedback(at, told)
        )


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LedgerError(f"{path}: another process writes this journal; set preferences.path") from None
    except OSError as error:
        raise LedgerError(f"{path}: cannot be opened ({error.strerror})") from None
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")
    return descriptor


def _append(descriptor: int, lines: bytes) -> None:
    size = os.fstat(descriptor).st_size
    try:
        view = memoryview(lines)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fdatasync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()[:32]}"
