"""Problems in files, as `file:line: key.path: what`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from policies.categories import HAZARDS
from policies.documents import Document
from policies.inheritance import MergedRule
from policies.policy import Rule
from policies.replies import FALLBACK_LANGUAGE, CannedReplies
from policies.rules import KINDS
from policies.verdict import Action, Stage
from policies.yaml_text import YamlText


def validation_problems(path: object, text: YamlText, error: ValidationError) -> list[str]:
    """Pydantic's errors by place; the branches of a union are told together."""
    told: dict[tuple[str | int, ...], list[str]] = {}
    for item in error.errors(include_url=False, include_input=False):
        place = _real(text.value, item["loc"], missing=item["type"] == "missing")
        told.setdefault(place, []).append(_message(item))
    return [
        f"{path}:{text.line(place)}: {dotted(place) or 'file'}: {', or '.join(dict.fromkeys(messages))}"
        for place, messages in told.items()
    ]


def _message(item: Mapping[str, Any]) -> str:
    said, context = item["msg"], item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            return f"unknown key{near(str(item['loc'][-1]), _keys(Document))}"
        case "missing":
            return "must be there"
        case "too_short":
            return f"needs {context['min_length']} or more"
        case "string_pattern_mismatch" if "sha256" in context["pattern"]:
            return "must be a digest: `sha256:` and 64 hex digits"
    return f"{said[:1].lower()}{said[1:]}"


def near(word: str, choices: Iterable[str]) -> str:
    """` (did you mean …?)` where one of the choices is close, else nothing."""
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.7)
    return f" (did you mean {found[0]}?)" if found and found[0] != word else ""


def _keys(model: type[BaseModel]) -> set[str]:
    """The keys of every document of a kind."""
    return set(model.model_fields).union(*map(_keys, model.__subclasses__()))


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
