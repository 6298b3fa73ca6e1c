"""The screening room: runs classifiers off the event loop, bounded, with a deadline and a cache.

A measurement is cached by a keyed digest of the text and the model's own digest, so the old turns of
a conversation cost one look-up each. Threads are few and each run uses one of them: batching gains
nothing on a CPU. A run that is given up at its deadline is told to stop before its next window; its
thread counts as busy until it returns, and when all are busy and the queue is full the guard says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import orjson

from classifiers import registry
from classifiers.classification import Classification, Classifier, ClassifierError, Origin
from policies import rules
from policies.policy import Policy
from policies.verdict import Failure, Reading, Stage
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import Screening
from proxy.stores import Store

_log = logging.getLogger("gatehouse.screening")


@dataclass(frozen=True, slots=True)
class _Job:
    """One text for one classifier. `key` is the cache key (16 bytes)."""

    name: str
    classifier: Classifier
    text: str
    request: str
    origin: Origin
    index: int
    key: bytes


@dataclass(frozen=True, slots=True)
class _Needed:
    """What a stage of a policy runs, and how long it may take (seconds)."""

    classifiers: tuple[str, ...]
    deadline: float


@dataclass(slots=True)
class _Flight:
    """A measurement under way and those who wait for it."""

    waiters: list[asyncio.Future[Classification]] = field(default_factory=list)
    given_up: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class VerdictCache:
    """Measurements by digest: a bounded dict here, and a shared store behind it where there is one."""

    entries: int = 20_000
    shared: Store | None = None
    ttl_seconds: int = 3600
    _held: OrderedDict[bytes, Classification] = field(default_factory=OrderedDict)

    def peek(self, key: bytes) -> Classification | None:
        """The measurement if this process holds it."""
        return self._held.get(key)

    def keep(self, key: bytes, classification: Classification) -> None:
        """Hold a measurement, dropping the oldest when full."""
        self._held[key] = classification
        if len(self._held) > self.entries:
            self._held.popitem(last=False)

    async def fetch(self, keys: Sequence[bytes]) -> dict[bytes, Classification]:
        """What the shared store knows of these keys (nothing when it is down)."""
        if self.shared is None or not keys:
            return {}
        values = await self.shared.get_many([_shared_key(key) for key in keys])
        found = {key: _decode(value) for key, value in zip(keys, values, strict=True) if value is not None}
        known = {key: value for key, value in found.items() if value is not None}
        for key, value in known.items():
            self.keep(key, value)
        return known

    async def share(self, fresh: Mapping[bytes, Classification]) -> None:
        """Offer new measurements to the shared store."""
        if self.shared is None:
            return
        if fresh:
            values = {_shared_key(key): _encode(value) for key, value in fresh.items()}
            await self.shared.put_many(values, self.ttl_seconds)


class ScreeningRoom:
    """Implements the `Screener` port.

    `classifiers`: by the names that policies use. `secret`: key of the text digests (bytes); replicas
    that share a store share it. `threads`: concurrent runs; `queue`: runs that may wait beside them.
    """

    def __init__(
        self,
        classifiers: Mapping[str, Classifier],
        cache: VerdictCache,
        secret: bytes,
        threads: int = 2,
        queue: int = 64,
    ) -> None:
        self.cache = cache
        self.busy = 0
        self._classifiers = dict(classifiers)
        self._limit = threads + queue
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="gatehouse-guard")
        self._hashers = {
            name: hashlib.blake2b(classifier.digest.encode(), key=secret[:64], digest_size=16)
            for name, classifier in self._classifiers.items()
        }
        self._needs: dict[tuple[str, Stage], _Needed] = {}
        self._flights: dict[bytes, _Flight] = {}

    def close(self) -> None:
        """Stop taking runs; those under way end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def cached_input(self, exchange: Exchange, stage: Stage) -> Screening | None:
        """See `ports.Screener`."""
        needed = self._needed(exchange.bundle.policy, stage)
        readings: list[Reading] = []
        for name in needed.classifiers:
            for index, turn in enumerate(exchange.conversation.turns):
                if turn.text:
                    known = self.cache.peek(self._key(name, turn.text, ""))
                    if known is None:
                        return None
                    readings.append(Reading(name, turn.origin, known, index))
        return Screening(tuple(readings), cached=True)

    async def screen_input(self, exchange: Exchange, stage: Stage) -> Screening:
        """See `ports.Screener`."""
        needed = self._needed(exchange.bundle.policy, stage)
        jobs = [
            self._job(name, turn.text, "", turn.origin, index)
            for name in needed.classifiers
            for index, turn in enumerate(exchange.conversation.turns)
            if turn.text
        ]
        return await self._screen(jobs, needed.deadline)

    async def screen_output(self, exchange: Exchange, choice: int, text: str) -> Screening:
        """See `ports.Screener`."""
        if not text:
            return Screening()
        request = exchange.conversation.last_user_text()
        needed = self._needed(exchange.bundle.policy, Stage.POST_CALL)
        readings: list[Reading] = []
        for name in needed.classifiers:
            known = self.cache.peek(self._key(name, text, request))
            if known is None:
                break
            readings.append(Reading(name, Origin.MODEL, known, choice))
        else:
            return Screening(tuple(readings), cached=True)
        jobs = [self._job(name, text, request, Origin.MODEL, choice) for name in needed.classifiers]
        return await self._screen(jobs, needed.deadline)

    def _key(self, name: str, text: str, request: str) -> bytes:
        hasher = self._hashers[name].copy()
        hasher.update(text.encode("utf-8", "surrogatepass"))
        if request:
            hasher.update(b"\0request\0" + request.encode("utf-8", "surrogatepass"))
        return hasher.digest()

    def _job(self, name: str, text: str, request: str, origin: Origin, index: int) -> _Job:
        key = self._key(name, text, request)
        return _Job(name, self._classifiers[name], text, request, origin, index, key)

    async def _screen(self, jobs: Sequence[_Job], deadline: float) -> Screening:
        known = {job.key: held for job in jobs if (held := self.cache.peek(job.key)) is not None}
        missing = [job for job in jobs if job.key not in known]
        failure = await self._measure(missing, deadline, known) if missing else None
        readings = tuple(
            Reading(job.name, job.origin, known[job.key], job.index) for job in jobs if job.key in known
        )
        return Screening(readings, failure, cached=not missing)

    async def _measure(
        self, missing: Sequence[_Job], deadline: float, known: dict[bytes, Classification]
    ) -> Failure | None:
        """Put what is missing into `known`, which the cache may have dropped again by the time it is read."""
        try:
            async with asyncio.timeout(deadline):
                known |= await self.cache.fetch([job.key for job in missing])
                fresh = await self._run(missing, known)
                await self.cache.share(fresh)
        except TimeoutError:
            return Failure.TIMEOUT
        except _Overloaded:
            return Failure.OVERLOADED
        except ClassifierError as error:
            _log.warning("classifier failed: %s", error)
            return Failure.ERROR
        return None

    async def _run(
        self, jobs: Sequence[_Job], known: dict[bytes, Classification]
    ) -> dict[bytes, Classification]:
        fresh: dict[bytes, Classification] = {}
        for job in jobs:
            if job.key not in known:
                fresh[job.key] = known[job.key] = found = await self._measured(job)
                self.cache.keep(job.key, found)
        return fresh

    async def _measured(self, job: _Job) -> Classification:
        """One measurement for all who wait for the same one; given up when the last of them goes."""
        flight = self._flights.get(job.key) or self._launch(job)
        waiter: asyncio.Future[Classification] = asyncio.get_running_loop().create_future()
        flight.waiters.append(waiter)
        try:
            return await waiter
        finally:
            flight.waiters.remove(waiter)
            if not flight.waiters:
                flight.given_up.set()
                self._flights.pop(job.key, None)

    def _launch(self, job: _Job) -> _Flight:
        if self.busy >= self._limit:
            raise _Overloaded
        self.busy += 1
        flight = self._flights[job.key] = _Flight()
        loop = asyncio.get_running_loop()
        running = self._pool.submit(_classify, job, flight.given_up)

        def land(ended: Future[Classification]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._landed, flight, ended)

        running.add_done_callback(land)
        return flight

    def _landed(self, flight: _Flight, ended: Future[Classification]) -> None:
        self.busy -= 1
        for waiter in flight.waiters:
            if waiter.done():
                continue
            if ended.cancelled():
                waiter.cancel()
            elif (error := ended.exception()) is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(ended.result())

    def _needed(self, policy: Policy, stage: Stage) -> _Needed:
        key = (policy.digest, stage)
        found = self._needs.get(key)
        if found is None:
            found = self._needs[key] = self._find_needed(policy, stage)
        return found

    def _find_needed(self, policy: Policy, stage: Stage) -> _Needed:
        names = dict.fromkeys(rules.needs(policy, stage))
        if stage is Stage.POST_CALL:
            # Classifiers of exchanges read every reply: refusals are counted under any policy.
            names |= dict.fromkeys(n for n, each in self._classifiers.items() if each.kind == "exchange")
        mine = [rule.deadline_ms for rule in policy.rules if rule.stage is stage and rule.mode != "off"]
        return _Needed(tuple(names), min(mine, default=DEFAULT_DEADLINE_MS) / 1000)


