"""What a policy implies for the corridor, worked out once per policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies import rules
from policies.policy import Policy, Rule
from policies.verdict import Action, Stage
from proxy.exchange.exchange import Delivery, Exchange


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Classifiers that a stage needs, and how long the guard may take (seconds)."""

    ruled: bool
    classifiers: tuple[str, ...]
    deadline: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Stages and delivery facts of one policy."""

    stages: Mapping[Stage, StagePlan]
    observes: bool
    """No rule is enforced: the client gets the upstream's bytes untouched."""
    withholds: bool
    """Some enforced post-call rule may withhold text."""
    reviews: bool
    """Some enforced post-call rule may ask for a revision, whatever the input looked like."""
    reviews_flagged: bool
    """The same, but only where the input was flagged."""

    def delivery(self, exchange: Exchange, flagged: bool) -> Delivery:
        """How this answer is released (see `docs/explanation/delivery-modes.md`)."""
        chosen = exchange.bundle.policy.stream
        if self.observes:
            return Delivery.OBSERVE
        if not exchange.stream:
            return Delivery.BUFFERED
        if chosen != "auto":
            return Delivery(chosen)
        if not self.withholds:
            return Delivery.LIVE
        if self.reviews or (flagged and self.reviews_flagged) or exchange.choices > 1:
            return Delivery.BUFFERED
        return Delivery.WINDOWED


def plan(policy: Policy) -> Plan:
    """The plan of a resolved policy."""
    active = [rule for rule in policy.rules if rule.mode != "off"]
    enforced = [rule for rule in active if rule.mode == "enforce"]
    post = [rule for rule in enforced if rule.stage is Stage.POST_CALL]
    reviewing = [rule for rule in post if rule.action is Action.REVIEW]
    return Plan(
        stages={stage: _stage(policy, stage, active) for stage in Stage},
        observes=not enforced and policy.on_uncovered != "block",
        withholds=any(rule.action in (Action.REVIEW, Action.BLOCK) for rule in post),
        reviews=any(not rule.when_flagged for rule in reviewing),
        reviews_flagged=bool(reviewing),
    )


def _stage(policy: Policy, stage: Stage, active: list[Rule]) -> StagePlan:
    mine = [rule for rule in active if rule.stage is stage]
    deadline = min((rule.deadline_ms for rule in mine), default=0) / 1000
    # What a policy says of uncovered parts needs a ruling even where no rule reads the input.
    ruled = bool(mine) or stage is Stage.DURING_CALL
    return StagePlan(ruled, rules.needs(policy, stage), deadline)
