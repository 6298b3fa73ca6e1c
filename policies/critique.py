"""The critique dialogue: a generator that asks, measures and is answered. No I/O.

One critique, at most one revision, one acceptance test. A finding counts only with a clause that
exists and a verbatim quote; a revision counts only when it passes every check of `acceptance`. The
critic can keep, soften or raise; it cannot lower a block.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from policies import acceptance, prompts
from policies.constitution import CompiledConstitution
from policies.findings import Checked, Critique, CritiqueError, Finding, check, read_critique
from policies.policy import ReviewBudget
from policies.untrusted import as_evidence

MAX_REPAIRS = 1
"""How often a critic is asked again after an answer that could not be read."""
GRAVE = 2
"""Severity from which `refuse` is followed; below it the critic's word alone withholds nothing."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A call to the critic: answered with its text (`str`), or None where the call failed."""

    purpose: Literal["critique", "revision"]
    system: str
    user: str
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Measure:
    """A text to classify as a reply to the request: answered with `Measured`, or None on failure."""

    text: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Risk in [0, 1] (highest reviewed label) and whether the text is a refusal."""

    risk: float
    refusal: bool


ReviewOutcome = Literal[
    "kept",
    "revised",
    "original",
    "canned",
    "rejected_risk",
    "rejected_refusal",
    "rejected_retention",
    "rejected_length",
    "critic_failed",
    "deadline",
]
"""`original`/`canned`: no round was made, or the critic raised to a refusal; `deadline` is the caller's."""


@dataclass(frozen=True, slots=True)
class Review:
    """What is reviewed. `nonce`: fresh random text for this call's data boundaries."""

    request: str
    draft: str
    risk: float
    review_at: float
    block_at: float
    category: str
    constitution: CompiledConstitution
    budget: ReviewBudget
    nonce: str


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """`deliver`: the draft, the revision, or the canned reply; `revision` is kept for export."""

    deliver: Literal["draft", "revision", "canned"]
    outcome: ReviewOutcome
    revision: str = ""
    critique: str = ""
    findings: int = 0
    void_findings: int = 0


Dialogue = Generator[Ask | Measure, "str | Measured | None", ReviewResult]


def review(subject: Review) -> Dialogue:
    """Critique, one revision and its acceptance test, within the budget.

    Whatever goes wrong, a draft at or over `block_at` is never delivered.
    """
    if subject.budget.rounds < 1 or not subject.constitution.principles:
        return _settle(subject, "original")
    asked = yield from _criticise(subject)
    if asked is None:
        return _settle(subject, "critic_failed")
    critique, words = asked
    checked = check(critique, as_evidence(subject.draft, subject.nonce), _clauses(subject))
    if critique.action == "keep" or not checked.valid:
        return _settle(subject, "kept", words, checked)
    if critique.action == "refuse" and checked.severity >= GRAVE:
        return _result("canned", "canned", words, checked)
    return (yield from _revise(subject, words, checked, partial=critique.action != "revise"))


def _criticise(
    subject: Review,
) -> Generator[Ask | Measure, str | Measured | None, tuple[Critique, str] | None]:
    """The critic's object and its words; None where it failed or could not be read twice."""
    system = prompts.critic_system(subject.constitution)
    user = prompts.critic_user(subject.request, subject.draft, subject.nonce)
    complaint = ""
    for _ in range(MAX_REPAIRS + 1):
        answer = yield Ask("critique", system, user + complaint, subject.budget.critique_tokens)
        if not isinstance(answer, str):
            return None
        try:
            return read_critique(answer), answer
        except CritiqueError as error:
            complaint = prompts.repair(str(error))
    return None


def _revise(subject: Review, words: str, checked: Checked, *, partial: bool) -> Dialogue:
    answer = yield Ask(
        "revision",
        prompts.reviser_system(subject.constitution),
        prompts.reviser_user(subject.request, subject.draft, checked.valid, subject.nonce, partial=partial),
        subject.budget.revision_tokens,
    )
    revision = answer.strip() if isinstance(answer, str) else ""
    if not revision or acceptance.leaks(subject.draft, revision, subject.nonce):
        return _settle(subject, "critic_failed", words, checked)
    measured = yield Measure(revision)
    rejection = _rejection(subject, revision, measured, checked.valid, partial=partial)
    if rejection is None:
        return _result("revision", "revised", words, checked, revision)
    return _settle(subject, rejection, words, checked, revision)


def _rejection(
    subject: Review,
    revision: str,
    measured: str | Measured | None,
    findings: tuple[Finding, ...],
    *,
    partial: bool,
) -> acceptance.Rejection | None:
    """Why a revision is not taken; what could not be measured has not passed."""
    budget = subject.budget
    if not isinstance(measured, Measured) or not acceptance.risk_fell(
        subject.risk, measured.risk, subject.review_at, subject.block_at, budget.risk_margin
    ):
        return "rejected_risk"
    if measured.refusal:
        return "rejected_refusal"
    if not acceptance.length_fits(subject.draft, revision, budget):
        return "rejected_length"
    # A safe part leaves more than the quoted words out, so it answers for half as much content.
    floor = budget.min_retention / 2 if partial else budget.min_retention
    kept = acceptance.retention(subject.draft, revision, (finding.quote for finding in findings))
    return None if kept >= floor else "rejected_retention"


def _settle(
    subject: Review,
    outcome: ReviewOutcome,
    words: str = "",
    checked: Checked | None = None,
    revision: str = "",
) -> ReviewResult:
    """The draft where it may go out, else the canned reply."""
    over = not subject.risk < subject.block_at
    gives_up = outcome == "critic_failed" and subject.budget.on_failure == "canned"
    if outcome in ("kept", "original") and over:
        outcome = "canned"
    return _result("canned" if over or gives_up else "draft", outcome, words, checked, revision)


def _result(
    deliver: Literal["draft", "revision", "canned"],
    outcome: ReviewOutcome,
    words: str,
    checked: Checked | None,
    revision: str = "",
) -> ReviewResult:
    valid, void = (len(checked.valid), checked.void) if checked is not None else (0, 0)
    return ReviewResult(deliver, outcome, revision, words, valid, void)


def _clauses(subject: Review) -> frozenset[str]:
    return frozenset(principle.id for principle in subject.constitution.principles)
