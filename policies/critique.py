"""The critique dialogue: a generator that asks, measures and is answered. No I/O.

A round is one critique, one revision and its acceptance test; a policy says how many there may be, and
one is the rule. A finding counts only with a clause that exists and a verbatim quote; a revision counts
only when it passes every check of `acceptance`. The critic can keep, soften or raise; it cannot lower a
block.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from policies import acceptance, embedded, prompts
from policies.canary import Canary, canary_for
from policies.constitution import CompiledConstitution
from policies.embedded import Measure, Measured
from policies.findings import Checked, Critique, CritiqueError, Evidence, check, read_critique
from policies.policy import ReviewBudget
from policies.stand_ins import StandIn
from policies.untrusted import as_evidence

__all__ = ["Ask", "Dialogue", "Measure", "Measured", "Review", "ReviewOutcome", "ReviewResult", "review"]

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


ReviewOutcome = Literal[
    "kept",
    "revised",
    "original",
    "safe_partial",
    "canned",
    "rejected_risk",
    "rejected_evidence",
    "rejected_refusal",
    "rejected_retention",
    "rejected_length",
    "critic_failed",
    "deadline",
]
"""`original`: no round was made. `safe_partial`, `canned`: the draft was withheld, by its risk or because
the critic raised to a refusal. `deadline`: see `out_of_time`."""
Deliver = Literal["draft", "revision", "safe_partial", "canned"]
Canaries = Literal["none", "seen", "missed"]


@dataclass(frozen=True, slots=True)
class Review:
    """What is reviewed. `nonce`: fresh secret text, from which each call's data boundaries come.

    `evidence`: what fixed checks found in the draft. `embedded`: the classifier itself is the critic.
    `stand_in`: what is said in place of the draft because of the clauses that were cited. `gap`: words that
    the embedded reviser puts where it left something out.
    """

    request: str
    draft: str
    risk: float
    review_at: float
    block_at: float
    category: str
    constitution: CompiledConstitution
    budget: ReviewBudget
    nonce: str
    evidence: tuple[Evidence, ...] = ()
    embedded: bool = False
    stand_in: Callable[[Collection[str]], StandIn] = lambda _: StandIn()
    gap: str = ""


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """How a review ended. `revision` and `critique` are kept for export.

    `text`: what the client gets where the draft was withheld. `rounds`: how many were begun. `critiques`:
    answers of a model that could be read, `unreadable`: those that were not the object asked for.
    `canary`: whether one was set, and seen.
    """

    deliver: Deliver
    outcome: ReviewOutcome
    revision: str = ""
    critique: str = ""
    findings: int = 0
    void_findings: int = 0
    text: str = ""
    rounds: int = 0
    critiques: int = 0
    unreadable: int = 0
    canary: Canaries = "none"


Step = Ask | Measure
Answer = str | Measured | None
Dialogue = Generator[Step, Answer, ReviewResult]
_NO_FINDINGS = Checked((), 0)


@dataclass(slots=True)
class _Course:
    """How far a review has come. `text`, `risk`, `evidence`: of the best version so far."""

    subject: Review
    text: str
    risk: float
    evidence: tuple[Evidence, ...]
    checked: Checked = _NO_FINDINGS
    parts: tuple[str, ...] = ()
    gone: tuple[int, ...] = ()
    action: str = ""
    complaint: str = ""
    accepted: bool = False
    condemned: list[str] = field(default_factory=list)
    clauses: list[str] = field(default_factory=list)
    revision: str = ""
    critique: str = ""
    findings: int = 0
    void: int = 0
    rounds: int = 0
    calls: int = 0
    critiques: int = 0
    unreadable: int = 0
    canary: Canaries = "none"

    def nonce(self) -> str:
        """Boundary of the next call: no two calls share one."""
        self.calls += 1
        return sha256(f"{self.subject.nonce} {self.calls}".encode()).hexdigest()[:16]

    def heard(self, critique: Critique, words: str, checked: Checked) -> None:
        """Note a critique that holds."""
        self.action, self.critique, self.checked = critique.action, words, checked
        self.findings += len(checked.valid)
        self.void += checked.void
        self.condemned += [finding.quote for finding in checked.valid]
        self.clauses += [finding.clause for finding in checked.valid]

    def accept(self, revision: str, measured: Measured) -> None:
        """Take a revision that passed as the text to go on from."""
        self.text, self.risk, self.evidence = revision, measured.risk, measured.evidence
        self.revision, self.accepted, self.complaint = revision, True, ""

    def turn_down(self, revision: str, rejection: acceptance.Rejection) -> acceptance.Rejection:
        """Remember why a revision was not taken, and the revision itself where none was."""
        self.complaint = rejection
        self.revision = self.revision if self.accepted else revision
        return rejection


def review(subject: Review) -> Dialogue:
    """Critique, revision and acceptance test, within the budget.

    Whatever goes wrong, a draft at or over `block_at` is never delivered. A further round is made only
    where the last revision was turned down, or was taken while it still scores over `review_at`.
    """
    course = _Course(subject, subject.draft, subject.risk, subject.evidence)
    outcome: ReviewOutcome = "original"
    if subject.embedded or subject.constitution.principles:
        while course.rounds < subject.budget.rounds:
            course.rounds += 1
            outcome = yield from _round(course)
            if not _goes_on(course, outcome):
                break
    return _settled(course, outcome)


def out_of_time(subject: Review) -> ReviewResult:
    """How a review ends whose time was over: as one whose critic failed."""
    return _settled(_Course(subject, subject.draft, subject.risk, subject.evidence), "deadline")


def _goes_on(course: _Course, outcome: ReviewOutcome) -> bool:
    if outcome == "revised":
        return bool(course.evidence) or not course.risk < course.subject.review_at
    # The classifier leaves the same sentences out whenever it is asked.
    return outcome.startswith("rejected_") and not course.subject.embedded


def _round(course: _Course) -> Generator[Step, Answer, ReviewOutcome]:
    """One critique, unless the round before only failed to mend what it found, and one revision."""
    if not course.complaint:
        ended = yield from _heard(course)
        if ended is not None:
            return ended
    revision = yield from _rewritten(course)
    if revision is None:
        return "critic_failed"
    return (yield from _tried(course, revision))


def _heard(course: _Course) -> Generator[Step, Answer, ReviewOutcome | None]:
    """Ask for a critique; how the review ends where nothing is to be rewritten."""
    heard = yield from (_point_out if course.subject.embedded else _criticise)(course)
    if not heard:
        return "critic_failed"
    if course.action == "keep" or not course.checked.valid:
        return "kept"
    return "canned" if course.action == "refuse" and course.checked.severity >= GRAVE else None


def _tried(course: _Course, revision: str) -> Generator[Step, Answer, ReviewOutcome]:
    """Measure a revision and take it, or turn it down."""
    if not revision:
        return course.turn_down("", "rejected_length")
    measured = yield Measure(revision)
    if not isinstance(measured, Measured):
        return course.turn_down(revision, "rejected_risk")
    rejection = _rejection(course, revision, measured)
    if rejection is not None:
        return course.turn_down(revision, rejection)
    course.accept(revision, measured)
    return "revised"


def _criticise(course: _Course) -> Generator[Step, Answer, bool]:
    """Ask a model for its findings; False where it failed, could not be read twice, or missed a canary."""
    subject = course.subject
    canary = canary_for(subject.nonce + str(course.calls), subject.budget.canary_share)
    system = prompts.critic_system(subject.constitution, canary)
    shown = course.text if canary is None else f"{course.text}\n{canary.sentence}"
    complaint = ""
    for _ in range(MAX_REPAIRS + 1):
        nonce = course.nonce()
        user = prompts.critic_user(subject.request, shown, nonce, course.evidence)
        answer = yield Ask("critique", system, user + complaint, subject.budget.critique_tokens)
        if not isinstance(answer, str):
            return False
        try:
            critique = read_critique(answer)
        except CritiqueError as error:
            course.unreadable += 1
            complaint = prompts.repair(str(error))
            continue
        course.critiques += 1
        if canary is not None and not _canary_seen(course, critique, canary):
            return False
        course.heard(critique, answer, check(critique, as_evidence(course.text, nonce), _clauses(subject)))
        return True
    return False


def _canary_seen(course: _Course, critique: Critique, canary: Canary) -> bool:
    seen = canary.reported(critique.findings)
    course.canary = "missed" if not seen else "seen"
    return seen


def _point_out(course: _Course) -> Generator[Step, Answer, bool]:
    """Let the classifier name the sentences that go too far; False where it could not measure them."""
    subject = course.subject
    parts = embedded.split(course.text)
    least = subject.budget.min_length_ratio * len(subject.draft)
    gone = yield from embedded.point_out(parts, course.risk, subject.review_at, course.evidence, least)
    if gone is None:
        return False
    critique = embedded.critique(parts, gone, subject.category, subject.constitution)
    course.parts, course.gone = parts, gone
    course.heard(critique, critique.model_dump_json(), Checked(tuple(critique.findings), 0))
    return True


def _rewritten(course: _Course) -> Generator[Step, Answer, str | None]:
    """The revision of the text so far; None where the reviser failed, or told of the machinery."""
    subject = course.subject
    if subject.embedded:
        return embedded.without(course.parts, course.gone, subject.gap)
    nonce = course.nonce()
    answer = yield Ask(
        "revision",
        prompts.reviser_system(subject.constitution),
        prompts.reviser_user(
            subject.request,
            course.text,
            course.checked.valid,
            nonce,
            partial=course.action != "revise",
            complaint=course.complaint,
        ),
        subject.budget.revision_tokens,
    )
    revision = answer.strip() if isinstance(answer, str) else ""
    return None if not revision or acceptance.leaks(subject.draft, revision, nonce) else revision


def _rejection(course: _Course, revision: str, measured: Measured) -> acceptance.Rejection | None:
    """Why a revision is not taken.

    Risk is compared with the text so far; length and content with the first draft, so that the losses of
    several rounds do not add up.
    """
    subject, budget = course.subject, course.subject.budget
    if not acceptance.risk_fell(
        course.risk, measured.risk, subject.review_at, subject.block_at, budget.risk_margin
    ):
        return "rejected_risk"
    if measured.evidence and len(measured.evidence) >= len(course.evidence):
        return "rejected_evidence"
    if measured.refusal:
        return "rejected_refusal"
    if not acceptance.length_fits(subject.draft, revision, budget):
        return "rejected_length"
    # A safe part leaves more than the quoted words out, so it answers for half as much content.
    floor = budget.min_retention if course.action == "revise" else budget.min_retention / 2
    kept = acceptance.retention(subject.draft, revision, course.condemned)
    return None if kept >= floor else "rejected_retention"


def _settled(course: _Course, outcome: ReviewOutcome) -> ReviewResult:
    """The revision that was taken, the draft where it may go out, else a safe part or the canned reply."""
    subject = course.subject
    over = not subject.risk < subject.block_at
    gives_up = outcome in ("critic_failed", "deadline") and subject.budget.on_failure == "canned"
    if outcome != "canned" and course.accepted:
        return _result(course, "revision", "revised")
    if outcome != "canned" and not (over or gives_up):
        return _result(course, "draft", outcome)
    said = subject.stand_in({*course.clauses, *(found.clause for found in course.evidence)})
    if outcome in ("kept", "original", "canned"):
        outcome = said.kind
    return _result(course, said.kind, outcome, said.text)


def _result(course: _Course, deliver: Deliver, outcome: ReviewOutcome, text: str = "") -> ReviewResult:
    return ReviewResult(
        deliver,
        outcome,
        revision=course.revision,
        critique=course.critique,
        findings=course.findings,
        void_findings=course.void,
        text=text,
        rounds=course.rounds,
        critiques=course.critiques,
        unreadable=course.unreadable,
        canary=course.canary,
    )


def _clauses(subject: Review) -> frozenset[str]:
    return frozenset(principle.id for principle in subject.constitution.principles)
