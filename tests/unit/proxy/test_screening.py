"""The screening room measures everything once, in time or not at all, and never calls a gap a pass."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from classifiers.classification import Classification, ClassifierError, Conversation, InputKind, Origin, Turn
from policies.bundle import PolicyBundle
from policies.policy import Policy, Rule
from policies.rules import resolve
from policies.verdict import Action, Failure, Stage
from proxy.screening import ScreeningRoom, VerdictCache
from proxy.stores.memory import MemoryStore
from proxy.testing import POINTS, plain_bundle, plain_exchange

RULES = (
    Rule("in", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5, deadline_ms=60_000),
    Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange", deadline_ms=60_000),
)
BUNDLE = plain_bundle(resolve(Policy("p", "1", RULES, digest="p1"), POINTS))
FAST = (RULES[0], replace(RULES[0], id="fast", deadline_ms=20))
HASTY = plain_bundle(resolve(Policy("p", "1", FAST, digest="fast"), POINTS))
"""The same with a second rule that gives up after 20 ms: for guards that do not answer."""


@dataclass
class CountingClassifier:
    name: str = "input"
    kind: InputKind = "text"
    digest: str = "sha256:one"
    act: Callable[[str], None] = lambda _: None
    seen: list[tuple[str, str]] = field(default_factory=list)
    model: str = "counting@1"
    labels: tuple[str, ...] = ("harm",)
    thresholds: dict[str, dict[str, float]] = field(default_factory=dict)
    unsupported: str = ""

    def classify(self, text: str, request: str = "") -> Classification:
        self.seen.append((text, request))
        self.act(text)
        scores = {"harm": 0.9 if "bad" in text else 0.1}
        return Classification(self.model, self.digest, scores, unsupported=self.unsupported)


@asynccontextmanager
async def room(*classifiers: CountingClassifier, **options: int) -> AsyncIterator[ScreeningRoom]:
    made = ScreeningRoom({c.name: c for c in classifiers}, VerdictCache(), b"secret", **options)
    try:
        yield made
    finally:
        made.close()


def exchange(*texts: str, bundle: PolicyBundle = BUNDLE):
    turns = tuple(Turn("user", text, Origin.USER) for text in texts)
    return plain_exchange(bundle, conversation=Conversation(turns))


async def test_every_turn_is_read_and_old_turns_cost_nothing() -> None:
    classifier = CountingClassifier()
    async with room(classifier) as guard:
        first = await guard.screen_input(exchange("one", "bad two"), Stage.DURING_CALL)
        again = await guard.screen_input(exchange("one", "bad two", "three"), Stage.DURING_CALL)
    assert [r.classification.scores["harm"] for r in first.readings] == [0.1, 0.9]
    assert [r.index for r in again.readings] == [0, 1, 2]
    assert [text for text, _ in classifier.seen] == ["one", "bad two", "three"]


async def test_cached_input_answers_only_when_every_turn_is_known() -> None:
    async with room(CountingClassifier()) as guard:
        assert guard.cached_input(exchange("one"), Stage.DURING_CALL) is None
        await guard.screen_input(exchange("one"), Stage.DURING_CALL)
        found = guard.cached_input(exchange("one"), Stage.DURING_CALL)
        assert found is not None
        assert found.cached
        assert len(found.readings) == 1
        assert guard.cached_input(exchange("one", "two"), Stage.DURING_CALL) is None


async def test_a_new_model_digest_does_not_see_old_measurements() -> None:
    cache = VerdictCache()
    for digest in ("sha256:one", "sha256:two"):
        classifier = CountingClassifier(digest=digest)
        guard = ScreeningRoom({"input": classifier}, cache, b"secret")
        await guard.screen_input(exchange("one"), Stage.DURING_CALL)
        guard.close()
        assert len(classifier.seen) == 1


async def test_replies_are_judged_with_the_request_they_answer() -> None:
    classifier = CountingClassifier(name="exchange", kind="exchange")
    async with room(CountingClassifier(), classifier) as guard:
        await guard.screen_output(exchange("why?"), 0, "because")
        await guard.screen_output(exchange("who?"), 0, "because")
    assert classifier.seen == [("because", "why?"), ("because", "who?")]


async def test_a_slow_guard_is_a_timeout_and_not_a_pass() -> None:
    release = threading.Event()
    async with room(CountingClassifier(act=lambda _: release.wait(5) and None)) as guard:
        result = await guard.screen_input(exchange("one", bundle=HASTY), Stage.DURING_CALL)
        release.set()
    assert result.failure is Failure.TIMEOUT
    assert result.readings == ()


async def test_the_shortest_deadline_of_a_stage_counts() -> None:
    async with room(CountingClassifier()) as guard:
        assert guard._needed(HASTY.policy, Stage.DURING_CALL).deadline == 0.02


async def test_a_guard_that_raises_is_an_error_and_tells_nothing_of_the_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(text: str) -> None:
        raise ValueError(text)

    async with room(CountingClassifier(act=fail)) as guard:
        result = await guard.screen_input(exchange("my secret"), Stage.DURING_CALL)
    assert result.failure is Failure.ERROR
    assert "my secret" not in caplog.text


async def test_known_failures_of_classifiers_are_errors() -> None:
    def fail(_: str) -> None:
        raise ClassifierError("NaN")

    async with room(CountingClassifier(act=fail)) as guard:
        result = await guard.screen_input(exchange("one"), Stage.DURING_CALL)
    assert result.failure is Failure.ERROR


async def test_when_all_threads_and_the_queue_are_full_the_guard_says_so_at_once() -> None:
    release = threading.Event()
    async with room(CountingClassifier(act=lambda _: release.wait(5) and None), threads=1, queue=0) as guard:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(guard.screen_input(exchange("one", bundle=HASTY), Stage.DURING_CALL))
            for _ in range(1000):
                await asyncio.sleep(0)
                if guard.busy:
                    break
            second = group.create_task(guard.screen_input(exchange("two"), Stage.DURING_CALL))
        release.set()
    assert first.result().failure is Failure.TIMEOUT
    assert second.result().failure is Failure.OVERLOADED


async def test_an_abandoned_run_is_counted_busy_until_it_returns() -> None:
    release = threading.Event()
    async with room(CountingClassifier(act=lambda _: release.wait(5) and None)) as guard:
        await guard.screen_input(exchange("one", bundle=HASTY), Stage.DURING_CALL)
        assert guard.busy == 1
        release.set()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if guard.busy == 0:
                break
        assert guard.busy == 0


async def test_the_same_text_twice_in_a_conversation_is_read_once() -> None:
    classifier = CountingClassifier()
    async with room(classifier) as guard:
        result = await guard.screen_input(exchange("one", "one"), Stage.DURING_CALL)
    assert len(result.readings) == 2
    assert len(classifier.seen) == 1


async def test_the_same_text_at_the_same_time_is_read_once() -> None:
    release = threading.Event()
    classifier = CountingClassifier(act=lambda _: release.wait(5) and None)
    async with room(classifier, threads=2, queue=0) as guard, asyncio.TaskGroup() as group:
        asked = [group.create_task(guard.screen_input(exchange("one"), Stage.DURING_CALL)) for _ in range(50)]
        await asyncio.sleep(0.02)
        asked[0].cancel()
        release.set()
    assert all(task.result().failure is None for task in asked[1:])
    assert len(classifier.seen) == 1


def test_the_cache_is_bounded() -> None:
    cache = VerdictCache(entries=2)
    for key in (b"a", b"b", b"c"):
        cache.keep(key, Classification("m", "d", {}))
    assert cache.peek(b"a") is None
    assert cache.peek(b"c") is not None


class DictStore(MemoryStore):
    """A memory store that shows what it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, bytes] = {}

    async def get_many(self, keys):
        return [self.values.get(key) for key in keys]

    async def put_many(self, values, ttl_s):
        self.values.update(values)


