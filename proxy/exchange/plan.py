"""What a policy implies for the corridor, worked out once per policy."""

from __future__ import annotations

from dataclasses import dataclass

from classifiers.classification import Origin
from policies.policy import Policy, Rule, StreamDelivery
from policies.verdict import Action, Stage
from proxy.exchange.exchange import Delivery, Exchange


@dataclass(frozen=True, slots=True)
class Plan:
    """Which stages are ruled on, and the delivery facts of one policy."""

    ruled: frozenset[Stage]
    observes: bool
    """No rule is enforced: the client gets the upstream's bytes untouched."""
    withholds: bool
    """An enforced post-call rule, or the answer's language or an unread part of it, may withhold text,
    whatever the input was."""
    reviews: bool
    """Some enforced post-call rule may ask for a revision, whatever the input looked like."""
    withholds_flagged: bool
    reviews_flagged: bool
    """The same two where the input was flagged."""
    reads_together: bool = False
    """Some rule looks at whole sentences of several turns (`Origin.CONVERSATION`)."""

    def delivery(self, exchange: Exchange, flagged: bool) -> Delivery:
        """How this answer is released (see `docs/explanation/delivery-modes.md`)."""
        if not exchange.stream:
            return Delivery.OBSERVE if self.observes else Delivery.BUFFERED
        return self.of_stream(exchange.bundle.policy.stream, flagged, exchange.choices)

    def of_stream(self, chosen: StreamDelivery, flagged: bool, choices: int = 1) -> Delivery:
        """How a stream is released. `chosen`: what the policy says of streams."""
        if self.observes:
            return Delivery.OBSERVE
        if chosen != "auto":
            return Delivery(chosen)
        withholds, reviews = self.withholds, self.reviews
        if flagged:
            withholds, reviews = self.withholds_flagged, self.reviews_flagged
        if not withholds:
            return Delivery.LIVE
        return Delivery.BUFFERED if reviews or choices > 1 else Delivery.WINDOWED


def plan(policy: Policy) -> Plan:
    """The plan of a resolved policy."""
    active = [rule for rule in policy.rules if rule.mode != "off"]
    enforced = [rule for rule in active if rule.mode == "enforce"]
    post = [rule for rule in enforced if rule.stage is Stage.POST_CALL and _withholds(rule)]
    reviewing = [rule for rule in post if rule.action is Action.REVIEW]
    enforces = policy.mode == "enforce"
    blocks_parts = enforces and "block" in (policy.on_uncovered, *policy.media.values())
    checks_all = enforces and policy.review.evidence == "always" and policy.review.rounds > 0
    blocks_languages = enforces and policy.on_unsupported_language == "block"
    return Plan(
        # What a policy says of texts that no guard reads needs a ruling even where no rule reads the input.
        ruled=frozenset((Stage.DURING_CALL, *(rule.stage for rule in active))),
        observes=not (enforced or blocks_parts or blocks_languages or checks_all),
        withholds=blocks_parts
        or blocks_languages
        or checks_all
        or any(not rule.when_flagged for rule in post),
        reviews=checks_all or any(not rule.when_flagged for rule in reviewing),
        withholds_flagged=blocks_parts or blocks_languages or checks_all or bool(post),
        reviews_flagged=checks_all or bool(reviewing),
        reads_together=any(
            Origin.CONVERSATION in rule.origins for rule in active if rule.stage is not Stage.POST_CALL
        ),
    )


def _withholds(rule: Rule) -> bool:
    """The rule may keep text back: by its action, or because it blocks when its guard fails."""
    return rule.action in (Action.REVIEW, Action.BLOCK) or rule.on_failure == "block"
