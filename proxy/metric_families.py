"""What is counted and measured: the families of metrics, their words and their buckets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import get_args

from classifiers.language import LANGUAGES
from policies.bundle import PolicyBundle
from policies.candidate import CANDIDATE_RESULTS
from policies.categories import CATEGORIES, HAZARDS
from policies.verdict import Action, Failure, Stage
from proxy.exchange.coverage import REASONS
from proxy.exchange.events import (
    FeedbackKind,
    GuardMode,
    Outcome,
    RefusalClass,
    RefusalOrigin,
    TokenPurpose,
)
from proxy.review_families import LANES, review_tallies
from proxy.tallies import Distribution, Tally

NONE = "none"
SERIES = 5_000
"""Most series that the shipped policies can ever make, and that a reload fills up to."""
POLICY_WORDS = ("media", "on_uncovered", "on_unsupported_language")
"""What stands in place of a rule where the policy as a whole decides."""
_BOOLS = (False, True)
_STATUSES = (200, 400, 401, 403, 404, 408, 413, 415, 422, 429, 499, 500, 502, 503, 504)

OPERATION = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    *(163.84, 327.68, 600.0),
)
"""Buckets (seconds) of whole operations: OpenTelemetry's for generative AI, up to clients' 600 s."""
FIRST_BYTE = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    *(15.0, 20.0, 30.0, 45.0, 60.0),
)
"""Buckets (seconds) of the time to the first byte: OpenTelemetry's and what gateways add to them."""
OWN = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
"""Buckets (seconds) of what Gatehouse itself takes: fine in the single milliseconds."""
BY_LANE = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Buckets (seconds) of exchanges by lane: coarse, a critic takes seconds."""
SCORES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Buckets of calibrated scores."""


CODES = (
    *("duplicate_header", "duplicate_key", "guard_unavailable", "internal_error", "invalid_api_key"),
    "constitution_not_found",
    *("invalid_json", "invalid_request", "invalid_value", "method_not_allowed", "model_not_found"),
    *("invalid_form", "not_an_object", "number_out_of_range"),
    *("payload_too_large", "policy_not_selectable", "constitution_not_selectable"),
    *("model_not_allowed", "route_not_allowed"),
    *("rate_limit_exceeded", "request_timeout", "response_not_stored", "response_withheld", "too_deep"),
    *("too_many_values", "unknown_decision", "unknown_field", "unsupported_by_upstream"),
    *("unsupported_content_encoding", "unsupported_media_type", "unsupported_route"),
)
"""Codes of errors that answer requests which did not become exchanges."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that labels may take besides the enumerations of the house."""

    surfaces: tuple[str, ...] = (
        "chat_completions",
        "completions",
        "responses",
        "messages",
        "embeddings",
        "audio",
        "images",
        "moderations",
        "guard_check",
        "litellm_guardrail",
        "agentgateway",
        "feedback",
    )
    policies: tuple[str, ...] = ("default",)
    """Names of the policies that serve, the default one first; the build info has versions."""
    categories: tuple[str, ...] = tuple(CATEGORIES)
    rules: tuple[str, ...] = ()
    """Rules of those policies, by id."""
    labels: tuple[str, ...] = (
        *("harm", "jailbreak", "prompt_injection", *HAZARDS),
        *("comply", "partial", "refuse", "unable"),
    )
    codes: tuple[str, ...] = CODES
    """Error codes of requests refused before they became exchanges."""
    kinds: tuple[str, ...] = (
        *("image", "audio", "video", "file", "token_ids", "too_long", "encoded"),
        *("previous_response", "conversation", "item_reference", "prompt_template"),
    )
    """Kinds of parts that no guard can read."""


def vocabulary_of(bundles: Sequence[PolicyBundle], labels: Iterable[str]) -> Vocabulary:
    """The words of the policies that serve (the default first) and of the classifiers' labels."""
    categories = dict.fromkeys(CATEGORIES)
    for bundle in bundles:
        own = (rule.category for rule in bundle.policy.rules)
        categories |= dict.fromkeys(category for category in own if category not in {"", "auto"})
    known = dict.fromkeys((*Vocabulary().labels, *labels))
    rules = (rule.id for bundle in bundles for rule in bundle.policy.rules)
    return Vocabulary(
        policies=tuple(dict.fromkeys(bundle.policy.name for bundle in bundles)),
        categories=tuple(dict.fromkeys((*categories, *known))),
        rules=tuple(dict.fromkeys((*POLICY_WORDS, *rules))),
        labels=tuple(known),
    )


