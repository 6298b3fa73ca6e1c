"""Claims: what rules found, with what they ask for; weighing them gives the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policies.verdict import ALLOWED, Action, Failure, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """A hit, or (with `failure`) a gap. `labels`: every label that was over its limit."""

    category: str
    reason: str
    score: float | None = None
    threshold: float | None = None
    index: int = 0
    labels: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A finding with what its rule asks for."""

    action: Action
    enforced: bool
    rule: str
    finding: Finding


def weigh(claims: Sequence[Claim]) -> Verdict:
    """The worst claim decides; what was measured goes before a gap, and the first of equals wins."""
    if not claims:
        return ALLOWED
    worst = max(claims, key=_weight)
    enforced = max((claim for claim in claims if claim.enforced), key=_weight, default=None)
    acts = enforced is not None and enforced.action is not Action.ALLOW
    decider = enforced if enforced is not None and acts else worst
    return Verdict(
        action=decider.action if acts else Action.ALLOW,
        would=worst.action,
        category=decider.finding.category,
        rule=decider.rule,
        reason=decider.finding.reason,
        score=decider.finding.score,
        threshold=decider.finding.threshold,
        failure=decider.finding.failure or _failure(claims),
        flagged=tuple(dict.fromkeys(label for claim in claims for label in claim.finding.labels)),
        index=decider.finding.index,
        would_rule=worst.rule if worst.action is not Action.ALLOW else "",
    )


def _weight(claim: Claim) -> tuple[int, bool]:
    return claim.action.severity, claim.finding.failure is None


def _failure(claims: Sequence[Claim]) -> Failure | None:
    return next((claim.finding.failure for claim in claims if claim.finding.failure is not None), None)
