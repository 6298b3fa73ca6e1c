"""A candidate: a policy that is judged on the same measurements as the one that serves, and never acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from classifiers.classification import Conversation, Origin
from policies.policy import Policy
from policies.rules import judge, live
from policies.verdict import ALLOWED, Action, Failure, Reading, Stage, Verdict

CandidateResult = Literal["same", "newly_blocked", "newly_allowed", "otherwise", "unmeasured"]
"""`otherwise`: another action short of a block; `unmeasured`: it needs what was not measured, so that
nothing can be said."""
CANDIDATE_RESULTS: tuple[CandidateResult, ...] = get_args(CandidateResult)
Side = Literal["", "input", "output"]

_INPUT = (Stage.PRE_CALL, Stage.DURING_CALL)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy makes of an exchange: its verdict on the input, and on each choice of the answer."""

    input: Verdict
    output: tuple[Verdict, ...] = ()

    @property
    def gravest(self) -> tuple[Verdict, Side]:
        """The verdict that decides, and its side; a block of the input decides alone."""
        if self.input.action is Action.BLOCK or not self.output:
            return self.input, "input"
        worst = max(self.output, key=lambda verdict: (verdict.action.severity, verdict.failure is None))
        if worst.action.severity > self.input.action.severity:
            return worst, "output"
        return self.input, "input"

    @property
    def measured(self) -> bool:
        """Every guard that could change the decision has measured."""
        verdicts = (self.input, *self.output)
        return all(verdict.failure is None for verdict in verdicts)


@dataclass(frozen=True, slots=True)
class Difference:
    """How the candidate decides where another policy serves. `rule`: the one that blocks on either side."""

    result: CandidateResult
    side: Side
    rule: str
    live: Action
    candidate: Action


def differ(serving: Decision, candidate: Decision) -> Difference:
    """The difference between two decisions on one exchange.

    A block that stands on a measurement is a block, whatever else was not measured.
    """
    (now, now_side), (then, then_side) = serving.gravest, candidate.gravest
    blocks, would = now.action is Action.BLOCK, then.action is Action.BLOCK
    measured = (candidate.measured or (would and then.failure is None)) and (
        serving.measured or (blocks and now.failure is None)
    )
    result: CandidateResult = "same"
    side: Side = ""
    rule = ""
    if not measured:
        result = "unmeasured"
    elif would and not blocks:
        result, side, rule = "newly_blocked", then_side, then.rule
    elif blocks and not would:
        result, side, rule = "newly_allowed", now_side, now.rule
    elif now.action is not then.action:
        graver = then if then.action.severity > now.action.severity else now
        result, side, rule = "otherwise", then_side if graver is then else now_side, graver.rule
    return Difference(result, side, rule, now.action, then.action)


def input_verdict(
    policy: Policy, readings: Sequence[Reading], conversation: Conversation, failure: Failure | None
) -> Verdict:
    """What a policy makes of an input, all of its stages together; the worst one counts, gaps remain."""
    worst = ALLOWED
    gap: Failure | None = None
    for stage in _INPUT:
        if stage is Stage.DURING_CALL or live(policy, stage):
            found = judge(policy, stage, readings, conversation=conversation, failure=failure)
            gap = gap or found.failure
            worst = max(worst, found, key=lambda verdict: (verdict.action.severity, verdict.would.severity))
    return worst if worst.failure is gap or worst.action is Action.BLOCK else _with_gap(worst, gap)


def _with_gap(verdict: Verdict, gap: Failure | None) -> Verdict:
    return Verdict(
        action=verdict.action, would=verdict.would, rule=verdict.rule, failure=gap, reason=verdict.reason
    )


def reads_together(policy: Policy) -> bool:
    """Some rule on the input looks at what several turns say together."""
    return any(Origin.CONVERSATION in rule.origins for stage in _INPUT for rule in live(policy, stage))