@dataclass(frozen=True, slots=True)
class Counters:
    """Everything that is counted, each event once."""

    requests: Tally
    exchanges: Tally
    verdicts: Tally
    monitored: Tally
    blocks: Tally
    refusals: Tally
    suspected: Tally
    revisions: Tally
    findings: Tally
    reviews: Tally
    critiques: Tally
    canaries: Tally
    lanes: Tally
    lane_tokens: Tally
    replaced: Tally
    guard_failures: Tally
    unscreened: Tally
    partly_read: Tally
    uncovered: Tally
    characters: Tally
    withheld: Tally
    unsupported: Tally
    tokens: Tally
    cache: Tally
    windows: Tally
    feedback: Tally
    candidates: Tally
    rejected: Tally
    client_retries: Tally

    def all(self) -> list[Tally]:
        """The families in the order of the page."""
        return [getattr(self, item.name) for item in fields(self)]


@dataclass(frozen=True, slots=True)
class Clocks:
    """Everything that is measured."""

    requests: Distribution
    upstream: Distribution
    overhead: Distribution
    first_byte: Distribution
    lanes: Distribution
    stages: Distribution
    scores: Distribution

    def all(self) -> list[Distribution]:
        """The families in the order of the page."""
        return [getattr(self, item.name) for item in fields(self)]


_STAGES = tuple(Stage)
_ACTED = (*product(_STAGES, (Action.FLAG, Action.BLOCK)), (Stage.POST_CALL, Action.REVIEW))
_SIDES = ("input", "output")
_BY_SURFACE = ("surface", "streaming")


def make_counters(words: Vocabulary) -> Counters:
    """Counters at zero."""
    return Counters(
        **_traffic(words),
        **_decisions(words),
        **_refusals(),
        **review_tallies(words.policies),
        **_coverage(words),
        **_usage(),
        **_candidates(words),
    )


def make_clocks(words: Vocabulary) -> Clocks:
    """Distributions with nothing in them."""
    values = (words.surfaces, _BOOLS)
    main = tuple(product(words.surfaces[:1], _BOOLS))

    def by_surface(name: str, about: str, bounds: tuple[float, ...]) -> Distribution:
        return Distribution(f"gatehouse_{name}_seconds", about, bounds, _BY_SURFACE, values, main)

    return Clocks(
        requests=by_surface("request_duration", "From the request to the end of the answer.", OPERATION),
        upstream=by_surface("upstream_duration", "Waiting for the upstream model.", OPERATION),
        overhead=by_surface(
            "overhead",
            "What Gatehouse adds: total less upstream, review calls and waiting for the client.",
            OWN,
        ),
        first_byte=by_surface("time_to_first_byte", "From the request to the first byte.", FIRST_BYTE),
        lanes=Distribution(
            "gatehouse_lane_duration_seconds",
            "From the request to the end of the answer, by lane.",
            BY_LANE,
            ("lane",),
            (LANES,),
        ),
        stages=Distribution(
            "gatehouse_stage_duration_seconds",
            "Wall time of a stage.",
            OWN,
            ("stage",),
            ((*_STAGES, "review"),),
        ),
        scores=Distribution(
            "gatehouse_classifier_score",
            "Fresh calibrated scores of classifiers: watch them drift.",
            SCORES,
            ("label",),
            (words.labels,),
        ),
    )


def _traffic(words: Vocabulary) -> dict[str, Tally]:
    return {
        "requests": Tally(
            "gatehouse_requests",
            "Requests answered, rejected ones included, by HTTP status.",
            (*_BY_SURFACE, "status"),
            (words.surfaces, _BOOLS, _STATUSES),
            product(words.surfaces, _BOOLS, (200, 400, 503)),
        ),
        "exchanges": Tally(
            "gatehouse_exchanges",
            "Exchanges closed, by how they ended.",
            ("outcome", "policy"),
            (get_args(Outcome), words.policies),
        ),
        "rejected": Tally(
            "gatehouse_rejected",
            "Requests refused before they became exchanges, by error code.",
            ("code",),
            (words.codes,),
        ),
        "client_retries": Tally("gatehouse_client_retries", "Requests that a client sent again."),
    }


