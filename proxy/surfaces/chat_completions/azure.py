"""What Azure OpenAI says of its content filter, for clients that were made for it. Pure.

A policy with `profile: azure` answers in these shapes: a blocked request is status 400 with `content_filter`
and an inner error, answers carry `prompt_filter_results` and, for each choice, `content_filter_results`.
Azure's severities are told by what was decided: `safe`, `low` for what was flagged, `high` for what was
filtered. What no guard judged has Azure's own error in place of results; it never reads as safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from policies.verdict import Action, Verdict

SURFACE = "chat_completions"
"""The surface whose answers Azure annotates so."""
SEVERE: Mapping[str, tuple[str, ...]] = {
    "hate": ("hte", "toxic_reply"),
    "self_harm": ("ssh",),
    "sexual": ("sxc", "src", "cse"),
    "violence": ("vcr", "iwp"),
}
"""Azure's categories with a severity, and the labels of ours that speak of the same thing."""
DETECTED: Mapping[str, tuple[str, ...]] = {
    "jailbreak": ("jailbreak",),
    "indirect_attack": ("prompt_injection",),
}
"""Azure's categories that are there or not. Of answers they say nothing."""
_KNOWN = frozenset(label for labels in (*SEVERE.values(), *DETECTED.values()) for label in labels)
_NOT_FILTERED = {"error": {"code": "content_filter_error", "message": "The contents are not filtered"}}


def filter_results(verdict: Verdict | None, *, prompt: bool) -> dict[str, Any]:
    """`content_filter_results` for one verdict, None where nobody judged.

    What was filtered for a reason that Azure has no category for counts as a custom block list, with our
    category as its id.
    """
    if verdict is None or verdict.failure is not None:
        return dict(_NOT_FILTERED)
    blocked = verdict.action is Action.BLOCK
    told = {*verdict.flagged, verdict.category}
    results: dict[str, Any] = {
        name: _severity(blocked=blocked, found=not told.isdisjoint(labels)) for name, labels in SEVERE.items()
    }
    for name, labels in DETECTED.items() if prompt else ():
        found = not told.isdisjoint(labels)
        results[name] = {"filtered": blocked and found, "detected": found}
    if blocked and told.isdisjoint(_KNOWN):
        details = [{"filtered": True, "id": verdict.category or "default"}]
        results["custom_blocklists"] = {"filtered": True, "details": details}
    return results


def _severity(*, blocked: bool, found: bool) -> dict[str, Any]:
    if not found:
        return {"filtered": False, "severity": "safe"}
    return {"filtered": blocked, "severity": "high" if blocked else "low"}


def prompt_results(verdict: Verdict | None) -> list[dict[str, Any]]:
    """`prompt_filter_results` of an answer."""
    return [{"prompt_index": 0, "content_filter_results": filter_results(verdict, prompt=True)}]


def annotated(
    data: Mapping[str, Any], prompt: Verdict, outputs: Sequence[Verdict], *, evaluated: bool
) -> dict[str, Any]:
    """A whole answer with its annotations. `outputs`: one for each choice, in their order."""
    choices = [
        {**choice, "content_filter_results": output_results(outputs, place, evaluated=evaluated)}
        for place, choice in enumerate(data["choices"])
    ]
    return {**data, "choices": choices, "prompt_filter_results": prompt_results(prompt)}


def output_results(outputs: Sequence[Verdict], place: int, *, evaluated: bool) -> dict[str, Any]:
    """`content_filter_results` of one choice."""
    judged = outputs[place] if evaluated and place < len(outputs) else None
    return filter_results(judged, prompt=False)


def error(message: str, verdict: Verdict) -> bytes:
    """The body of status 400 for a request that was blocked."""
    inner = {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": filter_results(verdict, prompt=True),
    }
    told = {"message": message, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
    return orjson.dumps({"error": {**told, "innererror": inner}})
