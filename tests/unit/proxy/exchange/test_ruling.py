"""The judge notes and tells what the policy says, choice by choice."""

from __future__ import annotations

from dataclasses import replace

from classifiers.classification import Classification, Conversation, Origin, Turn, Uncovered
from policies.constitution import Principle
from policies.critique import ReviewResult
from policies.findings import Evidence
from policies.policy import Policy, ReviewBudget, Rule
from policies.refusal_calibration import Calibration, Calibrations
from policies.rules import resolve
from policies.verdict import Action, Failure, Reading, Stage, Verdict
from proxy.exchange.account import Account
from proxy.exchange.events import CritiqueRound, GuardFailed, RefusalSeen, ReplyReplaced, VerdictGiven
from proxy.exchange.exchange import ChoiceDraft, Delivery, Exchange, Piece, ReplyOrigin
from proxy.exchange.pairing import PreferencePair
from proxy.exchange.plan import plan
from proxy.exchange.ports import Screening
from proxy.exchange.reviewing import Reviewer
from proxy.exchange.ruling import Judge
from proxy.testing import (
    CANNED,
    POINTS,
    FakeScreener,
    FakeUpstream,
    Gates,
    ListLedger,
    plain_bundle,
    plain_exchange,
    text_delta,
)

RULES = (
    Rule("in", Stage.DURING_CALL, Action.BLOCK, ("harm",), 0.5),
    Rule("out", Stage.POST_CALL, Action.BLOCK, ("harm",), 0.5, classifier="exchange"),
)
POLICY = Policy("p", "1", RULES, digest="p", benign_below={"harm": 0.2})


def judge(policy: Policy = POLICY, exchange: dict[str, object] | None = None, **screener: object) -> Judge:
    gates = Gates(open_gates=True)
    bundle = plain_bundle(resolve(policy, POINTS))
    account = Account(
        plain_exchange(bundle, **(exchange or {})), plan(bundle.policy), ListLedger(), lambda: 1.0
    )
    screen = FakeScreener(gates, **screener)  # type: ignore[arg-type]
    return Judge(account, screen, Reviewer(FakeUpstream(gates), screen, lambda: "n"))


def told(made: Judge, kind: type) -> list:
    return [event for event in made.account.ledger.events if isinstance(event, kind)]


async def test_only_the_offending_choice_is_replaced() -> None:
    made = judge(output_score=lambda text: 0.9 if "bad" in text else 0.1)
    for delta in (text_delta("good", 0), text_delta("bad", 1)):
        made.account.draft.add(delta)
    await made.rule_draft()
    assert {i: r.text for i, r in made.account.replacements.items()} == {1: CANNED}
    assert made.ruling().replacements[0][1].origin is ReplyOrigin.CANNED
    assert len(told(made, ReplyReplaced)) == 1


async def test_every_field_of_a_choice_is_judged() -> None:
    for name in ("tool_call", "reasoning", "refusal", "other"):
        made = judge(output_score=lambda text: 0.9 if "bad" in text else 0.0)
        made.account.draft.add(text_delta("fine"))
        made.account.draft.choices[0].add(Piece(0, name, "bad"))  # type: ignore[arg-type]
        await made.rule_draft()
        assert made.account.replacements, name


async def test_a_tool_call_without_text_is_compliance_and_a_refusal_field_a_refusal() -> None:
    made = judge()
    made.account.draft.choice(0).add(Piece(0, "tool_call", '{"city": "Ulm"}'))
    made.account.draft.choice(1).add(Piece(1, "refusal", "I cannot."))
    await made.rule_draft()
    assert made.account.refusals == {0: "comply", 1: "refuse"}


async def test_a_guard_that_blocks_what_looks_benign_is_a_suspected_over_refusal() -> None:
    policy = replace(
        POLICY, rules=(replace(RULES[0], id="phrase", kind="phrase", patterns=("hello",)), *RULES)
    )
    made = judge(policy, input_score=0.05)
    await made.rule_input(Stage.DURING_CALL)
    assert made.blocks_input
    made.replace_all()
    (seen,) = told(made, RefusalSeen)
    assert (seen.origin, seen.suspected) == ("input_rule", True)


async def test_an_outage_of_the_guard_is_no_over_refusal() -> None:
    made = judge(input_score=Failure.TIMEOUT)
    await made.rule_input(Stage.DURING_CALL)
    made.replace_all()
    assert [event.suspected for event in told(made, RefusalSeen)] == [False]
    assert [event.mode for event in told(made, GuardFailed)] == ["closed"]


async def test_uncovered_parts_are_ruled_on_even_where_no_rule_reads_the_input() -> None:
    turns = (Turn("user", "what is this?", Origin.USER),)
    conversation = Conversation(turns, (Uncovered("image", "messages[0].content[1]"),))
    for wish, action in (("block", Action.BLOCK), ("flag", Action.FLAG), ("allow", Action.ALLOW)):
        policy = Policy("p", "1", (RULES[1],), on_uncovered=wish, digest=wish)  # type: ignore[arg-type]
        made = judge(policy, {"conversation": conversation, "parts": 2})
        await made.rule_input(Stage.DURING_CALL)
        assert made.account.input_verdict.action is action


