"""Problems in files, as `file:line: key.path: what`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from policies.categories import HAZARDS
from policies.inheritance import MergedRule
from policies.policy import Rule
from policies.replies import FALLBACK_LANGUAGE, CannedReplies
from policies.rules import KINDS
from policies.verdict import Action, Stage
from policies.yaml_text import YamlText


def validation_problems(path: object, text: YamlText, error: ValidationError) -> list[str]:
    """Pydantic's errors by place; the branches of a union are told together."""
    told: dict[tuple[str | int, ...], list[str]] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        place = _real(text.value, item["loc"], missing=item["type"] == "missing")
        message = "unknown key" if item["type"] == "extra_forbidden" else item["msg"]
        told.setdefault(place, []).append(message[:1].lower() + message[1:])
    return [
        f"{path}:{text.line(place)}: {dotted(place) or 'file'}: {', or '.join(dict.fromkeys(messages))}"
        for place, messages in told.items()
    ]


def _real(value: Any, location: Sequence[str | int], *, missing: bool) -> tuple[str | int, ...]:
    """The part of a pydantic location that exists in the data (union branches are named in it too)."""
    found: list[str | int] = []
    for number, step in enumerate(location):
        listed = isinstance(value, list) and isinstance(step, int)
        if listed or (isinstance(value, dict) and step in value):
            found.append(step)
            value = value[step]
        elif missing and number == len(location) - 1:
            found.append(step)
    return tuple(found)


def dotted(path: Sequence[str | int]) -> str:
    """`rules[3].threshold`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def rule_problems(rule: Rule, merged: MergedRule, replies: CannedReplies | None) -> Iterator[str]:
    """Everything about a whole rule that its keys alone do not show, as `key: what`."""
    kind = KINDS.get(rule.kind)
    if kind is None:
        yield f"kind: {rule.kind!r} is no kind of rule; there are: {', '.join(KINDS)}"
        return
    yield from kind.check(rule)
    if kind.wakes_on != "scores":
        for key in sorted({"threshold", "classifier"} & merged.values.keys()):
            yield f"{key}: says nothing in a {rule.kind} rule"
    after = rule.stage is Stage.POST_CALL
    if rule.action is Action.REVIEW and not after:
        yield "action: review needs an answer, so it stands at post_call only"
    if rule.when_flagged and not after:
        yield "when_flagged: only rules at post_call wait for a flagged input"
    for key in sorted({"origins", "turns"} & merged.values.keys() if after else ()):
        yield f"{key}: says nothing at post_call, where the answer is judged"
    if replies is not None and rule.action is Action.BLOCK:
        yield from _category_problems(rule, replies)


def _category_problems(rule: Rule, replies: CannedReplies) -> Iterator[str]:
    known = replies.texts.get(FALLBACK_LANGUAGE, {})
    if rule.category not in ("", "auto", *known, *HAZARDS):
        choices = ", ".join(known)
        yield f"category: no canned reply for {rule.category!r} in {replies.name}; there are: {choices}"
