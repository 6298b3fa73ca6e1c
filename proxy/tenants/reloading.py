"""Reloading: a new snapshot takes the place of the one that serves, whole, or not at all.

Files are read and checked on a thread of its own, off the event loop. A snapshot that cannot be loaded
changes nothing: the last good one serves on. What is under way keeps the snapshot that it met.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from policies.digest import short
from policies.lattice import Lattice
from policies.policy import PolicyError
from proxy.settings import Settings
from proxy.tenants.loading import constitutions_of, policies_of
from proxy.tenants.snapshot import Snapshot
from proxy.tenants.visit import Tenants

_log = logging.getLogger("gatehouse.reload")
Result = Literal["swapped", "unchanged", "failed"]
RESULTS: tuple[Result, ...] = get_args(Result)
Print = tuple[tuple[str, int, int, int], ...]
"""What is seen of files without reading them: path, time of change, size, inode."""
_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of a reload. `before`, `after`: digests of the snapshot that served and that serves."""

    result: Result
    before: str
    after: str
    problems: tuple[str, ...] = ()


class Reloader:
    """Loads snapshots for `tenants`. All methods but `start` and `close` may run on any thread.

    `load`: reads the files; `look`: what is seen of them; `prepare`: told a new snapshot before it serves.
    """

    def __init__(
        self,
        tenants: Tenants,
        load: Callable[[], Snapshot],
        look: Callable[[Snapshot], Print],
        prepare: Callable[[Snapshot], None] = lambda _: None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.counts: dict[str, float] = dict.fromkeys(RESULTS, 0.0)
        self.ok = True
        self.last_good = wall()
        self._tenants = tenants
        self._load = load
        self._look = look
        self._prepare = prepare
        self._wall = wall
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._loaded = look(tenants.snapshot)

    def reload(self) -> Reloaded:
        """Load and swap now; returns when it is done."""
        with self._lock:
            before = self._tenants.snapshot
            self._loaded = self._look(before)
            try:
                fresh = self._load()
            except PolicyError as error:
                return self._failed(before, tuple(error.problems))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a file, the last good one serves
                return self._failed(before, (f"{type(error).__name__} while loading",))
            if fresh.digest == before.digest:
                return self._done("unchanged", before, before)
            self._prepare(fresh)
            self._tenants.snapshot = fresh
            self._loaded = self._look(fresh)
            return self._done("swapped", before, fresh)

    def ask(self) -> None:
        """Have the thread reload soon."""
        self._wake.set()

    def start(self, every: float) -> None:
        """Watch the files, with a look every so many seconds; 0: reload only when asked."""
        if self._thread is None:
            name = "gatehouse-reload"
            self._thread = threading.Thread(target=self._watch, args=(every,), name=name, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread; a reload under way ends first."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, every: float) -> None:
        seen = self._loaded
        while not self._ended.is_set():
            asked = self._wake.wait(every or None)
            self._wake.clear()
            if self._ended.is_set():
                return
            before, seen = seen, self._look(self._tenants.snapshot)
            # Two looks alike: whoever writes the files has come to an end.
            if asked or (seen != self._loaded and seen == before):
                self.reload()

    def _failed(self, before: Snapshot, problems: tuple[str, ...]) -> Reloaded:
        self.ok = False
        self.counts["failed"] += 1
        for problem in problems:
            _log.error("reload failed, %s serves on: %s", short(before.digest), problem)
        return Reloaded("failed", before.digest, before.digest, problems)

    def _done(self, result: Result, before: Snapshot, after: Snapshot) -> Reloaded:
        self.ok = True
        self.last_good = self._wall()
        self.counts[result] += 1
        _log.info("reload: %s, %s -> %s", result, short(before.digest), short(after.digest))
        return Reloaded(result, before.digest, after.digest)


def look_at(settings: Settings, lattice: Lattice) -> Print:
    """What is seen of every file that a snapshot may come from."""
    found = set(_files(settings, lattice))
    return tuple(sorted(seen for path in found if (seen := _seen(path)) is not None))


def _files(settings: Settings, lattice: Lattice) -> Iterator[Path]:
    named = (*policies_of(lattice, [settings.candidate_policy]), *constitutions_of(lattice))
    paths = [Path(name).expanduser() for name in named if "/" in name or name.endswith(_SUFFIXES)]
    library = [] if settings.policies_dir is None else [settings.policies_dir]
    for folder in (*library, *(path.parent for path in paths)):
        for suffix in _SUFFIXES:
            yield from (*folder.glob(f"*{suffix}"), *folder.glob(f"*/*{suffix}"))
    if settings.tenants.file is not None:
        yield settings.tenants.file


def _seen(path: Path) -> tuple[str, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino
