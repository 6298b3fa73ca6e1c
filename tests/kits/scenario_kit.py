"""Scenarios that hold for every surface that speaks, on every wire, through the whole application.

An entry of the table in `marker_kit` inherits them all; `tests/integration/test_surface_scenarios.py` plays
them. The upstream is bytes, the guards are stubs that fire on the marker, everything between is real.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifiers.testing import MARKER, Fault
from tests.kits.marked_house import IN, OUT, MarkedHouse, http_answer
from tests.kits.marker_surface import Json, MarkedSurface
from tests.kits.places import assembled, strings
from tests.kits.surface_kit import Answer

CALM = "The river is calm in the morning and the boats lie at the shore. "
REVISION = "Let me speak of boats instead."
REVIEW = "{id: rev, stage: post_call, action: review, classifier: exchange, labels: [harm], threshold: 0.5}"
CONSTITUTION = """
name: plain
version: "1"
principles:
  - id: kind
    title: Kindness
    behaviour: Be kind.
    critique: Is it unkind?
    revision: Make it kind.
    safe_partial: {en: "I left out what was unkind. ({decision})"}
    canned: {de: "Unfreundlich werde ich nicht. ({decision})"}
"""
REPLIES = """
name: plain
version: "1"
languages:
  en: {texts: {default: "I can't help with that, but I can help with related questions. ({decision})"}}
"""


@dataclass
class Stage:
    """One house and one surface. `parts`: what a stream says in the first lane, each an event."""

    house: MarkedHouse
    surface: MarkedSurface
    stream: bool
    requests: list[Json] = field(default_factory=list)
    critic_says: str = "revise"

    def says(self, *parts: str, lane: str = "") -> None:
        """The upstream answers this, in the lane of plain text unless another is named."""
        self.answers(self.raw(*parts, lane=lane))

    def answers(self, raw: bytes) -> None:
        """The upstream answers these bytes, and the critic where it is asked."""
        self.house.answer = lambda request: [self._critic(request) or raw]

    def raw(self, *parts: str, lane: str = "") -> bytes:
        """An answer as HTTP."""
        return self.wired(self.payloads(*parts, lane=lane))

    def payloads(self, *parts: str, lane: str = "") -> list[Json]:
        """What an answer is made of: events, or the one body."""
        lane = lane or self.surface.lanes[0]
        if not self.stream:
            return [self.surface.whole(lane, "".join(parts))]
        return self.surface.frames([(lane, 0, part) for part in parts], 1)

    def choices(self, *texts: str) -> list[Json]:
        """The same for an answer with a choice for each text."""
        lane = self.surface.lanes[0]
        if self.stream:
            said = [(lane, index, text) for index, text in enumerate(texts)]
            return self.surface.frames(said, len(texts))
        first, *rest = (self.surface.whole(lane, text) for text in texts)
        for index, each in enumerate(rest, 1):
            first["choices"].append({**each["choices"][0], "index": index})
        return [first]

    def wired(self, payloads: Sequence[Json]) -> bytes:
        """Payloads as HTTP."""
        if not self.stream:
            return http_answer(json.dumps(payloads[0]).encode())
        raw = b"".join([*map(self.surface.framed, payloads), self.surface.end])
        return http_answer(raw, "text/event-stream")

    def frames(self, *parts: str) -> list[bytes]:
        """Events that say these parts in the lane of plain text."""
        said = [(self.surface.lanes[0], 0, part) for part in parts]
        return [self.surface.framed(frame) for frame in self.surface.frames(said, 1)]

    def ask(self, text: str = "Hello there.", /, **more: Any) -> Answer:
        """A request whose user says a text."""
        return self.house.ask(self.surface.path, self.request(text, **more))

    def request(self, text: str = "Hello there.", /, **more: Any) -> Json:
        """The smallest request of the surface."""
        for name in ("messages", "input", "prompt"):
            if name in self.surface.request(random.Random(0), False, 1):
                said: Any = [{"role": "user", "content": text}] if name == "messages" else text
                limits = {"max_tokens": 64} if self.surface.name.startswith("messages") else {}
                return {"model": "m", name: said, "stream": self.stream, **limits, **more}
        raise LookupError(self.surface.name)

    def _critic(self, request: bytes) -> bytes:
        """The critic's word, where it is the critic that is asked."""
        body = json.loads(request.partition(b"\r\n\r\n")[2] or b"{}")
        system = str(body.get("system") or (body.get("messages") or [{}])[0].get("content"))
        if system.startswith("You check one draft"):
            finding = {"clause": "kind", "quote": f"of {MARKER}", "reason": "It names it.", "severity": 2}
            said = json.dumps({"findings": [finding], "action": self.critic_says})
        elif system.startswith("You rewrite one draft"):
            said = REVISION
        else:
            return b""
        if request.startswith(b"POST /v1/messages"):
            block = {"type": "text", "text": said}
            return http_answer(json.dumps({"content": [block], "stop_reason": "end_turn"}).encode())
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return http_answer(json.dumps({"choices": [choice]}).encode())


Houses = Callable[..., Stage]


def houses(folder: Path, surface: MarkedSurface, stream: bool, opened: list[MarkedHouse]) -> Houses:
    """Makes stages whose houses end up in `opened`."""

    def make(rules: Sequence[str] = (IN, OUT), *, more: str = "", guard: Fault = "") -> Stage:
        faults: dict[str, Fault] = {"input": guard}
        place = folder / str(len(opened))
        place.mkdir()
        (place / "constitution.yaml").write_text(CONSTITUTION, encoding="utf-8")
        (place / "replies.yaml").write_text(REPLIES, encoding="utf-8")
        said = {"constitution": "./constitution.yaml", "replies": "./replies.yaml"}
        house = MarkedHouse(place, surface.wires, rules=rules, more=more, faults=faults, **said)
        opened.append(house.__enter__())
        return Stage(house, surface, stream)

    return make


def told(answer: Answer) -> str:
    """All text that a client gets, put together as it would."""
    if "event-stream" not in (answer.header("content-type") or ""):
        return "\n".join(strings(answer.json()))
    return "\n".join(assembled(events(answer)).values())


def events(answer: Answer) -> list[Any]:
    """Payloads of a stream, without the end mark."""
    lines = [line[5:].strip() for line in answer.body.decode().splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def ended(answer: Answer) -> bool:
    """Whether a stream ended as its API says it does."""
    last = events(answer)[-1]
    mark = answer.body.rstrip().endswith(b"data: [DONE]")
    return mark or last.get("type") in ("response.completed", "response.incomplete", "message_stop")
