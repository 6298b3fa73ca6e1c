"""Metrics: every event moves its families, and the page is one that Prometheus accepts."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import get_args

import pytest

from policies.verdict import ALLOWED, Action, Failure, Stage, Verdict
from proxy.exchange import events
from proxy.exchange.coverage import Coverage
from proxy.exchange.events import (
    CandidateJudged,
    CritiqueRound,
    ExchangeOpened,
    FeedbackGiven,
    GuardFailed,
    LedgerEvent,
    RefusalSeen,
    ReplyReplaced,
    RequestRejected,
    VerdictGiven,
)
from proxy.exchange.exchange import ReplyOrigin, Usage
from proxy.metric_families import SERIES, Vocabulary
from proxy.metrics import Metrics
from tests.kits.ledger_events import an_exchange_closed

BLOCKED = Verdict(Action.BLOCK, Action.BLOCK, category="jailbreak", rule="r")
SAMPLE: list[LedgerEvent] = [
    VerdictGiven("x", Stage.DURING_CALL, BLOCKED, 0.004, scores={"jailbreak": 0.97}, windows=5, deep=2),
    GuardFailed("x", Stage.POST_CALL, Failure.TIMEOUT, "open"),
    RefusalSeen("x", "model", "refuse", "", suspected=True),
    CritiqueRound(
        *("x", "revised", 1.5, 2, 1, Usage(10, 20), Usage(30, 40, 5)),
        critic="model",
        delivered="revision",
        critiques=1,
        unreadable=1,
        canary="seen",
    ),
    CritiqueRound("x", "kept", 9.0, 0, 0, Usage(100), trigger="sample", canary="missed"),
    ReplyReplaced("x", 0, ReplyOrigin.REVISED, "harm"),
    an_exchange_closed(
        "x",
        uncovered=("image",),
        output_uncovered=("audio",),
        input_text=Coverage(100, 90, {"too_long": 10}),
        output_screened=False,
        output_unsupported=("ru",),
        lane="deliberate",
    ),
    ExchangeOpened("x", "chat_completions", "default", "default", "sha256:0", stream=False, started=0.0),
    RequestRejected("chat_completions", 413, "payload_too_large"),
    FeedbackGiven("x", "default", "wrong_block", 0.0),
    CandidateJudged("x", "next@2", "sha256:0", "same", "", "", Action.ALLOW, Action.ALLOW),
]
MOVES = {
    'gatehouse_reviews_total{critic="model",delivered="revision",trigger="score"}': 1,
    'gatehouse_reviews_total{critic="upstream",delivered="draft",trigger="sample"}': 1,
    'gatehouse_critiques_total{result="read"}': 1,
    'gatehouse_critiques_total{result="unreadable"}': 1,
    'gatehouse_critique_canaries_total{result="seen"}': 1,
    'gatehouse_critique_canaries_total{result="missed"}': 1,
    'gatehouse_lanes_total{lane="deliberate",policy="default"}': 1,
    'gatehouse_lane_duration_seconds_count{lane="deliberate"}': 1,
    'gatehouse_lane_tokens_total{lane="deliberate",purpose="client"}': 30,
    'gatehouse_lane_tokens_total{lane="deliberate",purpose="critique"}': 30,
    'gatehouse_lane_tokens_total{lane="deliberate",purpose="revision"}': 70,
    'gatehouse_lane_tokens_total{lane="pass",purpose="critique"}': 100,
    'gatehouse_verdicts_total{action="block",category="jailbreak",policy="default",stage="during_call"}': 1,
    'gatehouse_blocks_total{category="jailbreak",stage="during_call"}': 1,
    'gatehouse_verdict_cache_total{result="miss"}': 1,
    'gatehouse_screened_windows_total{by="first"}': 3,
    'gatehouse_screened_windows_total{by="network"}': 2,
    'gatehouse_stage_duration_seconds_count{stage="during_call"}': 1,
    'gatehouse_classifier_score_bucket{label="jailbreak",le="0.95"}': 0,
    'gatehouse_classifier_score_bucket{label="jailbreak",le="0.99"}': 1,
    'gatehouse_guard_failures_total{failure="timeout",mode="open",stage="post_call"}': 1,
    'gatehouse_refusals_total{kind="refuse",origin="model"}': 1,
    'gatehouse_suspected_over_refusals_total{origin="model"}': 1,
    'gatehouse_revisions_total{outcome="revised"}': 1,
    'gatehouse_critique_findings_total{result="held"}': 2,
    'gatehouse_critique_findings_total{result="void"}': 1,
    'gatehouse_stage_duration_seconds_count{stage="review"}': 1,
    'gatehouse_tokens_total{purpose="critique",type="completion"}': 20,
    'gatehouse_tokens_total{purpose="revision",type="cached"}': 5,
    'gatehouse_tokens_total{purpose="client",type="prompt"}': 10,
    'gatehouse_tokens_total{purpose="constitution",type="prompt"}': 300,
    'gatehouse_replies_replaced_total{late="false",origin="revised"}': 1,
    'gatehouse_requests_total{status="200",streaming="false",surface="chat_completions"}': 1,
    'gatehouse_requests_total{status="413",streaming="false",surface="chat_completions"}': 1,
    'gatehouse_exchanges_total{outcome="completed",policy="default"}': 1,
    'gatehouse_request_duration_seconds_count{streaming="false",surface="chat_completions"}': 1,
    'gatehouse_upstream_duration_seconds_count{streaming="false",surface="chat_completions"}': 1,
    'gatehouse_overhead_seconds_count{streaming="false",surface="chat_completions"}': 1,
    'gatehouse_time_to_first_byte_seconds_count{streaming="false",surface="chat_completions"}': 1,
    'gatehouse_uncovered_parts_total{kind="image",side="input"}': 1,
    'gatehouse_text_characters_total{result="judged",side="input"}': 90,
    'gatehouse_text_characters_total{result="too_long",side="input"}': 10,
    'gatehouse_uncovered_parts_total{kind="audio",side="output"}': 1,
    "gatehouse_partly_read_exchanges_total": 1,
    'gatehouse_unsupported_languages_total{language="ru",side="output"}': 1,
    'gatehouse_unsupported_languages_total{language="ru",side="input"}': 0,
    'gatehouse_unscreened_exchanges_total{side="output"}': 1,
    'gatehouse_unscreened_exchanges_total{side="input"}': 0,
    'gatehouse_rejected_total{code="payload_too_large"}': 1,
    'gatehouse_feedback_total{kind="wrong_block"}': 1,
    'gatehouse_candidate_exchanges_total{result="same",rule="none"}': 1,
    'gatehouse_candidate_exchanges_total{result="newly_blocked",rule="none"}': 0,
}


def page(metrics: Metrics) -> dict[str, float]:
    """Sample to value of the page."""
    lines = metrics.exposition("")[0].decode().splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


@pytest.fixture(scope="module")
def told() -> dict[str, float]:
    """The page after one event of every kind."""
    metrics = Metrics()
    for event in SAMPLE:
        metrics.tell(event)
    return page(metrics)


@pytest.mark.parametrize("sample", MOVES)
def test_an_event_moves_its_families(told: dict[str, float], sample: str) -> None:
    """Each family counts what it says, and nothing twice."""
    assert told[sample] == MOVES[sample]


def test_every_kind_of_event_is_heard() -> None:
    """There is no event that metrics fail on."""
    assert {type(event) for event in SAMPLE} == set(get_args(events.LedgerEvent))


def test_a_monitored_block_is_counted_apart() -> None:
    """What monitored rules would have done is visible, and not counted as done."""
    metrics = Metrics()
    metrics.tell(VerdictGiven("x", Stage.DURING_CALL, Verdict(would=Action.BLOCK, category="harm"), 0.001))
    found = page(metrics)
    assert found['gatehouse_monitored_verdicts_total{category="harm",stage="during_call",would="block"}'] == 1
    assert found['gatehouse_blocks_total{category="harm",stage="during_call"}'] == 0


def test_cached_scores_are_not_measured_again() -> None:
    """The score distribution is one of measurements, not of requests."""
    metrics = Metrics()
    metrics.tell(VerdictGiven("x", Stage.DURING_CALL, ALLOWED, 0.001, cached=True, scores={"harm": 0.5}))
    assert page(metrics)['gatehouse_classifier_score_count{label="harm"}'] == 0


def test_names_from_outside_make_no_new_series() -> None:
    """A hundred invented surfaces, policies and codes share one series each."""
    metrics = Metrics()
    metrics.tell(an_exchange_closed("x", surface="warm-up", policy="warm-up"))
    metrics.tell(RequestRejected("warm-up", 999, "warm-up"))
    before = len(page(metrics))
    for number in range(100):
        metrics.tell(an_exchange_closed("x", surface=f"s{number}", policy=f"p{number}"))
        metrics.tell(RequestRejected(f"s{number}", 600 + number, f"c{number}"))
    assert len(page(metrics)) == before


@pytest.mark.parametrize("policy", ["default", "default@1.0", "default@2.0"])
def test_a_policy_is_counted_by_its_name(policy: str) -> None:
    """A new version goes on in the same series; which version serves is in the build info."""
    metrics = Metrics()
    metrics.tell(VerdictGiven("x", Stage.DURING_CALL, BLOCKED, 0.001, policy=policy))
    metrics.tell(an_exchange_closed("x", policy=policy))
    found = page(metrics)
    assert found['gatehouse_exchanges_total{outcome="completed",policy="default"}'] == 1
    verdicts = 'action="block",category="jailbreak",policy="default",stage="during_call"'
    assert found[f"gatehouse_verdicts_total{{{verdicts}}}"] == 1


def test_where_the_model_said_nothing_there_was_nothing_to_screen() -> None:
    """A blocked request has no output; that is not a hole in the guard."""
    metrics = Metrics()
    metrics.tell(an_exchange_closed("x", reply=ReplyOrigin.CANNED, output_screened=False))
    assert page(metrics)['gatehouse_unscreened_exchanges_total{side="output"}'] == 0
    metrics.tell(an_exchange_closed("x", output_screened=False))
    assert page(metrics)['gatehouse_unscreened_exchanges_total{side="output"}'] == 1


def test_watched_families_are_asked_at_every_scrape() -> None:
    """Gauges follow their source; a family nobody feeds is 0; an unknown one is a mistake."""
    metrics = Metrics()
    values = iter([1.0, 2.0])
    metrics.watch("gatehouse_inflight_exchanges", lambda: next(values))
    metrics.watch("gatehouse_store_faults_total", lambda: {"timeout": 3.0})
    assert page(metrics)["gatehouse_inflight_exchanges"] == 1
    found = page(metrics)
    assert found["gatehouse_inflight_exchanges"] == 2
    assert found['gatehouse_store_faults_total{reason="timeout"}'] == 3
    assert found["gatehouse_guard_queue_depth"] == 0
    with pytest.raises(KeyError):
        metrics.watch("gatehouse_nonsense", lambda: 0.0)


def test_the_build_is_described_by_labels() -> None:
    """One series of value 1 says what is running; telling it again replaces it."""
    metrics = Metrics()
    metrics.describe_build(version="1", policy="old")
    metrics.describe_build(version="1", policy="new")
    found = [name for name in page(metrics) if name.startswith("gatehouse_build_info")]
    assert len(found) == 1
    assert 'policy="new"' in found[0]


def test_series_of_policies_that_a_reload_brings_start_at_zero_within_the_budget() -> None:
    """A rate sees their first event; where they do not fit, they appear with it."""
    metrics = Metrics()
    metrics.learn(Vocabulary(policies=("default", "ours"), rules=("mine",)))
    shown = page(metrics)
    assert shown['gatehouse_exchanges_total{outcome="completed",policy="ours"}'] == 0.0
    assert shown['gatehouse_lanes_total{lane="pass",policy="ours"}'] == 0.0
    assert any(name.startswith("gatehouse_verdicts_total") and 'policy="ours"' in name for name in shown)
    many = tuple(f"p{number}" for number in range(200))
    metrics.learn(Vocabulary(policies=("default", *many)))
    assert len(page(metrics)) < SERIES
    metrics.tell(an_exchange_closed("x", policy="p7@1"))
    assert page(metrics)['gatehouse_exchanges_total{outcome="completed",policy="p7"}'] == 1.0


def test_retries_of_clients_are_counted() -> None:
    """A storm of repetitions shows."""
    metrics = Metrics()
    metrics.client_retried()
    assert page(metrics)["gatehouse_client_retries_total"] == 1


def test_two_applications_count_apart() -> None:
    """Nothing is shared between two apps of a process."""
    one, other = Metrics(), Metrics()
    one.client_retried()
    assert page(other)["gatehouse_client_retries_total"] == 0


def test_the_page_comes_in_the_format_that_is_asked_for() -> None:
    """Text by default, OpenMetrics with its end mark where the scraper prefers it."""
    metrics = Metrics()
    plain, plain_type = metrics.exposition("")
    modern, modern_type = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert plain_type.startswith("text/plain")
    assert modern_type.startswith("application/openmetrics-text")
    assert modern.endswith(b"# EOF\n")
    assert b"_created" not in plain + modern


def test_no_ratio_is_exported(told: dict[str, float]) -> None:
    """Rates are made where their n is at hand."""
    assert not [name for name in told if re.search(r"_(ratio|rate|share)(_|$)", name.partition("{")[0])]


def test_promtool_accepts_the_page() -> None:
    """Names, types and help are as Prometheus' own checker wants them."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    metrics = Metrics()
    for event in SAMPLE:
        metrics.tell(event)
    metrics.describe_build(version="1")
    ours = b"".join(
        line for line in metrics.exposition("")[0].splitlines(keepends=True) if b"gatehouse_" in line
    )
    checked = subprocess.run([promtool, "check", "metrics"], input=ours, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr.decode(), checked.stdout.decode()) == (0, "", "")