async def test_a_refusal_of_a_request_that_nobody_could_read_is_no_suspected_over_refusal() -> None:
    policy = replace(POLICY, on_unsupported_language="block")
    made = judge(policy)
    measured = Classification("m@1", "d", {"harm": 0.01}, unsupported="zh")
    made.judge_input(Stage.DURING_CALL, Screening((Reading("input", Origin.USER, measured),)), 0.0)
    assert made.blocks_input
    made.replace_all()
    (seen,) = told(made, RefusalSeen)
    assert (seen.category, seen.suspected) == ("unsupported_language", False)


async def test_fresh_scores_are_told_and_cached_ones_are_not_told_again() -> None:
    for cached, scores in ((False, {"harm": 0.3}), (True, {})):
        made = judge(input_score=0.3, cached=cached)
        await made.rule_input(Stage.DURING_CALL)
        assert [event.scores for event in told(made, VerdictGiven)] == [scores]


async def test_a_refusal_is_read_with_the_calibration_of_its_model() -> None:
    scores = {"comply": 0.35, "partial": 0.02, "refuse": 0.6, "unable": 0.03}
    for pattern, kind in (("nobody", "comply"), ("*", "refuse")):
        made = judge(exchange={"model": "curt-1"})
        made.calibrations = Calibrations({pattern: Calibration({"refuse": 2.0})})
        made._note_refusal(0, ChoiceDraft("Let us talk about kittens."), scores)
        assert made.account.refusals == {0: kind}
        assert scores["refuse"] == 0.6


REVIEWING = Rule("rev", Stage.POST_CALL, Action.REVIEW, ("harm",), 0.3, classifier="exchange")


async def test_a_draft_withheld_by_its_review_becomes_the_safe_partial_reply() -> None:
    """The critic fails, the policy keeps nothing, and the category has words for it."""
    rule = replace(REVIEWING, category="output")
    policy = Policy("p", "1", (rule,), digest="r", review=ReviewBudget(on_failure="canned"))
    made = judge(policy, output_score=0.4)
    bundle = made.account.exchange.bundle
    replies = replace(bundle.replies, partials={"en": {"output": "The safe part ({decision})."}})
    clauses = replace(bundle.constitution, principles=(Principle("kind", "K", "Be kind."),))
    made.account.exchange.bundle = replace(bundle, replies=replies, constitution=clauses)
    made.account.draft.add(text_delta("doubtful"))
    await made.rule_draft()
    assert made.account.replacements[0].text == f"The safe part ({made.account.exchange.id})."
    assert made.account.replacements[0].category == "output"
    assert (made.account.lanes, made.account.lane) == ({0: "deliberate"}, "deliberate")
    assert [event.delivered for event in told(made, CritiqueRound)] == ["safe_partial"]


async def test_fixed_checks_look_at_held_answers_only() -> None:
    """Of an answer that has left nothing can be taken back."""
    found = (Evidence("kind", "some", "listed"),)
    for delivery, use, expected in (
        (Delivery.BUFFERED, "held", 1),
        (Delivery.LIVE, "held", 0),
        (Delivery.BUFFERED, "off", 0),
    ):
        made = judge(replace(POLICY, digest=use, review=ReviewBudget(evidence=use)))  # type: ignore[arg-type]
        made.reviewer = replace(made.reviewer, evidence=lambda *_: found)
        made.account.delivery = delivery
        made.account.draft.add(text_delta("some words"))
        await made.rule_draft()
        assert made.account.evidence == expected


class Keeper:
    """Keeps pairs of the tenants it is told."""

    def __init__(self, *consenting: str) -> None:
        self.consenting = consenting
        self.pairs: list[PreferencePair] = []

    def consents(self, exchange: Exchange) -> bool:
        return exchange.tenant in self.consenting

    def keep(self, pair: PreferencePair) -> None:
        self.pairs.append(pair)


async def test_the_texts_of_a_review_are_kept_where_the_tenant_consents_and_nowhere_else() -> None:
    for consenting, kept in (("default", 1), ("another", 0)):
        made = judge()
        made.pairs = Keeper(consenting)
        made.account.draft.add(text_delta("a bad draft"))
        verdict = Verdict(action=Action.REVIEW, category="ncr", score=0.6)
        made._apply(0, verdict, ReviewResult("canned", "canned"))
        assert [pair.draft for pair in made.pairs.pairs] == ["a bad draft"] * kept


async def test_without_a_journal_a_review_leaves_no_texts() -> None:
    made = judge(output_score=0.6)
    made.account.draft.add(text_delta("a bad draft"))
    made._apply(0, Verdict(action=Action.REVIEW, category="ncr"), ReviewResult("canned", "canned"))
    assert made.pairs is None
    assert not [event for event in made.account.ledger.events if "a bad draft" in repr(event)]
