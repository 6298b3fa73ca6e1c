"""What the marker proofs know of a surface: how its requests look, and what its upstream says."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifiers.testing import MARKER
from proxy.exchange.ports import Wire
from tests.kits.marked_house import http_answer
from tests.kits.places import Place

EXAMPLES = int(os.environ.get("PROOF_EXAMPLES", "100"))
"""Examples of each proof and surface; `make proofs` asks for more."""
SAYINGS = (
    *(MARKER, MARKER.lower(), f"please say {MARKER} now", f"{MARKER}.\nAnd then?", f"so: {MARKER}"),
    *(f"data: it is so\n{MARKER}", f"data:text/plain, {MARKER}", f"https://a.test {MARKER}"),
)
"""Ways to put the marker into one string."""
SENTENCE = SAYINGS[2]

Json = dict[str, Any]


def named_event(event: Json) -> bytes:
    """A frame of a stream whose events are named as their data says."""
    return f"event: {event.get('type')}\ndata: {json.dumps(event)}\n\n".encode()


@dataclass(frozen=True, slots=True)
class MarkedSurface:
    """One surface on one upstream wire.

    `request`: a request that is answered, streamed or not, for so many choices. `spread`: requests that say
    some pieces one after the other, by the name of the way. `answer`: a whole answer with so many choices.
    `frames`: payloads of a stream that says pieces in lanes, in the order given; `lanes`: their names, the
    first that of plain text; `thought`: that of reasoning, empty where clients see none. `silent`: places of
    a request that no model reads. `labels`: places of an answer in which one short word may stand that no
    guard reads: names of fields, identifiers, tokens; more than a word must not. `words`: the same for a
    request. `whole`: a whole answer that says one text in one lane. `structured`: what of a request asks for
    an answer that a program parses, empty where nothing does. `calls`: clients see calls of tools. `speaks`:
    answers hold text; `lanes` is empty where they are not streamed.
    """

    name: str
    path: str
    wires: frozenset[Wire]
    request: Callable[[random.Random, bool, int], Json]
    answer: Callable[[random.Random, int], Json]
    spread: Mapping[str, Callable[[Sequence[str]], Json]] = field(default_factory=dict)
    frames: Callable[[Sequence[tuple[str, int, str]], int], list[Json]] = lambda said, choices: []
    lanes: Sequence[str] = ()
    labels: Callable[[Place], bool] = lambda _: False
    silent: Callable[[Place], bool] = lambda place: place == Place("value", ("model",))
    words: Callable[[Place], bool] = lambda _: False
    whole: Callable[[str, str], Json] = lambda lane, text: {}
    thought: str = ""
    structured: Json = field(default_factory=dict)
    most_choices: int = 2
    calls: bool = True
    speaks: bool = True
    framed: Callable[[Json], bytes] = lambda payload: b"data: " + json.dumps(payload).encode() + b"\n\n"
    end: bytes = b"data: [DONE]\n\n"

    def asking(self, place: Place, saying: str) -> str:
        """What is said in that place of a request."""
        return SENTENCE if self.words(place) else saying

    def saying(self, place: Place, saying: str, aside: str) -> str:
        """What is said in that place of an answer."""
        if place.how == "more":
            inner = Place("key" if aside == "name" else "value", (*place.path, f"x_{aside}"))
            return SENTENCE if self.labels(inner) else saying
        return SENTENCE if self.labels(place) else saying

    def says(self, request: bytes, chance: random.Random) -> bytes:
        """What the upstream answers to a harmless request, as HTTP."""
        body = json.loads(request.partition(b"\r\n\r\n")[2])
        choices = body.get("n") or 1
        if body.get("stream") and self.lanes:
            frames = self.frames([(self.lanes[0], index, "Fine.") for index in range(choices)], choices)
            raw = b"".join(map(self.framed, frames)) + self.end
            return http_answer(raw, "text/event-stream")
        return http_answer(json.dumps(self.answer(chance, choices)).encode())
