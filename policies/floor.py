"""The floor: hard rules of one policy that another keeps, whatever else it says.

Hard is what a policy enforces with a block: its rules, and what it says of parts and languages that no
guard reads. They are added, not merged: the worst action wins, so a policy that holds a floor is at least
as strict as the floor's hard rules on every input, and may be stricter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.digest import addressed
from policies.policy import Limit, OnFailure, Policy, Rule
from policies.verdict import Action, Stage


def hard_rules(policy: Policy) -> tuple[Rule, ...]:
    """Rules that block and are enforced."""
    return tuple(rule for rule in policy.rules if rule.mode == "enforce" and rule.action is Action.BLOCK)


def held(policy: Policy, floor: Policy) -> Policy:
    """The policy with the floor's hard rules, named `<floor>.<rule>` where none of its own covers one.

    A rule that waits for a flagged input waits only where the policy flags all that the floor flags.
    Both are as loaded, before `rules.resolve`. A policy that lacks nothing comes back as it is.
    """
    own, alike = hard_rules(policy), _flags_alike(policy, floor)
    wanted = (rule if alike else replace(rule, when_flagged=False) for rule in hard_rules(floor))
    added = tuple(
        replace(rule, id=f"{floor.name}.{rule.id}")
        for rule in wanted
        if not any(_covers(each, rule) for each in own)
    )
    blocks = _blocks(policy, floor) if floor.mode == "enforce" else {}
    if not added and not blocks:
        return policy
    said = tuple(f"holds {rule.id}" for rule in added) + tuple(f"holds {name}: block" for name in blocks)
    return addressed(
        replace(policy, rules=(*policy.rules, *added), changes=(*policy.changes, *said), **blocks)
    )


def _blocks(policy: Policy, floor: Policy) -> dict[str, Any]:
    """What the floor blocks of unread parts and languages, where the policy does not."""
    monitored = policy.mode == "monitor"
    kept: dict[str, Any] = {
        name: "block"
        for name in ("on_uncovered", "on_unsupported_language")
        if getattr(floor, name) == "block" and (monitored or getattr(policy, name) != "block")
    }
    kinds = {*floor.media, *policy.media}
    media = {kind: _stricter(_said(policy, kind), _said(floor, kind)) for kind in sorted(kinds)}
    if kinds and (kept or any(media[kind] != _said(policy, kind) for kind in kinds)):
        kept["media"] = media
    if not kept or not monitored:
        return kept
    calmed = {
        name: "flag"
        for name in ("on_uncovered", "on_unsupported_language")
        if name not in kept and getattr(policy, name) == "block"
    }
    return {**kept, **calmed, "mode": "enforce"}


def _said(policy: Policy, kind: str) -> OnFailure:
    said = policy.media.get(kind, policy.on_uncovered)
    return "flag" if policy.mode == "monitor" and said == "block" else said


def _stricter(one: OnFailure, other: OnFailure) -> OnFailure:
    return "block" if other == "block" else one


def _flags_alike(policy: Policy, floor: Policy) -> bool:
    """Whether the policy flags all that the floor flags: then rules that wait for a flag may wait."""
    own = _flagging(policy)
    words = ("on_uncovered", "on_unsupported_language")
    pairs = [(getattr(policy, word), getattr(floor, word)) for word in words]
    pairs += [(_said(policy, kind), _said(floor, kind)) for kind in {*floor.media, *policy.media}]
    return all(any(_covers(each, rule) for each in own) for rule in _flagging(floor)) and not any(
        ours == "allow" != theirs for ours, theirs in pairs
    )


def _flagging(policy: Policy) -> list[Rule]:
    """Rules on the input that flag it or worse, enforced or not."""
    return [rule for rule in policy.rules if rule.stage is not Stage.POST_CALL and rule.mode != "off"]


def _covers(own: Rule, hard: Rule) -> bool:
    """Whether a rule finds whatever the other finds, as far as one can see from the two of them."""
    narrows = own.kind == "uncovered" and own.labels != hard.labels
    return all(
        (
            (own.stage, own.kind, own.classifier) == (hard.stage, hard.kind, hard.classifier),
            (not own.labels) if narrows else set(own.labels) >= set(hard.labels),
            set(own.patterns) >= set(hard.patterns),
            set(own.origins) >= set(hard.origins),
            own.turns in ("all", hard.turns),
            own.when_flagged <= hard.when_flagged,
            own.on_failure in ("block", hard.on_failure),
            not own.also or own.also == hard.also,
            own.threshold == hard.threshold or _lower(own.threshold, hard.threshold),
        )
    )


def _lower(own: Limit, hard: Limit) -> bool:
    return isinstance(own, float) and isinstance(hard, float) and own < hard
