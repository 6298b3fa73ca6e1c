"""Judging inside the corridor: runs the guards of a stage, asks the policy, notes and tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from policies import lanes, refusal, rules
from policies.critique import ReviewResult
from policies.findings import Evidence
from policies.refusal_calibration import UNCALIBRATED, Calibrations
from policies.verdict import Action, Reading, Stage, Verdict
from proxy.exchange.account import Account
from proxy.exchange.coverage import of_conversation
from proxy.exchange.events import (
    GuardFailed,
    GuardMode,
    RefusalClass,
    RefusalOrigin,
    RefusalSeen,
    ReplyReplaced,
    VerdictGiven,
)
from proxy.exchange.exchange import ChoiceDraft, Delivery, Replacement, ReplyOrigin
from proxy.exchange.pairing import PairKeeper, pair_of
from proxy.exchange.ports import Ruling, Screener, Screening
from proxy.exchange.reviewing import Reviewer


def _scores(readings: Sequence[Reading]) -> Mapping[str, float]:
    """All scores of one text by label."""
    if len(readings) == 1:
        return readings[0].classification.scores
    return {label: score for each in readings for label, score in each.classification.scores.items()}


@dataclass(slots=True)
class Judge:
    """The policy's voice in one walk. Writes what it finds into the account."""

    account: Account
    screener: Screener
    reviewer: Reviewer
    calibrations: Calibrations = UNCALIBRATED
    pairs: PairKeeper | None = None

    @property
    def blocks_input(self) -> bool:
        """The input must not pass."""
        return self.account.input_verdict.action is Action.BLOCK

    async def rule_input(self, stage: Stage) -> None:
        """Screen and judge the input at a stage that has rules."""
        if stage not in self.account.plan.ruled:
            return
        started = self.account.clock()
        screening = await self.screener.screen_input(self.account.exchange, stage)
        self.judge_input(stage, screening, self.account.clock() - started)

    def judge_input(self, stage: Stage, screening: Screening, seconds: float) -> None:
        """Turn readings into the input verdict; the worst stage counts."""
        account = self.account
        exchange = account.exchange
        verdict = rules.judge(
            exchange.bundle.policy,
            stage,
            screening.readings,
            conversation=exchange.conversation,
            failure=screening.failure,
        )
        needs = rules.reads_at(exchange.bundle.policy, stage)
        if needs or account.input_text is None:
            failure = screening.failure
            account.covers_input(of_conversation(exchange.conversation, screening.readings, needs, failure))
        account.note(screening.readings)
        account.judged_input(verdict, screening)
        if account.shadow is not None:
            account.shadow.saw_input(screening)
        self._tell(stage, verdict, screening, seconds, account.scores)

    async def rule_text(self, choice: int, text: str) -> Verdict:
        """Judge a part of an answer that is still arriving."""
        verdict, _ = await self._rule_output(choice, text)
        return verdict

    async def rule_draft(self, may_review: bool = True) -> None:
        """Judge every choice of the assembled answer, and replace what must not leave."""
        for index in sorted(self.account.draft.choices):
            await self._rule_choice(index, self.account.draft.choices[index], may_review)

    async def _rule_choice(self, index: int, choice: ChoiceDraft, may_review: bool) -> None:
        verdict, scores = await self._rule_output(index, choice.judged_text())
        self._note_refusal(index, choice, scores)
        found = await self._evidence(choice) if may_review else ()
        lane = self.account.lanes[index] = lanes.lane_of(verdict, found)
        if lane == "block":
            self.replace(index, verdict)
        elif lane == "deliberate" and may_review:
            trigger = lanes.trigger_of(verdict)
            result = await self.reviewer.review(self.account, index, verdict, trigger, found)
            self._apply(index, verdict, result)

    async def _evidence(self, choice: ChoiceDraft) -> tuple[Evidence, ...]:
        """What fixed checks find in an answer that is still held; nothing can be done about others."""
        account = self.account
        held = account.delivery is Delivery.BUFFERED and account.exchange.verdict_only is None
        if not held or account.exchange.bundle.policy.review.evidence == "off":
            return ()
        found = await self.reviewer.evidence_in(account, choice.visible_text())
        account.evidence += len(found)
        return found

    async def review_by_lot(self) -> None:
        """Review passing answers that the client has already, where the lot falls on them: for the counts
        alone, nothing is changed by it."""
        account = self.account
        asked = account.exchange
        if not account.completed or not lanes.sampled(asked.id, asked.bundle.policy.review):
            return
        for index, lane in account.lanes.items():
            if lane == "pass" and index not in account.replacements and asked.verdict_only is None:
                await self.reviewer.review(account, index, account.output_verdicts[index], "sample")

    async def _rule_output(self, index: int, text: str) -> tuple[Verdict, Mapping[str, float]]:
        account = self.account
        exchange = account.exchange
        started = account.clock()
        screening = await self.screener.screen_output(exchange, index, text)
        unseen = tuple(account.draft.choice(index).unread)
        verdict = rules.judge(
            exchange.bundle.policy,
            Stage.POST_CALL,
            screening.readings,
            conversation=exchange.conversation,
            text=text,
            failure=screening.failure,
            flagged=account.flagged,
            unseen=unseen,
        )
        account.note(screening.readings, output=True)
        account.judged_output(index, verdict, screening)
        if account.shadow is not None:
            account.shadow.saw_output(index, text, screening, unseen)
        seconds = account.clock() - started
        self._tell(Stage.POST_CALL, verdict, screening, seconds, account.output_scores)
        return verdict, _scores(screening.readings)

    def _apply(self, index: int, verdict: Verdict, result: ReviewResult) -> None:
        self._keep_pair(index, verdict, result)
        if result.outcome == "rejected_refusal":
            self._tell_refusal("revision", "refuse", verdict.category, suspected=False)
        if result.deliver in ("canned", "safe_partial"):
            self.replace(index, verdict, result.text)
        elif result.deliver == "revision":
            self._put(index, Replacement(result.revision, ReplyOrigin.REVISED, verdict.category))

    def _keep_pair(self, index: int, verdict: Verdict, result: ReviewResult) -> None:
        """What the review leaves for training, where the tenant consents."""
        exchange = self.account.exchange
        if self.pairs is not None and self.pairs.consents(exchange):
            draft = self.account.draft.choices[index].visible_text()
            self.pairs.keep(pair_of(exchange, index, draft, verdict, result))

    def replace_all(self) -> None:
        """The input is blocked: every choice the client asked for is the canned reply."""
        verdict = self.account.input_verdict
        for index in range(self.account.exchange.choices):
            self._put(index, self._canned(verdict))
        self._tell_guard_refusal("input_rule", verdict)

    def replace(self, index: int, verdict: Verdict, text: str = "") -> None:
        """One choice must not leave: what a review says takes its place, else the canned reply."""
        self.account.lanes.setdefault(index, "block")
        self._put(index, self._canned(verdict, text))
        self._tell_guard_refusal("output_rule", verdict)

    def ruling(self) -> Ruling:
        """The final word for rendering."""
        account = self.account
        return Ruling(
            input_verdict=account.input_verdict,
            output_verdicts=tuple(account.output_verdicts[i] for i in sorted(account.output_verdicts)),
            replacements=tuple(sorted(account.replacements.items())),
            scores=tuple(account.scores.items()),
            evaluated_output=account.evaluated_output,
            output_scores=tuple(account.output_scores.items()),
            output_coverage=account.output_text() if account.output_read else None,
            output_unread=account.output_unread(),
        )

    def _canned(self, verdict: Verdict, text: str = "") -> Replacement:
        exchange = self.account.exchange
        said = text or exchange.bundle.replies.text(verdict.category, exchange.reply_language(), exchange.id)
        return Replacement(said, ReplyOrigin.CANNED, verdict.category)

    def _put(self, index: int, replacement: Replacement) -> None:
        account = self.account
        account.replacements[index] = replacement
        account.ledger.tell(
            ReplyReplaced(
                account.exchange.id,
                index,
                replacement.origin,
                replacement.category,
                late=account.first_byte is not None,
            )
        )

    def _note_refusal(self, index: int, choice: ChoiceDraft, scores: Mapping[str, float]) -> None:
        """Classify the model's own answer: what it refused, and whether that looks like too much."""
        kind: RefusalClass = "comply"
        if choice.refusal and not choice.content:
            kind = "refuse"
        elif choice.content or not choice.tool_calls:
            adjusted = self.calibrations.adjust(self.account.exchange.model, scores)
            kind = refusal.detect(choice.content, adjusted)
        self.account.refusals[index] = kind
        if choice.finish == "content_filter":
            self._tell_refusal("provider_filter", "refuse", "", self._too_much("refuse"))
        elif kind in ("refuse", "partial", "unable"):
            self._tell_refusal("model", kind, "", self._too_much(kind))

    def _tell_guard_refusal(self, origin: RefusalOrigin, verdict: Verdict) -> None:
        suspected = verdict.failure is None and self._too_much("refuse")
        self._tell_refusal(origin, "refuse", verdict.category, suspected)

    def _too_much(self, kind: RefusalClass) -> bool:
        account = self.account
        scores = account.scores if account.screened_input else None
        return refusal.suspected_over_refusal(account.exchange.bundle.policy, scores, kind)

    def _tell_refusal(
        self, origin: RefusalOrigin, kind: RefusalClass, category: str, suspected: bool
    ) -> None:
        self.account.suspected = self.account.suspected or suspected
        self.account.ledger.tell(RefusalSeen(self.account.exchange.id, origin, kind, category, suspected))

    def _tell(
        self,
        stage: Stage,
        verdict: Verdict,
        screening: Screening,
        seconds: float,
        scores: Mapping[str, float],
    ) -> None:
        ledger, exchange = self.account.ledger, self.account.exchange
        policy = exchange.bundle.policy.name
        event = VerdictGiven(exchange.id, stage, verdict, seconds, screening.cached, policy=policy)
        if not screening.cached:
            measured = [reading.classification for reading in screening.readings]
            windows, deep = (sum(getattr(each, name) for each in measured) for name in ("windows", "deep"))
            event = replace(event, scores=dict(scores), windows=windows, deep=deep)
        ledger.tell(event)
        if screening.failure is not None:
            mode: GuardMode = "closed" if verdict.action is Action.BLOCK else "open"
            ledger.tell(GuardFailed(exchange.id, stage, screening.failure, mode))
