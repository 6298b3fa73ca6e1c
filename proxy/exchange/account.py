"""The account of one walk: what was measured, decided and spent. Closed exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from policies.candidate import Decision
from policies.lanes import Lane, gravest
from policies.verdict import Failure, Reading, Verdict
from proxy.exchange.coverage import Coverage, TextRead, of_conversation, read_of, total, worse
from proxy.exchange.events import ExchangeClosed, ExchangeOpened, Outcome, RefusalClass
from proxy.exchange.exchange import Delivery, Draft, Exchange, Replacement, ReplyOrigin
from proxy.exchange.plan import Plan
from proxy.exchange.ports import Ledger, ReplyHead, Screening, UpstreamError, UpstreamHead
from proxy.exchange.shadow import Shadow

NOT_JUDGED = Verdict(failure=Failure.NOT_RUN, reason="not judged")
"""The verdict of a side that no guard has ruled on: never a pass."""
_UNRULED = TextRead(0.0, str(Failure.NOT_RUN))


def _worse(before: Verdict, after: Verdict) -> Verdict:
    """The more severe of two verdicts; a guard that failed on either side is remembered."""
    worse = after if after.action.severity > before.action.severity else before
    return replace(worse, failure=before.failure or after.failure)


@dataclass(slots=True)
class Account:
    """Mutable notes of one walk; the pipeline is the only writer. Durations in seconds."""

    exchange: Exchange
    plan: Plan
    ledger: Ledger
    clock: Callable[[], float]
    delivery: Delivery = Delivery.BUFFERED
    input_verdict: Verdict = NOT_JUDGED
    input_text: Coverage | None = None
    """What was read of the request, once a guard has ruled on it."""
    output_verdicts: dict[int, Verdict] = field(default_factory=dict)
    output_read: dict[int, tuple[int, TextRead]] = field(default_factory=dict)
    """Choice to how many characters of it were ruled on, and what was read of them."""
    replacements: dict[int, Replacement] = field(default_factory=dict)
    refusals: dict[int, RefusalClass] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    output_scores: dict[str, float] = field(default_factory=dict)
    models: dict[str, None] = field(default_factory=dict)
    unsupported: dict[str, None] = field(default_factory=dict)
    output_unsupported: dict[str, None] = field(default_factory=dict)
    draft: Draft = field(default_factory=Draft)
    head: UpstreamHead | None = None
    screened_input: bool = False
    failed_input: bool = False
    evaluated_output: bool = False
    suspected: bool = False
    outcome: Outcome = "error"
    status: int = 0
    reply: ReplyOrigin = ReplyOrigin.NONE
    error: str = ""
    upstream_seconds: float = 0.0
    client_seconds: float = 0.0
    review_seconds: float = 0.0
    review_tokens: int = 0
    first_byte: float | None = None
    ended: tuple[float, float] | None = None
    """Overhead and total at the moment the client had its whole answer."""
    lanes: dict[int, Lane] = field(default_factory=dict)
    evidence: int = 0
    completed: bool = False
    closed: bool = False
    shadow: Shadow | None = None
    """What a candidate policy sees of the walk, where there is one."""

    def __post_init__(self) -> None:
        """Let a candidate see what the serving policy sees."""
        candidate = self.exchange.bundle.candidate
        if candidate is not None:
            self.shadow = Shadow(self.exchange, candidate, self.plan.reads_together)

    @property
    def flagged(self) -> bool:
        """The input was flagged or worse, enforced or not, or was not seen."""
        return self.exchange.fetched or self.input_verdict.would.severity > 0

    @property
    def lane(self) -> Lane | None:
        """The gravest lane of the answers so far; None where none was judged."""
        return gravest(tuple(self.lanes.values()))

    def note(self, readings: tuple[Reading, ...], output: bool = False) -> None:
        """Keep the highest score of each label, the models that gave them and languages they do not read."""
        scores = self.output_scores if output else self.scores
        unsupported = self.output_unsupported if output else self.unsupported
        for reading in readings:
            self.models[reading.classification.model] = None
            if reading.classification.unsupported:
                unsupported[reading.classification.unsupported] = None
            if not scores:
                scores.update(reading.classification.scores)
                continue
            for label, score in reading.classification.scores.items():
                if score > scores.get(label, -1.0):
                    scores[label] = score

    def judged_input(self, verdict: Verdict, screening: Screening) -> None:
        """An input stage was ruled on; the more severe verdict stands, and a gap outlives a pass."""
        before = self.input_verdict
        if before is NOT_JUDGED:
            self.input_verdict = verdict
        elif verdict.failure or verdict.action.severity > before.action.severity:
            self.input_verdict = _worse(before, verdict)
        self.failed_input = self.failed_input or screening.failure is not None
        self.screened_input = bool(self.scores) and not (self.failed_input or self.unsupported)

    def judged_output(self, index: int, verdict: Verdict, screening: Screening) -> None:
        """A choice (or the part of it that has arrived) was ruled on."""
        if not self.output_verdicts:
            self.evaluated_output = True
        self.output_verdicts[index] = verdict
        needed = 0 if screening.failure is None else len(screening.readings) + 1
        ruled_on = len(self.draft.choice(index).judged_text())
        self.output_read[index] = ruled_on, read_of(screening.readings, needed, screening.failure)
        self.evaluated_output = self.evaluated_output and screening.failure is None

    def covers_input(self, coverage: Coverage) -> None:
        """A stage has read the request; of several the one that read least counts."""
        self.input_text = worse(self.input_text, coverage)

    def output_text(self) -> Coverage:
        """What was read of the answer so far; text that came after the last ruling is not."""
        texts: list[tuple[int, TextRead]] = []
        for index, choice in self.draft.choices.items():
            ruled_on, read = self.output_read.get(index, (0, _UNRULED))
            length = len(choice.judged_text())
            texts.append((min(ruled_on, length), read))
            if length > ruled_on:
                texts.append((length - ruled_on, _UNRULED))
        return total(texts)

    def output_unread(self) -> tuple[str, ...]:
        """Kinds of parts of the answer that no guard reads."""
        unread: dict[str, None] = {}
        for choice in self.draft.choices.values():
            unread |= choice.unread
        return tuple(unread)

    def complete(self) -> None:
        """The client has its whole answer."""
        self.completed = True
        self.ended = self.overhead(), self.clock() - self.exchange.started
        origins = {replacement.origin for replacement in self.replacements.values()}
        self.outcome = "blocked" if ReplyOrigin.CANNED in origins else "completed"
        if ReplyOrigin.CANNED in origins:
            self.reply = ReplyOrigin.CANNED
        else:
            self.reply = ReplyOrigin.REVISED if origins else self._untouched()

    def _untouched(self) -> ReplyOrigin:
        """Where an answer came from in which nothing was replaced."""
        asked = self.exchange.verdict_only
        return ReplyOrigin.UPSTREAM if asked is None or asked.answers else ReplyOrigin.NONE

    def leave(self) -> None:
        """The client went away; what it already had in full stays complete."""
        if not self.completed:
            self.outcome = "client_left"

    def fail(self, error: Exception, outcome: Outcome) -> bool:
        """Note a failure; False when the client already has its whole answer."""
        self.error = error.code if isinstance(error, UpstreamError) else "internal_error"
        if self.completed:
            return False
        self.outcome = outcome
        self.reply = ReplyOrigin.ERROR
        return True

    def sent(self) -> None:
        """The first byte of the reply went to the client."""
        if self.first_byte is None:
            self.first_byte = self.clock() - self.exchange.started

    def overhead(self) -> float:
        """Seconds so far that Gatehouse itself took: not the model, the review or a slow client."""
        waited = self.upstream_seconds + self.client_seconds + self.review_seconds
        return max(0.0, self.clock() - self.exchange.started - waited)

    def reply_head(self) -> ReplyHead:
        """What is known now of the reply."""
        return ReplyHead(
            self.input_verdict,
            self.delivery,
            self.head,
            self.overhead(),
            self.input_text,
            tuple([part.kind for part in self.exchange.conversation.uncovered]),
            self.lane,
        )

    def open(self) -> None:
        """Tell the ledger that the exchange is under way, before anything can leave the house."""
        exchange, policy = self.exchange, self.exchange.bundle.policy
        self.ledger.tell(
            ExchangeOpened(
                exchange=exchange.id,
                surface=exchange.surface,
                tenant=exchange.tenant,
                policy=policy.label,
                policy_digest=policy.digest,
                stream=exchange.stream,
                started=exchange.started,
            )
        )

    def close(self) -> None:
        """Tell the ledger the last word. Further calls do nothing."""
        if self.closed:
            return
        self.closed = True
        if self.shadow is not None:
            served = Decision(self.input_verdict, tuple(self.output_verdicts.values()))
            self.ledger.tell(self.shadow.compared(served))
        self.ledger.tell(self._record())

    def _record(self) -> ExchangeClosed:
        exchange, policy = self.exchange, self.exchange.bundle.policy
        constitution = exchange.bundle.constitution
        overhead, total = self.ended or (self.overhead(), self.clock() - exchange.started)
        uncovered = exchange.conversation.uncovered
        return ExchangeClosed(
            exchange=exchange.id,
            surface=exchange.surface,
            tenant=exchange.tenant,
            model=exchange.model,
            policy=policy.label,
            policy_digest=policy.digest,
            constitution=constitution.label,
            constitution_digest=constitution.digest,
            stream=exchange.stream,
            delivery=self.delivery,
            outcome=self.outcome,
            status=self.status,
            reply=self.reply,
            started=exchange.started,
            total_seconds=total,
            upstream_seconds=self.upstream_seconds,
            review_seconds=self.review_seconds,
            overhead_seconds=overhead,
            first_byte_seconds=self.first_byte,
            input_verdict=self.input_verdict,
            input_screened=self.screened_input,
            output_verdicts=tuple(self.output_verdicts.values()),
            output_screened=self.evaluated_output and not self.output_unsupported,
            refusals=tuple(self.refusals.values()),
            suspected_over_refusal=self.suspected,
            coverage=exchange.coverage,
            uncovered=tuple(part.kind for part in uncovered),
            input_unsupported=tuple(self.unsupported),
            output_unsupported=tuple(self.output_unsupported),
            scores=self.scores,
            output_scores=self.output_scores,
            usage=self.draft.usage,
            constitution_tokens=constitution.tokens,
            models=tuple(self.models),
            finish=tuple(choice.finish for choice in self.draft.choices.values()),
            error=self.error,
            language=exchange.language,
            end_user=exchange.end_user,
            input_text=self.input_text or of_conversation(exchange.conversation, (), {}, None),
            output_text=self.output_text(),
            output_uncovered=self.output_unread(),
            withheld=len(exchange.withheld),
            lane=self.lane or "",
            review_tokens=self.review_tokens,
            evidence=self.evidence,
        )
