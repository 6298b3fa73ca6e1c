"""What an application has to see in each scenario, whatever client it uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """What one application saw. `raised`: class of the exception; `refusal`: the field for one."""

    scenario: str
    text: str = ""
    finish: str = ""
    refusal: str = ""
    parsed: Any = None
    tool: str = ""
    arguments: Any = None
    raised: str = ""
    status: int | None = None
    missing: str = ""
    """Why the client cannot be asked this."""

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Seen:
        """From a line of a driver."""
        known = {name: line[name] for name in cls.__dataclass_fields__ if line.get(name) is not None}
        return cls(**known)

    @property
    def words(self) -> str:
        """All text that reached the application."""
        return f"{self.text} {self.refusal} {json.dumps(self.parsed)}"


DRAFT = ("idiot", "worthless")
"""Words of the draft that has to be revised."""
MODEL = ("dough", "scripted stand-in")
"""Words of the stand-in, which must not answer what is blocked."""
CANNED = ("gh-", "can't help", "content_filter", "content_policy")
"""Marks of a block: the decision's id, the canned words, or a code of the filter."""


def _allowed(seen: Seen) -> str:
    return "" if "dough" in seen.words and not seen.raised else "the model's reply did not arrive"


def _revised(seen: Seen) -> str:
    if any(word in seen.words for word in DRAFT):
        return "the draft came through"
    return "" if "coffee machine" in seen.words and not seen.raised else "the revised reply did not arrive"


def _blocked(seen: Seen) -> str:
    if any(word in seen.words for word in MODEL):
        return "the model's words came through"
    if seen.raised and seen.status is not None and seen.status >= 500:
        return "a block looks like an outage"
    told = seen.raised or seen.refusal or any(mark in seen.words for mark in CANNED)
    return "" if told else "the application cannot see a block"


def _structured(seen: Seen) -> str:
    return "a block reads as a parsed answer" if seen.parsed is not None else _blocked(seen)


def _tool(seen: Seen) -> str:
    called = seen.tool == "get_weather" and "Oslo" in json.dumps(seen.arguments)
    return "" if called else "the tool call did not arrive"


def _fault(seen: Seen) -> str:
    return "" if seen.raised and seen.status == 429 else "the upstream's error did not arrive as one"


def _refused(seen: Seen) -> str:
    return "" if seen.raised and seen.status == 400 else "the block did not arrive as an error"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A column of the matrix. `check` returns what is wrong, or nothing."""

    title: str
    check: Callable[[Seen], str]


CHAT: Mapping[str, Scenario] = {
    "allowed": Scenario("allowed", _allowed),
    "stream_allowed": Scenario("allowed, streamed", _allowed),
    "blocked": Scenario("blocked", _blocked),
    "stream_blocked": Scenario("blocked, streamed", _blocked),
    "structured_blocked": Scenario("blocked, structured output", _structured),
    "json_blocked": Scenario("blocked, JSON mode", _structured),
    "revised": Scenario("revised", _revised),
    "tool_call": Scenario("tool call", _tool),
    "upstream_error": Scenario("upstream's error (429)", _fault),
    "blocked_error": Scenario("blocked, `error`", _refused),
    "structured_blocked_error": Scenario("blocked, structured output, `error`", _refused),
}
"""What every client is asked."""
RESPONSES: Mapping[str, Scenario] = {
    "responses_allowed": Scenario("allowed", _allowed),
    "responses_blocked": Scenario("blocked", _blocked),
    "responses_stream_blocked": Scenario("blocked, streamed", _blocked),
    "responses_structured_blocked": Scenario("blocked, structured output", _structured),
    "responses_revised": Scenario("revised", _revised),
    "responses_tool_call": Scenario("tool call", _tool),
    "responses_upstream_error": Scenario("upstream's error (429)", _fault),
}
"""What clients with a call for the Responses API are asked as well."""
SCENARIOS: Mapping[str, Scenario] = {**CHAT, **RESPONSES}
UNDER_ERROR: Mapping[str, str] = {
    "blocked": "blocked_error",
    "structured_blocked": "structured_blocked_error",
}
"""What is played again under `block_style: error`, and its name there."""


def cell(seen: Seen) -> str:
    """What an application sees, in a few words."""
    if seen.missing:
        return seen.missing
    if seen.raised:
        status = f" ({seen.status})" if seen.status else ""
        return f"raises `{seen.raised}`{status}"
    if seen.tool:
        return "the call"
    kind = "refusal" if seen.refusal else "text"
    return f"{kind}, `{seen.finish}`" if seen.finish else kind
