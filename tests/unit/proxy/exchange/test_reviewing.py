"""The reviewer drives the dialogue within its budget and tells how each round ended."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from classifiers.classification import Conversation, Origin, Turn
from policies.bundle import NO_CONSTITUTION
from policies.constitution import CompiledConstitution, Principle
from policies.policy import Policy, ReviewBudget, Rule
from policies.rules import resolve
from policies.verdict import Action, Stage, Verdict
from proxy.exchange.account import Account
from proxy.exchange.events import CritiqueRound
from proxy.exchange.exchange import Piece, Usage
from proxy.exchange.plan import plan
from proxy.exchange.reviewing import Reviewer
from proxy.testing import (
    POINTS,
    FakeScreener,
    FakeUpstream,
    Gates,
    ListLedger,
    plain_bundle,
    plain_exchange,
    text_delta,
)

DRAFT = "Sam, you are a worthless idiot. Happy birthday, and cheers to ten years with us."
REVISION = "Sam, you are a marvel. Happy birthday, and cheers to ten years with us."
FINDING = json.dumps(
    {
        "findings": [
            {"clause": "dignity", "reason": "demeans", "quote": "you are a worthless idiot", "severity": 2}
        ],
        "action": "revise",
    }
)
VERDICT = Verdict(Action.REVIEW, Action.REVIEW, "output", "rev", score=0.4, threshold=0.3)
RULES = (
    Rule("rev", Stage.POST_CALL, Action.REVIEW, ("harm",), 0.3, classifier="exchange"),
    Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange"),
)


class TalkingUpstream(FakeUpstream):
    """Answers critique and revision in turn."""

    async def ask(self, exchange, prompt):
        self.critic_answer = FINDING if prompt.purpose == "critique" else REVISION
        return await super().ask(exchange, prompt)


def make(upstream: FakeUpstream, budget: ReviewBudget | None = None, **screener: object):
    policy = resolve(Policy("p", "1", RULES, review=budget or ReviewBudget(), digest="p"), POINTS)
    constitution = CompiledConstitution(
        "c", "1", "sha256:c", "Be kind.", 2, (Principle("dignity", "Dignity", "Treat people as equals."),)
    )
    bundle = replace(plain_bundle(policy), constitution=constitution)
    ledger = ListLedger()
    account = Account(plain_exchange(bundle), plan(policy), ledger, asyncio.get_running_loop().time)
    account.draft.add(text_delta(DRAFT))
    reviewer = Reviewer(upstream, FakeScreener(upstream.gates, **screener), lambda: "f00dface")  # type: ignore[arg-type]
    return reviewer, account, ledger


async def test_a_revision_that_passes_the_acceptance_test_is_delivered_and_its_tokens_are_counted() -> None:
    reviewer, account, ledger = make(TalkingUpstream(Gates(open_gates=True)), output_score=0.05)
    result = await reviewer.review(account, 0, VERDICT)
    assert (result.deliver, result.revision) == ("revision", REVISION)
    (told,) = [event for event in ledger.events if isinstance(event, CritiqueRound)]
    assert (told.outcome, told.findings) == ("revised", 1)
    assert told.critique_usage.completion_tokens == told.revision_usage.completion_tokens == 5
    assert account.review_seconds > 0
    assert account.review_tokens == told.critique_usage.total + told.revision_usage.total > 0


async def test_a_critic_that_does_not_count_its_tokens_is_not_free() -> None:
    """A quarter of the characters of its prompts and answers."""

    class Uncounted(TalkingUpstream):
        async def ask(self, exchange, prompt):
            answer = await super().ask(exchange, prompt)
            heard.append(len(prompt.system) + len(prompt.user) + len(answer.text))
            return replace(answer, usage=Usage())

    heard: list[int] = []
    reviewer, account, _ = make(Uncounted(Gates(open_gates=True)), output_score=0.05)
    await reviewer.review(account, 0, VERDICT)
    assert account.review_tokens == sum(-(-characters // 4) for characters in heard)
    assert len(heard) == 2


async def test_a_revision_that_is_no_safer_is_not_delivered() -> None:
    reviewer, account, _ = make(TalkingUpstream(Gates(open_gates=True)), output_score=0.45)
    result = await reviewer.review(account, 0, VERDICT)
    assert (result.deliver, result.outcome) == ("draft", "rejected_risk")


async def test_a_critic_that_does_not_answer_is_a_failed_round() -> None:
    reviewer, account, ledger = make(FakeUpstream(Gates(open_gates=True)))
    result = await reviewer.review(account, 0, VERDICT)
    assert result.outcome == "critic_failed"
    assert [e.outcome for e in ledger.events if isinstance(e, CritiqueRound)] == ["critic_failed"]


async def test_the_budget_of_time_ends_a_round_and_a_risky_draft_is_then_withheld() -> None:
    for score, fallback, expected in (
        (0.4, "original", "draft"),
        (0.4, "canned", "canned"),
        (0.9, "original", "canned"),
    ):
        budget = ReviewBudget(deadline_ms=20, on_failure=fallback)  # type: ignore[arg-type]
        reviewer, account, _ = make(FakeUpstream(Gates()), budget)
        result = await reviewer.review(account, 0, replace(VERDICT, score=score))
        assert (result.deliver, result.outcome) == (expected, "deadline")


async def test_only_the_visible_text_is_criticised() -> None:
    reviewer, account, _ = make(TalkingUpstream(Gates(open_gates=True)), output_score=0.05)
    account.draft.choices[0].add(Piece(0, "reasoning", "secret thoughts"))
    subject = reviewer._subject(account, 0, VERDICT)
    assert subject.draft == DRAFT
    assert (subject.review_at, subject.block_at) == (0.3, 0.5)


async def test_the_embedded_critic_asks_no_model_and_spends_no_token() -> None:
    """The fake critic would fail if it were asked."""
    upstream = FakeUpstream(Gates(open_gates=True))
    reviewer, account, ledger = make(upstream, output_score=lambda text: 0.4 if "idiot" in text else 0.05)
    bundle = account.exchange.bundle
    account.exchange.bundle = replace(bundle, policy=replace(bundle.policy, critic="embedded"))
    result = await reviewer.review(account, 0, VERDICT)
    assert (result.outcome, result.revision) == (
        "revised",
        "Happy birthday, and cheers to ten years with us.",
    )
    (told,) = [event for event in ledger.events if isinstance(event, CritiqueRound)]
    assert (told.critic, told.rounds, told.critiques) == ("embedded", 1, 0)
    assert told.critique_usage.prompt_tokens == 0


async def test_the_critic_hears_no_operator_and_no_key() -> None:
    """Its prompts hold the request, the draft and the clauses, nothing else of the exchange."""
    heard: list[str] = []

    class Listening(TalkingUpstream):
        async def ask(self, exchange, prompt):
            heard.append(prompt.system + prompt.user)
            return await super().ask(exchange, prompt)

    reviewer, account, _ = make(Listening(Gates(open_gates=True)), output_score=0.05)
    exchange = account.exchange
    told = Turn("system", "Our secret price list", Origin.OPERATOR)
    exchange.conversation = Conversation((told, *exchange.conversation.turns))
    exchange.headers = {"authorization": "Bearer sk-secret"}
    await reviewer.review(account, 0, VERDICT)
    assert len(heard) == 2
    assert not [text for text in heard if "secret" in text or "price list" in text]


async def test_the_embedded_critic_takes_nothing_out_of_what_has_a_form() -> None:
    """JSON without a sentence is no JSON; and no model is asked in its place."""
    for changes in ({"structured": True}, {"constitution": NO_CONSTITUTION}):
        upstream = FakeUpstream(Gates(open_gates=True), critic_answer=FINDING)
        reviewer, account, _ = make(upstream, output_score=lambda text: 0.4 if "idiot" in text else 0.05)
        exchange = account.exchange
        bundle = replace(exchange.bundle, policy=replace(exchange.bundle.policy, critic="embedded"))
        exchange.bundle = replace(bundle, constitution=changes.get("constitution", bundle.constitution))
        exchange.structured = "structured" in changes
        result = await reviewer.review(account, 0, VERDICT)
        assert (result.deliver, result.outcome, result.rounds) == ("draft", "original", 0)
