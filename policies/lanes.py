"""Lanes: an answer passes, is deliberated on, or is blocked, by its calibrated score and fixed checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from policies.constitution import CompiledConstitution
from policies.draws import drawn
from policies.findings import Evidence
from policies.policy import ReviewBudget
from policies.verdict import Action, Verdict

Lane = Literal["pass", "deliberate", "block"]
"""`pass`: under every limit; `deliberate`: a rule or a fixed check asks for a critic; `block`: withheld."""
Trigger = Literal["score", "evidence", "sample"]
"""What led to a review: a rule on scores, a fixed check, or the lot (for the counts alone)."""
EvidenceFinder = Callable[[CompiledConstitution, str, str], tuple[Evidence, ...]]
"""Fixed checks: what they find in a draft (after constitution and request). Pure, and it never raises."""

_ORDER: tuple[Lane, ...] = ("pass", "deliberate", "block")


def no_evidence(constitution: CompiledConstitution, request: str, draft: str) -> tuple[Evidence, ...]:
    """The finder of a house without fixed checks."""
    del constitution, request, draft
    return ()


def lane_of(verdict: Verdict, evidence: Sequence[Evidence] = ()) -> Lane:
    """The lane of one answer: what is enforced by its rules, and what fixed checks add."""
    if verdict.action is Action.BLOCK:
        return "block"
    return "deliberate" if verdict.action is Action.REVIEW or evidence else "pass"


def trigger_of(verdict: Verdict) -> Trigger:
    """Why an answer is in the `deliberate` lane."""
    return "score" if verdict.action is Action.REVIEW else "evidence"


def gravest(lanes: Sequence[Lane]) -> Lane | None:
    """The lane of an exchange with several answers; None where no answer was judged."""
    return lanes[0] if len(lanes) == 1 else max(lanes, key=_ORDER.index, default=None)


def sampled(exchange: str, budget: ReviewBudget) -> bool:
    """Whether the lot falls on an exchange, by its id."""
    return budget.sample > 0 and drawn(f"{exchange} review", budget.sample)
