"""Verdicts: what a policy decided, why, and whether a guard failed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from classifiers.classification import Classification, Origin


class Stage(StrEnum):
    """When a rule runs."""

    PRE_CALL = "pre_call"
    """Before anything leaves the house (rules against data loss belong here)."""
    DURING_CALL = "during_call"
    """On the input, beside a speculative upstream call where the policy allows one."""
    POST_CALL = "post_call"
    """On the model's answer, together with its request."""


class Action(StrEnum):
    """What a rule wants, weakest first."""

    ALLOW = "allow"
    FLAG = "flag"
    REVIEW = "review"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """0 (allow) to 3 (block)."""
        return _SEVERITY[self]


_SEVERITY = {Action.ALLOW: 0, Action.FLAG: 1, Action.REVIEW: 2, Action.BLOCK: 3}


class Failure(StrEnum):
    """Why a guard gave no measurement. None of them ever reads as "passed"."""

    TIMEOUT = "timeout"
    ERROR = "error"
    OVERLOADED = "overloaded"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Reading:
    """One classification of one turn (or of one choice of an answer)."""

    classifier: str
    origin: Origin
    classification: Classification
    index: int = 0
    """Turn number in the conversation, or choice number in the answer; -1: the conversation as a whole."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy decided.

    `action` is what is enforced; `would` what it would be with every monitored rule enforced.
    `category` is the canned reply's key (a hazard, `jailbreak`, `uncovered`, `guard_unavailable`, …);
    `score`/`threshold` are those of the deciding rule. `failure` is set whenever a guard that a live
    rule needed did not measure, even where `on_failure` let it pass. `flagged` lists every label at or
    over a rule's threshold.

    `rule`, `category`, `reason`, `score`, `threshold` and `index` describe the enforced rule that
    decided; where nothing is enforced, the monitored rule that would have (`would_rule` names that
    one in either case). `index` is that of the turn or choice, -1 where it is about no single one.
    """

    action: Action = Action.ALLOW
    would: Action = Action.ALLOW
    category: str = ""
    rule: str = ""
    reason: str = ""
    score: float | None = None
    threshold: float | None = None
    failure: Failure | None = None
    flagged: tuple[str, ...] = ()
    index: int = 0
    would_rule: str = ""


ALLOWED = Verdict()
