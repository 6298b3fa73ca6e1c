"""What the ledger is told. Metrics and sinks listen to these and to nothing else."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from policies.candidate import CandidateResult, Side
from policies.critique import Canaries, Deliver, ReviewOutcome
from policies.lanes import Lane, Trigger
from policies.verdict import Action, Failure, Stage, Verdict
from proxy.exchange.coverage import NOTHING, Coverage
from proxy.exchange.exchange import Delivery, ReplyOrigin, Usage
from proxy.exchange.values import value

Outcome = Literal["completed", "blocked", "error", "upstream_error", "client_left", "deadline", "rejected"]
RefusalClass = Literal["comply", "partial", "refuse", "unable", "unknown"]
RefusalOrigin = Literal["input_rule", "output_rule", "provider_filter", "model", "revision"]
RevisionOutcome = ReviewOutcome
GuardMode = Literal["open", "closed"]
TokenPurpose = Literal["client", "constitution", "critique", "revision"]
CriticKind = Literal["upstream", "model", "embedded"]
"""Who criticised: the model of the exchange, another one by name, or the classifier."""


@value(frozen=True, slots=True)
class VerdictGiven:
    """A stage ended. `seconds` is the wall time of the stage; `cached`: all measurements were cached.

    `windows`: token windows that were read for it, `deep`: how many of them by a network, the others being
    settled earlier by a cascade; both 0 where all was cached.
    """

    exchange: str
    stage: Stage
    verdict: Verdict
    seconds: float
    cached: bool = False
    scores: dict[str, float] = field(default_factory=dict)
    policy: str = ""
    """Name of the policy; empty: the default one."""
    windows: int = 0
    deep: int = 0


@value(frozen=True, slots=True)
class GuardFailed:
    """A guard gave no measurement and `on_failure` decided: `mode` is what that meant."""

    exchange: str
    stage: Stage
    failure: Failure
    mode: GuardMode


@value(frozen=True, slots=True)
class RefusalSeen:
    """An answer is a refusal (or partial); `suspected` marks a suspected over-refusal."""

    exchange: str
    origin: RefusalOrigin
    kind: RefusalClass
    category: str
    suspected: bool


@value(frozen=True, slots=True)
class CritiqueRound:
    """One review of an answer ended: critique, revision and acceptance test, in one round or more.

    `delivered`: what it came to; where `trigger` is `sample` the client had the draft already, and this is
    what would have been. `critiques`: answers of a model that could be read, `unreadable`: those that were
    not the object asked for.
    `evidence`: how much fixed checks had found.
    """

    exchange: str
    outcome: RevisionOutcome
    seconds: float
    findings: int = 0
    void_findings: int = 0
    critique_usage: Usage = field(default_factory=Usage)
    revision_usage: Usage = field(default_factory=Usage)
    trigger: Trigger = "score"
    critic: CriticKind = "upstream"
    delivered: Deliver = "draft"
    rounds: int = 1
    evidence: int = 0
    critiques: int = 0
    unreadable: int = 0
    canary: Canaries = "none"


@value(frozen=True, slots=True)
class ReplyReplaced:
    """A choice of the answer was replaced before the client saw it (or its rest, when `late`)."""

    exchange: str
    choice: int
    origin: ReplyOrigin
    category: str
    late: bool = False


@value(frozen=True, slots=True)
class ExchangeClosed:
    """The last word on an exchange: told exactly once, whatever happened.

    Durations in seconds. `upstream_seconds` is the time spent waiting for the model (critic calls
    included in `review_seconds`, not here); `overhead_seconds` = total - upstream - review - waiting
    for the client. `coverage`: share of the request's parts that were judged, [0, 1].
    `input_screened`/`output_screened`: whether the guards of that side ran to a measurement that means
    something; `input_unsupported`/`output_unsupported`: languages of it that a guard does not read.
    `input_text`/`output_text`: characters of text on that side, how many of them the classifiers read, and
    why not the rest; `output_uncovered`: kinds of parts of the answer that no guard reads.
    `withheld`: old messages that were blocked before and therefore neither judged nor sent upstream.
    `end_user`: keyed digest of whom the client named as its end user, empty where it named nobody.
    `lane`: the gravest lane of its answers, empty where none was judged; `evidence`: how much fixed checks
    found in them. Reviews drawn at random come after the end of the answer and are in none of the durations.
    `review_tokens`: what critique and revision took of a model, those drawn at random too; a quarter of the
    characters where it does not say.
    """

    exchange: str
    surface: str
    tenant: str
    model: str
    policy: str
    policy_digest: str
    constitution: str
    constitution_digest: str
    stream: bool
    delivery: Delivery
    outcome: Outcome
    status: int
    reply: ReplyOrigin
    started: float
    total_seconds: float
    upstream_seconds: float
    review_seconds: float
    first_byte_seconds: float | None
    input_verdict: Verdict
    output_verdicts: tuple[Verdict, ...]
    refusals: tuple[RefusalClass, ...]
    suspected_over_refusal: bool
    coverage: float
    uncovered: tuple[str, ...]
    scores: dict[str, float]
    usage: Usage | None
    constitution_tokens: int
    models: tuple[str, ...]
    finish: tuple[str, ...] = ()
    error: str = ""
    language: str = "en"
    overhead_seconds: float = 0.0
    input_screened: bool = False
    output_screened: bool = False
    output_scores: dict[str, float] = field(default_factory=dict)
    input_unsupported: tuple[str, ...] = ()
    output_unsupported: tuple[str, ...] = ()
    end_user: str = ""
    input_text: Coverage = NOTHING
    output_text: Coverage = NOTHING
    output_uncovered: tuple[str, ...] = ()
    withheld: int = 0
    lane: Lane | Literal[""] = ""
    evidence: int = 0
    review_tokens: int = 0


@value(frozen=True, slots=True)
class ExchangeOpened:
    """Told before the upstream may be called, so that a crash leaves "unknown" and not silence.

    Optional: an exchange is recorded by its `ExchangeClosed`, with or without this.
    """

    exchange: str
    surface: str
    tenant: str
    policy: str
    policy_digest: str
    stream: bool
    started: float


@value(frozen=True, slots=True)
class RequestRejected:
    """A request was refused before it became an exchange. `code` is that of `proxy.errors`."""

    surface: str
    status: int
    code: str


@value(frozen=True, slots=True)
class CandidateJudged:
    """What a candidate policy would have made of an exchange, told right before its `ExchangeClosed`.

    `policy`: name and version of the candidate. `rule`: the rule that blocks on one side and not on the
    other, its `side` too; both empty where the two agree or nothing can be said. `live`, `candidate`: the
    gravest action of either.
    """

    exchange: str
    policy: str
    policy_digest: str
    result: CandidateResult
    side: Side
    rule: str
    live: Action
    candidate: Action


FeedbackKind = Literal["wrong_block", "wrong_pass", "bad_revision", "thumbs_up", "thumbs_down"]


@value(frozen=True, slots=True)
class FeedbackGiven:
    """Somebody said what they think of a decision; `exchange` is the decision id it is joined by.

    `given`: seconds since the epoch. `comment` is empty unless the settings keep comments.
    """

    exchange: str
    tenant: str
    kind: FeedbackKind
    given: float
    comment_length: int = 0
    comment: str = ""


LedgerEvent = (
    VerdictGiven
    | GuardFailed
    | RefusalSeen
    | CritiqueRound
    | ReplyReplaced
    | ExchangeClosed
    | ExchangeOpened
    | RequestRejected
    | FeedbackGiven
    | CandidateJudged
)
