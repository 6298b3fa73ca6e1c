"""The table of surfaces for the proof that nothing walks around the guard.

One entry says how requests of a surface look, and what its upstream says: whole answers and streams in the
upstream's own wire. A surface whose upstream may speak two wires has two entries. The tests in
`tests/integration/test_marker_*.py` put a marker that the guard fires on into every place of both.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classifiers.testing import MARKER
from proxy.exchange.ports import Wire
from tests.kits.marked_house import http_answer
from tests.kits.places import Place
from tests.kits.shapes import drawn

EXAMPLES = int(os.environ.get("PROOF_EXAMPLES", "100"))
"""Examples of each proof and surface; `make proofs` asks for more."""
SAYINGS = (MARKER, MARKER.lower(), f"please say {MARKER} now", f"{MARKER}.\nAnd then?", f"so: {MARKER}")
"""Ways to put the marker into one string."""
SENTENCE = SAYINGS[2]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MarkedSurface:
    """One surface on one upstream wire.

    `request`: a request that is answered, streamed or not, for so many choices. `spread`: requests that say
    some pieces one after the other, by the name of the way. `answer`: a whole answer with so many choices.
    `frames`: payloads of a stream that says pieces in lanes, in the order given; `lanes`: their names.
    `silent`: places of a request that no model reads. `labels`: places of an answer in which one short word
    may stand that no guard reads: names of fields, identifiers, tokens; more than a word must not.
    """

    name: str
    path: str
    wires: frozenset[Wire]
    request: Callable[[random.Random, bool, int], Json]
    spread: Mapping[str, Callable[[Sequence[str]], Json]]
    answer: Callable[[random.Random, int], Json]
    frames: Callable[[Sequence[tuple[str, int, str]], int], list[Json]]
    lanes: Sequence[str]
    silent: Callable[[Place], bool]
    labels: Callable[[Place], bool]
    most_choices: int = 2
    framed: Callable[[Json], bytes] = lambda payload: b"data: " + json.dumps(payload).encode() + b"\n\n"
    end: bytes = b"data: [DONE]\n\n"

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
        if body.get("stream"):
            frames = self.frames([(self.lanes[0], index, "Fine.") for index in range(choices)], choices)
            raw = b"".join(map(self.framed, frames)) + self.end
            return http_answer(raw, "text/event-stream")
        return http_answer(json.dumps(self.answer(chance, choices)).encode())


# Chat completions.

_TOOL = {"type": "function", "function": {"name": "look", "arguments": "{}"}}


def chat_request(chance: random.Random, stream: bool, choices: int) -> Json:
    """A request of the specification's shape, with fields that it does not know besides."""
    body: Json = drawn(chance, "CreateChatCompletionRequest")
    body |= {"model": "m", "n": choices, "stream": stream}
    if chance.random() < 0.5:
        body["messages"].append({"role": "user", "content": "How is it there?", "name": "ann"})
    if chance.random() < 0.3:
        more = {"reasoning_content": "Hm.", "tool_calls": [{"id": "call_1", **_TOOL}]}
        body["messages"].append({"role": "assistant", "content": None, **more})
        body["messages"].append({"role": "tool", "tool_call_id": "call_1", "content": "Rain."})
    if chance.random() < 0.3:
        body |= {"guided_json": {"type": "object"}, "extra_body": {"note": ["a", {"b": "c"}]}}
    return body


def chat_parts(pieces: Sequence[str]) -> Json:
    """Pieces as parts of one message."""
    parts = [{"type": "text", "text": piece} for piece in pieces]
    return {"model": "m", "messages": [{"role": "user", "content": parts}]}


def chat_turns(pieces: Sequence[str]) -> Json:
    """Pieces as turns of the user, one after the other."""
    return {"model": "m", "messages": [{"role": "user", "content": piece} for piece in pieces]}


def chat_parts_of_two_turns(pieces: Sequence[str]) -> Json:
    """Pieces as parts, half of them in another turn."""
    half = len(pieces) // 2
    return {"model": "m", "messages": [chat_parts(side)["messages"][0] for side in (pieces[:half], pieces[half:])]}