DEFAULT_DEADLINE_MS = 5000
"""Deadline of guards that run for the counts alone, where no rule states one."""


class _Overloaded(Exception):
    pass


def _classify(job: _Job, given_up: threading.Event) -> Classification:
    try:
        return registry.measure(job.classifier, job.text, job.request, given_up.is_set)
    except ClassifierError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a classifier raises is a failed guard
        raise ClassifierError(f"{job.name}: {type(error).__name__}") from None


def _shared_key(key: bytes) -> str:
    return "verdict:" + key.hex()


def _encode(value: Classification) -> bytes:
    return orjson.dumps(
        [
            *(value.model, value.digest, dict(value.scores)),
            *(value.windows, value.deep, value.coverage, value.unknown, list(value.hidden)),
            value.unsupported,
        ]
    )


def _decode(value: bytes) -> Classification | None:
    """A stored measurement, or None where it does not read as one (a foreign or damaged entry)."""
    try:
        model, digest, scores, windows, deep, coverage, unknown, hidden, unsupported = orjson.loads(value)
        if not all(isinstance(score, float) and 0.0 <= score <= 1.0 for score in scores.values()):
            return None
        return Classification(
            *(str(model), str(digest), scores, int(windows), int(deep), float(coverage)),
            unknown=float(unknown),
            hidden=tuple(map(str, hidden)),
            unsupported=str(unsupported),
        )
    except (ValueError, TypeError, AttributeError):
        return None
