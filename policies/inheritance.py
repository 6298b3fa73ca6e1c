"""Inheritance: a chain of policy files folded into one, with a list of what was changed on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.documents import PolicyDocument, RuleDocument
from policies.policy import Policy, Rule
from policies.verdict import Action

_STRICTNESS = {
    "mode": ("off", "monitor", "enforce"),
    "on_failure": ("allow", "flag", "block"),
    "on_uncovered": ("allow", "flag", "block"),
    "on_unsupported_language": ("allow", "flag", "block"),
    "turns": ("latest", "all"),
    "action": ("allow", "flag", "review", "block"),
}
"""Values of a key, loosest first."""
_MERGED = frozenset({"review", "media", "block_styles"})
"""Groups of which a policy states single keys."""
_SHRINKS = frozenset({"labels", "origins", "patterns"})
"""Lists that loosen a rule when something is taken out."""


@dataclass(slots=True)
class Place:
    """Where something was written: number of the file in the chain, and the path in it."""

    file: int
    path: tuple[str | int, ...]


@dataclass(slots=True)
class MergedRule:
    """A rule's stated keys, and where each was stated last."""

    id: str
    place: Place
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def where(self, key: str) -> Place:
        """Where to point for a problem with a key (`patterns[2]` points to `patterns`)."""
        return self.places.get(key.partition("[")[0], self.place)


@dataclass(slots=True)
class MergedPolicy:
    """A whole chain: policy-level keys with their places, rules in order, changes in words."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    rules: dict[str, MergedRule] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)


def merge(chain: Sequence[PolicyDocument]) -> MergedPolicy:
    """Fold a chain, first ancestor first. A known rule id overrides the keys it states, else appends."""
    merged = MergedPolicy()
    for number, document in enumerate(chain):
        _fold_policy(merged, number, document)
        for index, rule in enumerate(document.rules):
            _fold_rule(merged, Place(number, ("rules", index)), rule)
    return merged


def _fold_policy(merged: MergedPolicy, number: int, document: PolicyDocument) -> None:
    for key, value in _stated(document).items():
        if key in ("name", "version", "extends", "rules"):
            continue
        before = merged.values.get(key, _POLICY_DEFAULTS.get(key))
        after = {**before, **value} if key in _MERGED and before else value
        if number > 0 and before is not None and before != after:
            merged.changes.append(_told(key, before, after, hard=True))
        merged.values[key] = after
        merged.places[key] = Place(number, (key,))


def _fold_rule(merged: MergedPolicy, place: Place, document: RuleDocument) -> None:
    stated = _stated(document)
    known = merged.rules.get(document.id)
    rule = known or MergedRule(document.id, place)
    if known is None:
        merged.rules[document.id] = rule
        if place.file > 0:
            merged.changes.append(f"rule {document.id}: added")
    hard = _is_hard(rule.values)
    for key, value in stated.items():
        before = rule.values.get(key, _DEFAULTS.get(key))
        if known is not None and before != value:
            merged.changes.append(f"rule {document.id}: {_told(key, before, value, hard=hard)}")
        rule.values[key] = value
        rule.places[key] = Place(place.file, (*place.path, key))


_POLICY_DEFAULTS: Mapping[str, Any] = {
    name: Policy.__dataclass_fields__[name].default
    for name in (
        *("mode", "constitution", "replies", "speculative"),
        *("on_uncovered", "on_unsupported_language", "block_style", "profile", "stream"),
    )
}
_DEFAULTS: Mapping[str, Any] = {
    name: list(value) if isinstance(value, tuple) else value
    for name in ("threshold", "kind", "classifier", "origins", "category", "on_failure", "mode", "turns")
    if (value := Rule.__dataclass_fields__[name].default) is not None
}


def _stated(document: PolicyDocument | RuleDocument) -> dict[str, Any]:
    return document.model_dump(exclude_unset=True, exclude_none=True)


def _is_hard(values: Mapping[str, Any]) -> bool:
    return values.get("action") == Action.BLOCK and values.get("mode", "enforce") == "enforce"


def _told(key: str, before: Any, value: Any, *, hard: bool) -> str:
    told = f"{key} {_shown(before)} -> {_shown(value)}"
    if not hard:
        return told
    if key == "threshold" and isinstance(before, str) != isinstance(value, str):
        return f"{told} (may be loosened: the model says where {_point(before, value)} is)"
    return f"{told} (loosened)" if _loosens(key, before, value) else told


def _loosens(key: str, before: Any, value: Any) -> bool:
    if key in _STRICTNESS:
        order = _STRICTNESS[key]
        return order.index(str(value)) < order.index(str(before or order[-1]))
    if key == "media":
        order = _STRICTNESS["on_uncovered"]
        return any(order.index(value[kind]) < order.index(said) for kind, said in before.items())
    if key in _SHRINKS:
        return not set(before or ()) <= set(value)
    if key == "threshold":
        return (before == "flag" and value == "block") if isinstance(value, str) else bool(value > before)
    if key == "also":
        return any(label not in (before or {}) for label in value)
    return key == "when_flagged" and bool(value)


def _point(*limits: Any) -> str:
    return next(limit for limit in limits if isinstance(limit, str))


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(str, value)) + "]"
    return "unset" if value is None else str(value)