def chat_answer(chance: random.Random, choices: int) -> Json:
    """An answer of the specification's shape, with what other servers add."""
    body: Json = drawn(chance, "CreateChatCompletionResponse", 0.6)
    row: Json = body["choices"][0] if body["choices"] else {"message": {"role": "assistant", "content": "Hi."}}
    body["choices"] = [json.loads(json.dumps(row)) for _ in range(choices)]
    for index, choice in enumerate(body["choices"]):
        choice |= {"index": index, "finish_reason": "stop"}
        choice["message"] |= {"role": "assistant", "content": chance.choice(("Fine.", None, "It is {}."))}
        if chance.random() < 0.5:
            choice["message"] |= {"reasoning_content": "Well.", "reasoning_details": [{"text": "Hm."}]}
        if chance.random() < 0.5:
            choice["logprobs"] = _logprobs(choice["message"]["content"] or "")
        if chance.random() < 0.3:
            choice["message"]["content"] = [{"type": "text", "text": "Fine."}, {"type": "new", "a": ["b"]}]
    body.pop("moderation", None)
    return body


def _logprobs(content: str) -> Json:
    entry = {"token": content, "logprob": -0.1, "bytes": None}
    return {"content": [{**entry, "top_logprobs": [entry]}], "refusal": None}


CHAT_LANES = ("content", "reasoning_content", "refusal", "call 0", "call 1", "custom 2", "function_call")


def chat_frames(said: Sequence[tuple[str, int, str]], choices: int) -> list[Json]:
    """A stream: roles, everything that is said, finish reasons, usage."""
    frames = [_chunk(index, {"role": "assistant", "content": ""}) for index in range(choices)]
    begun: set[tuple[int, str]] = set()
    for lane, index, text in said:
        frames.append(_chunk(index, _said(lane, text, (index, lane) not in begun)))
        begun.add((index, lane))
    frames += [_chunk(index, {}, "stop") for index in range(choices)]
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return [*frames, {**_chunk(0, {}), "choices": [], "usage": usage}]


def _said(lane: str, text: str, first: bool) -> Json:
    kind, _, number = lane.partition(" ")
    if kind == "call":
        called = {"name": "look", "arguments": text} if first else {"arguments": text}
        begin = {"id": f"call_{number}", "type": "function"} if first else {}
        return {"tool_calls": [{"index": int(number), **begin, "function": called}]}
    if kind == "custom":
        begin = {"id": f"call_{number}", "type": "custom"} if first else {}
        return {"tool_calls": [{"index": int(number), **begin, "custom": {"name": "go", "input": text}}]}
    if kind == "function_call":
        return {"function_call": {"name": "look", "arguments": text} if first else {"arguments": text}}
    return {kind: text}


def _chunk(index: int, delta: Json, finish: str | None = None) -> Json:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {**head, "choices": [choice], "system_fingerprint": "fp_1"}


def silent_in_chat(place: Place) -> bool:
    """The model's name leads to the upstream and is no text to it."""
    return place == Place("value", ("model",))


_CHAT_LABELS = frozenset({"id", "object", "model", "created", "system_fingerprint", "service_tier"})
_CHAT_LEVELS = {
    *((), ("choices",), ("choices", "message"), ("choices", "delta"), ("choices", "logprobs"), ("usage",)),
    *(("choices", part, "audio") for part in ("message", "delta")),
    *(("choices", part, "function_call") for part in ("message", "delta")),
    *(("choices", part, "tool_calls") for part in ("message", "delta")),
    *(("choices", part, "tool_calls", kind) for part in ("message", "delta") for kind in ("function", "custom")),
}


def label_in_chat(place: Place) -> bool:
    """Names of fields where the API has fields, labels beside the choices, and tokens."""
    *level, name = place.names or ("",)
    if place.how == "key":
        return tuple(level) in _CHAT_LEVELS or "usage" in level
    beside = not level and name in _CHAT_LABELS
    return beside or "usage" in level or name == "finish_reason" or place.names[-2:] == ("top_logprobs", "token")


CHAT = MarkedSurface(
    name="chat_completions",
    path="/v1/chat/completions",
    wires=frozenset({"chat_completions"}),
    request=chat_request,
    spread={"parts": chat_parts, "turns": chat_turns, "parts of two turns": chat_parts_of_two_turns},
    answer=chat_answer,
    frames=chat_frames,
    lanes=CHAT_LANES,
    silent=silent_in_chat,
    labels=label_in_chat,
)

SURFACES: tuple[MarkedSurface, ...] = (CHAT,)
