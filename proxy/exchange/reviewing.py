"""Drives the critique dialogue: asks the critic, measures texts, keeps the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from policies import critique, embedded, refusal, risk
from policies.bundle import NO_CONSTITUTION
from policies.constitution import tokens_in
from policies.critique import Ask, Dialogue, Measure, Measured, Review, ReviewResult
from policies.evidence import may_hold_code
from policies.findings import Evidence
from policies.lanes import EvidenceFinder, Trigger, no_evidence
from policies.policy import ReviewBudget
from policies.stand_ins import stand_in
from policies.verdict import Verdict
from proxy.exchange.account import Account
from proxy.exchange.events import CriticKind, CritiqueRound
from proxy.exchange.exchange import Exchange, Usage
from proxy.exchange.ports import Critic, Screener, UpstreamError


@dataclass(frozen=True, slots=True)
class Reviewer:
    """`nonce` makes fresh random text for the boundaries around untrusted data; `evidence`: fixed checks."""

    critic: Critic
    screener: Screener
    nonce: Callable[[], str]
    evidence: EvidenceFinder = no_evidence

    async def evidence_in(self, account: Account, draft: str) -> tuple[Evidence, ...]:
        """What fixed checks find in a draft. Code takes long to read, so it is read on a thread."""
        exchange = account.exchange
        asked = (exchange.bundle.constitution, exchange.conversation.last_user_text(), draft)
        if may_hold_code(draft):
            return await asyncio.to_thread(self.evidence, *asked)
        return self.evidence(*asked)

    async def review(
        self,
        account: Account,
        index: int,
        verdict: Verdict,
        trigger: Trigger = "score",
        evidence: tuple[Evidence, ...] = (),
    ) -> ReviewResult:
        """A bounded review of one choice; tells the ledger how it ended and what it cost.

        A review drawn at random (`sample`) costs the client no time, so none is noted.
        """
        started = account.clock()
        spent = _Spent()
        subject = self._subject(account, index, verdict, evidence)
        try:
            async with asyncio.timeout(account.exchange.bundle.policy.review.deadline_ms / 1000):
                result = await self._drive(critique.review(subject), account, index, spent)
        except TimeoutError:
            result = critique.out_of_time(subject)
        seconds = account.clock() - started
        if trigger != "sample":
            account.review_seconds += seconds
        account.ledger.tell(_round(account, result, seconds, spent, trigger, len(evidence)))
        return result

    def _subject(
        self, account: Account, index: int, verdict: Verdict, evidence: tuple[Evidence, ...] = ()
    ) -> Review:
        exchange = account.exchange
        bundle = exchange.bundle
        language = exchange.reply_language()
        review_at, block_at = risk.output_limits(bundle.policy)
        return Review(
            request=exchange.conversation.last_user_text(),
            draft=account.draft.choices[index].visible_text(),
            risk=verdict.score or 0.0,
            review_at=review_at,
            block_at=block_at,
            category=verdict.category,
            constitution=bundle.constitution,
            budget=_budget(exchange),
            nonce=self.nonce(),
            evidence=evidence,
            embedded=bundle.policy.critic == embedded.NAME,
            stand_in=partial(
                stand_in,
                bundle.constitution,
                bundle.replies,
                category=verdict.category,
                language=language,
                decision=exchange.id,
            ),
            gap=bundle.replies.gap(language),
        )

    async def _drive(self, dialogue: Dialogue, account: Account, index: int, spent: _Spent) -> ReviewResult:
        answer: str | Measured | None = None
        while True:
            try:
                request = dialogue.send(answer)
            except StopIteration as stop:
                result: ReviewResult = stop.value
                return result
            if isinstance(request, Ask):
                answer = await self._ask(request, account, spent)
            else:
                answer = await self._measure(request, account, index)

    async def _ask(self, request: Ask, account: Account, spent: _Spent) -> str | None:
        try:
            answer = await self.critic.ask(account.exchange, request)
        except UpstreamError:
            return None
        spent.add(request.purpose, answer.usage)
        characters = len(request.system) + len(request.user) + len(answer.text)
        account.review_tokens += answer.usage.total or tokens_in(characters)
        return answer.text

    async def _measure(self, request: Measure, account: Account, index: int) -> Measured | None:
        screening = await self.screener.screen_output(account.exchange, index, request.text)
        if screening.failure is not None:
            return None
        scores = {k: v for r in screening.readings for k, v in r.classification.scores.items()}
        return Measured(
            risk=risk.output_risk(account.exchange.bundle.policy, screening.readings),
            refusal=refusal.detect(request.text, scores) == "refuse",
            evidence=await self.evidence_in(account, request.text),
        )


@dataclass(slots=True)
class _Spent:
    critique: Usage = field(default_factory=Usage)
    revision: Usage = field(default_factory=Usage)

    def add(self, purpose: str, usage: Usage) -> None:
        if purpose == "critique":
            self.critique += usage
        else:
            self.revision += usage


def _round(
    account: Account, result: ReviewResult, seconds: float, spent: _Spent, trigger: Trigger, evidence: int
) -> CritiqueRound:
    return CritiqueRound(
        exchange=account.exchange.id,
        outcome=result.outcome,
        seconds=seconds,
        findings=result.findings,
        void_findings=result.void_findings,
        critique_usage=spent.critique,
        revision_usage=spent.revision,
        trigger=trigger,
        critic=_kind(account),
        delivered=result.deliver,
        rounds=result.rounds,
        evidence=evidence,
        critiques=result.critiques,
        unreadable=result.unreadable,
        canary=result.canary,
    )


def _budget(exchange: Exchange) -> ReviewBudget:
    """The policy's. The embedded critic leaves alone what has a form to keep, and surfaces on which nothing
    is revised."""
    bundle = exchange.bundle
    untouched = exchange.structured or bundle.constitution is NO_CONSTITUTION
    if bundle.policy.critic == embedded.NAME and untouched:
        return replace(bundle.policy.review, rounds=0)
    return bundle.policy.review


def _kind(account: Account) -> CriticKind:
    """Who the critic of an exchange is."""
    critic = account.exchange.bundle.policy.critic
    if critic == embedded.NAME:
        return "embedded"
    return "model" if critic and critic != account.exchange.model else "upstream"