async def test_measurements_are_shared_without_text_and_damaged_entries_are_measured_again() -> None:
    store = DictStore()
    for damaged in (False, False, True):
        classifier = CountingClassifier()
        guard = ScreeningRoom({"input": classifier}, VerdictCache(shared=store), b"secret")
        if damaged:
            store.values = dict.fromkeys(store.values, b'["m","d",{"harm":7.0},1,1.0,0.0,[],""]')
        result = await guard.screen_input(exchange("find me"), Stage.DURING_CALL)
        guard.close()
        assert result.readings[0].classification.scores["harm"] == 0.1
        seen = len(classifier.seen)
    assert seen == 1
    assert all(b"find me" not in value and "find" not in key for key, value in store.values.items())


async def test_a_shared_measurement_keeps_the_language_that_was_not_read() -> None:
    """Else a replica would take the low scores for harmless."""
    store, told = DictStore(), []
    for _ in range(2):
        classifier = CountingClassifier(unsupported="de")
        guard = ScreeningRoom({"input": classifier}, VerdictCache(shared=store), b"secret")
        result = await guard.screen_input(exchange("wie geht es"), Stage.DURING_CALL)
        guard.close()
        told.append((result.readings[0].classification.unsupported, len(classifier.seen)))
    assert told == [("de", 1), ("de", 0)]


async def test_a_full_cache_loses_no_reading_of_a_request_under_way() -> None:
    async with room(CountingClassifier()) as guard:
        guard.cache.entries = 1
        await guard.screen_input(exchange("one"), Stage.DURING_CALL)
        found = await guard.screen_input(exchange("one", "bad two", "three"), Stage.DURING_CALL)
    assert [reading.index for reading in found.readings] == [0, 1, 2]
    assert found.failure is None