def _decisions(words: Vocabulary) -> dict[str, Tally]:
    categories = (NONE, *words.categories)
    real = words.categories
    monitored = [(*acted, category) for acted in _ACTED for category in real]
    passed = product(_STAGES, (Action.ALLOW,), (NONE,), words.policies)
    stopped = [(*each, policy) for each in monitored for policy in words.policies]
    return {
        "verdicts": Tally(
            "gatehouse_verdicts",
            "Verdicts given, as enforced.",
            ("stage", "action", "category", "policy"),
            (_STAGES, tuple(Action), categories, words.policies),
            (*passed, *stopped),
        ),
        "monitored": Tally(
            "gatehouse_monitored_verdicts",
            "What monitored rules would have done where that differs from what was enforced.",
            ("stage", "would", "category"),
            (_STAGES, tuple(Action), categories),
            monitored,
        ),
        "blocks": Tally(
            "gatehouse_blocks",
            "Requests and answers that were blocked.",
            ("category", "stage"),
            (categories, _STAGES),
            product(real, _STAGES),
        ),
        "guard_failures": Tally(
            "gatehouse_guard_failures",
            "Guards that gave no measurement; `open`: the exchange went on without it.",
            ("stage", "failure", "mode"),
            (_STAGES, tuple(Failure), get_args(GuardMode)),
        ),
    }


def _candidates(words: Vocabulary) -> dict[str, Tally]:
    return {
        "candidates": Tally(
            "gatehouse_candidate_exchanges",
            "Exchanges by what a candidate policy would do, and the rule that makes the difference.",
            ("result", "rule"),
            (CANDIDATE_RESULTS, (NONE, *words.rules)),
            product(CANDIDATE_RESULTS, (NONE,)),
        )
    }


def _refusals() -> dict[str, Tally]:
    kinds = tuple(kind for kind in get_args(RefusalClass) if kind != "comply")
    return {
        "refusals": Tally(
            "gatehouse_refusals",
            "Replies that decline, by who declined.",
            ("origin", "kind"),
            (get_args(RefusalOrigin), kinds),
        ),
        "suspected": Tally(
            "gatehouse_suspected_over_refusals",
            "Refusals of what the classifiers score as benign, by who declined.",
            ("origin",),
            (get_args(RefusalOrigin),),
        ),
    }


def _coverage(words: Vocabulary) -> dict[str, Tally]:
    unscreened = "Exchanges of which a side that was there was not screened: not screened is not passed."
    return {
        "unscreened": Tally("gatehouse_unscreened_exchanges", unscreened, ("side",), (_SIDES,)),
        "partly_read": Tally("gatehouse_partly_read_exchanges", "Exchanges with an unreadable part."),
        "uncovered": Tally(
            "gatehouse_uncovered_parts",
            "Parts that no guard could read.",
            *(("side", "kind"), (_SIDES, words.kinds)),
        ),
        "characters": Tally(
            "gatehouse_text_characters",
            "Characters of text, by what became of them: `judged`, or why no classifier read them.",
            *(("side", "result"), (_SIDES, ("judged", *REASONS))),
        ),
        "withheld": Tally("gatehouse_withheld_messages", "Old messages blocked before, left out for good."),
        "unsupported": Tally(
            "gatehouse_unsupported_languages",
            "Exchanges with text in a language that a guard does not read.",
            ("side", "language"),
            (_SIDES, LANGUAGES),
        ),
    }


def _usage() -> dict[str, Tally]:
    return {
        "tokens": Tally(
            "gatehouse_tokens",
            "Tokens, by what they were for.",
            ("purpose", "type"),
            (get_args(TokenPurpose), ("prompt", "completion", "cached")),
        ),
        "cache": Tally(
            "gatehouse_verdict_cache",
            "Stages measured from the cache (`hit`), or not.",
            ("result",),
            (("hit", "miss"),),
        ),
        "windows": Tally(
            "gatehouse_screened_windows",
            "Token windows that were read, by what settled them: a cascade early, or the whole network.",
            ("by",),
            (("first", "network"),),
        ),
        "feedback": Tally(
            "gatehouse_feedback", "Opinions given on decisions.", ("kind",), (get_args(FeedbackKind),)
        ),
    }
