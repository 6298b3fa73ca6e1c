"""Metrics: a ledger listener that counts, and the only importer of prometheus_client.

Every label is a closed set: an enumeration of this house, or names from the settings; anything else
counts as `other`. Series exist from the start with value 0, so that `rate()` sees the first event. No
ratio is exported: rates are made from counters, where their n is at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from policies.verdict import Action
from proxy.exchange.coverage import Coverage
from proxy.exchange.events import (
    CandidateJudged,
    CritiqueRound,
    ExchangeClosed,
    ExchangeOpened,
    FeedbackGiven,
    GuardFailed,
    LedgerEvent,
    RefusalSeen,
    ReplyReplaced,
    RequestRejected,
    TokenPurpose,
    VerdictGiven,
)
from proxy.exchange.exchange import ReplyOrigin, Usage
from proxy.metric_families import NONE, SERIES, Vocabulary, make_clocks, make_counters
from proxy.tallies import Distribution, Tally
from proxy.watched_families import BUILD, BUILD_ABOUT, BUILD_LABELS, WATCHED, watched_series

_MODEL_REPLIES = (ReplyOrigin.UPSTREAM, ReplyOrigin.REVISED)
Reading = Callable[[], float | Mapping[str, float]]


class Metrics:
    """All families of one app, in a registry of its own.

    `tell` is a ledger listener and runs on the event loop. `exposition` may run on any thread.
    """

    def __init__(
        self, registry: CollectorRegistry | None = None, vocabulary: Vocabulary | None = None
    ) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        words = vocabulary if vocabulary is not None else Vocabulary()
        self._counters = make_counters(words)
        self._clocks = make_clocks(words)
        self._default_policy = words.policies[0]
        self._watched: dict[str, Reading] = {}
        self._build: dict[str, str] = {}
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(
            _Families(self._counters.all(), self._clocks.all(), self._watched, self._build)
        )
        self._hear: dict[type, Callable[[Any], None]] = {
            VerdictGiven: self._verdict_given,
            GuardFailed: self._guard_failed,
            RefusalSeen: self._refusal_seen,
            CritiqueRound: self._critique_round,
            ReplyReplaced: self._reply_replaced,
            ExchangeClosed: self._exchange_closed,
            ExchangeOpened: _ignore,
            RequestRejected: self._request_rejected,
            FeedbackGiven: self._feedback_given,
            CandidateJudged: self._candidate_judged,
        }

    def tell(self, event: LedgerEvent) -> None:
        """Count one event."""
        self._hear[type(event)](event)

    def client_retried(self) -> None:
        """A client said that this request is a repetition (`x-stainless-retry-count`)."""
        self._counters.client_retries.add(())

    def describe_build(self, **labels: str) -> None:
        """State version, policy, constitution, their digests, models and the snapshot's digest."""
        self._build.update({name: labels.get(name, "") for name in BUILD_LABELS})

    def learn(self, words: Vocabulary) -> None:
        """Take names as they are that a reload brought; the counts so far stay. On any thread.

        New series start at 0 where there can still be no more than `SERIES` in all.
        """
        counters = self._counters.all()
        room = SERIES - watched_series() - sum(clock.most_series() for clock in self._clocks.all())
        for tally, fresh in zip(counters, make_counters(words).all(), strict=True):
            tally.widen(fresh, room - sum(each.series() for each in counters))
        self._default_policy = words.policies[0]

    def watch(self, family: str, read: Reading) -> None:
        """Ask `read` for the value of a watched family at every scrape (see `WATCHED`).

        `read` gives a number, or numbers by the value of the family's label; it may run on any thread.
        """
        if family not in {known.name for known in WATCHED}:
            raise KeyError(family)
        self._watched[family] = read

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """The page and its content type, in the format the scraper asks for."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self.registry), content_type

    def _verdict_given(self, event: VerdictGiven) -> None:
        verdict, counters = event.verdict, self._counters
        category = verdict.category or NONE
        policy = event.policy.partition("@")[0] or self._default_policy
        counters.verdicts.add((event.stage, verdict.action, category, policy))
        if verdict.would is not verdict.action:
            counters.monitored.add((event.stage, verdict.would, category))
        if verdict.action is Action.BLOCK:
            counters.blocks.add((category, event.stage))
        counters.cache.add(("hit" if event.cached else "miss",))
        self._clocks.stages.observe((event.stage,), event.seconds)
        if not event.cached:
            counters.windows.add(("network",), event.deep)
            counters.windows.add(("first",), event.windows - event.deep)
            scores = self._clocks.scores
            for label, score in event.scores.items():
                scores.observe((label,), score)

    def _guard_failed(self, event: GuardFailed) -> None:
        self._counters.guard_failures.add((event.stage, event.failure, event.mode))

    def _refusal_seen(self, event: RefusalSeen) -> None:
        self._counters.refusals.add((event.origin, event.kind))
        if event.suspected:
            self._counters.suspected.add((event.origin,))

    def _critique_round(self, event: CritiqueRound) -> None:
        counters, by_lot = self._counters, event.trigger == "sample"
        counters.reviews.add((event.trigger, event.critic, event.delivered))
        if not by_lot:
            counters.revisions.add((event.outcome,))
            self._clocks.stages.observe(("review",), event.seconds)
        counters.critiques.add(("read",), event.critiques)
        counters.critiques.add(("unreadable",), event.unreadable)
        if event.canary != "none":
            counters.canaries.add((event.canary,))
        lane = "pass" if by_lot else "deliberate"
        counters.lane_tokens.add((lane, "critique"), _all_tokens(event.critique_usage))
        counters.lane_tokens.add((lane, "revision"), _all_tokens(event.revision_usage))
        self._count_usage("critique", event.critique_usage)
        self._count_usage("revision", event.revision_usage)
        findings = counters.findings
        findings.add(("held",), event.findings)
        findings.add(("void",), event.void_findings)

    def _reply_replaced(self, event: ReplyReplaced) -> None:
        self._counters.replaced.add((event.origin, event.late))

    def _exchange_closed(self, event: ExchangeClosed) -> None:
        counters, clocks = self._counters, self._clocks
        key, policy = (event.surface, event.stream), event.policy.partition("@")[0]
        counters.requests.add((event.surface, event.stream, event.status))
        counters.exchanges.add((event.outcome, policy))
        clocks.requests.observe(key, event.total_seconds)
        clocks.overhead.observe(key, event.overhead_seconds)
        if event.upstream_seconds:
            clocks.upstream.observe(key, event.upstream_seconds)
        if event.first_byte_seconds is not None:
            clocks.first_byte.observe(key, event.first_byte_seconds)
        if event.lane:
            counters.lanes.add((event.lane, policy))
            clocks.lanes.observe((event.lane,), event.total_seconds)
            counters.lane_tokens.add((event.lane, "client"), _all_tokens(event.usage))
        self._count_unread(event)
        if event.usage is not None:
            self._count_usage("client", event.usage)
            if event.constitution_tokens:
                counters.tokens.add(("constitution", "prompt"), event.constitution_tokens)

    def _count_unread(self, event: ExchangeClosed) -> None:
        counters = self._counters
        if event.uncovered or event.output_uncovered:
            counters.partly_read.add(())
        for kind in event.uncovered:
            counters.uncovered.add(("input", kind))
        for kind in event.output_uncovered:
            counters.uncovered.add(("output", kind))
        if event.withheld:
            counters.withheld.add((), event.withheld)
        self._count_text("input", event.input_text)
        self._count_text("output", event.output_text)
        for language in event.input_unsupported:
            counters.unsupported.add(("input", language))
        for language in event.output_unsupported:
            counters.unsupported.add(("output", language))
        if not event.input_screened:
            counters.unscreened.add(("input",))
        if not event.output_screened and event.reply in _MODEL_REPLIES:
            counters.unscreened.add(("output",))

    def _count_text(self, side: str, text: Coverage) -> None:
        if text.judged:
            self._counters.characters.add((side, "judged"), text.judged)
        for reason, characters in text.unread.items():
            self._counters.characters.add((side, reason), characters)

    def _request_rejected(self, event: RequestRejected) -> None:
        self._counters.rejected.add((event.code,))
        self._counters.requests.add((event.surface, False, event.status))

    def _feedback_given(self, event: FeedbackGiven) -> None:
        self._counters.feedback.add((event.kind,))

    def _candidate_judged(self, event: CandidateJudged) -> None:
        self._counters.candidates.add((event.result, event.rule or NONE))

    def _count_usage(self, purpose: TokenPurpose, usage: Usage) -> None:
        tokens = self._counters.tokens
        if usage.prompt_tokens:
            tokens.add((purpose, "prompt"), usage.prompt_tokens)
        if usage.completion_tokens:
            tokens.add((purpose, "completion"), usage.completion_tokens)
        if usage.cached_tokens:
            tokens.add((purpose, "cached"), usage.cached_tokens)


class _Families(Collector):
    """Everything above, as prometheus_client wants to have it."""

    def __init__(
        self,
        tallies: list[Tally],
        distributions: list[Distribution],
        watched: Mapping[str, Reading],
        build: Mapping[str, str],
    ) -> None:
        self._tallies = tallies
        self._distributions = distributions
        self._watched = watched
        self._build = build

    def collect(self) -> Iterator[Metric]:
        """All families with their samples."""
        for tally in self._tallies:
            counter = CounterMetricFamily(tally.name, tally.about, labels=tally.labels)
            for labels, count in tally.samples():
                counter.add_metric(labels, count)
            yield counter
        for distribution in self._distributions:
            histogram = HistogramMetricFamily(
                distribution.name, distribution.about, labels=distribution.labels
            )
            for labels, buckets, total in distribution.samples():
                histogram.add_metric(labels, buckets, total)
            yield histogram
        yield from self._asked()
        info = GaugeMetricFamily(BUILD, BUILD_ABOUT, labels=BUILD_LABELS)
        if self._build:
            info.add_metric([self._build[name] for name in BUILD_LABELS], 1)
        yield info

    def _asked(self) -> Iterator[Metric]:
        for family in WATCHED:
            read = self._watched.get(family.name)
            found = read() if read is not None else 0.0
            made = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            metric = made(family.name, family.about, labels=[family.label] if family.label else [])
            for value in family.values or ("",):
                amount = found.get(value, 0.0) if isinstance(found, Mapping) else found
                metric.add_metric([value] if family.label else [], amount)
            yield metric


def _all_tokens(usage: Usage | None) -> int:
    return usage.total if usage is not None else 0


def _ignore(_: LedgerEvent) -> None:
    """Nothing to count."""
