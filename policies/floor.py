"""The floor: hard rules of one policy that another keeps, whatever else it says.

Hard is what a policy enforces with a block: its rules, and what it says of parts and languages that no
guard reads. They are added, not merged: the worst action wins, so a policy that holds a floor is at least
as strict as the floor's hard rules on every input, and may be stricter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.digest import addressed
from policies.policy import OnFailure, Policy, Rule
from policies.verdict import Action


def hard_rules(policy: Policy) -> tuple[Rule, ...]:
    """Rules that block and are enforced."""
    return tuple(rule for rule in policy.rules if rule.mode == "enforce" and rule.action is Action.BLOCK)


def held(policy: Policy, floor: Policy) -> Policy:
    """The policy with the floor's hard rules, named `<floor>.<rule>` where it lacks the same rule.

    Both are as loaded, before `rules.resolve`. A policy that lacks nothing comes back as it is.
    """
    own = set(map(_substance, hard_rules(policy)))
    added = tuple(
        replace(rule, id=f"{floor.name}.{rule.id}")
        for rule in hard_rules(floor)
        if _substance(rule) not in own
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


def _substance(rule: Rule) -> str:
    """A rule without its name: two that differ in nothing else decide alike."""
    return repr(replace(rule, id="", limits=(), also_limits=()))
