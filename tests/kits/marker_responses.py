"""The Responses API for the marker proofs, on an upstream that speaks it and on one that speaks chat."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

from tests.kits.marker_chat import over_chat
from tests.kits.marker_surface import Json, MarkedSurface, named_event
from tests.kits.places import Place
from tests.kits.shapes import drawn

_USAGE = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
_STRUCTURED = {"text": {"format": {"type": "json_object"}}}
_STORED = ("previous_response_id", "conversation", "prompt", "background", "moderation")


def request(chance: random.Random, stream: bool, choices: int) -> Json:
    """A request of the specification's shape, with fields that it does not know besides."""
    del choices
    body: Json = drawn(chance, "CreateResponse")
    body = {name: value for name, value in body.items() if name not in _STORED}
    body |= {"model": "m", "stream": stream, "input": _input(chance)}
    if chance.random() < 0.3:
        body["other_server"] = {"note": ["a", {"b": "c"}]}
    return body


def _input(chance: random.Random) -> Any:
    if chance.random() < 0.2:
        return "Tell me of Oslo."
    call = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
    rows: list[Json] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "How is it there?"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Fine."}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        call,
        {"type": "function_call_output", "call_id": "call_1", "output": "Rain."},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "go", "input": "there"},
        {"type": "new_kind", "thought": ["of you"]},
    ]
    return [*chance.sample(rows, chance.randint(1, 4)), {"role": "user", "content": "And now?"}]


def plain_request(chance: random.Random, stream: bool, choices: int) -> Json:
    """A request that chat can ask as well."""
    del choices
    body: Json = {"model": "m", "input": "Tell me of Oslo.", "stream": stream}
    if chance.random() < 0.5:
        body |= {"instructions": "Be brief.", "metadata": {"a": "b"}, "text": {"verbosity": "low"}}
        body["tools"] = [
            {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": True}
        ]
    return body


def parts(pieces: Sequence[str]) -> Json:
    """Pieces as parts of one message."""
    rows = [{"type": "input_text", "text": piece} for piece in pieces]
    return {"model": "m", "input": [{"role": "user", "content": rows}]}


def turns(pieces: Sequence[str]) -> Json:
    """Pieces as turns of the user, one after the other."""
    return {"model": "m", "input": [{"role": "user", "content": piece} for piece in pieces]}


def answer(chance: random.Random, choices: int) -> Json:
    """A response that thinks, speaks and calls."""
    del choices
    body: Json = drawn(chance, "Response", 0.3)
    body = {name: value for name, value in body.items() if name not in (*_STORED, "error", "output_text")}
    output = [_item(lane, 0, "Fine.") for lane in chance.sample(LANES, chance.randint(1, 4))]
    return body | {"id": "resp_1", "object": "response", "status": "completed", "output": output}


def whole(lane: str, text: str) -> Json:
    """A response that says one text in one lane."""
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed"}
    return {**head, "output": [_item(lane, 0, text)], "usage": _USAGE}


LANES = ("text", "refusal", "reasoning", "summary", "call 0", "call 1", "custom", "code", "mcp")


def _item(lane: str, place: int, text: str) -> Json:
    """The item that a lane ends up as."""
    kind = lane.partition(" ")[0]
    head = {"id": f"msg_{place}", "status": "completed"}
    if kind in ("text", "refusal"):
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        refusal = {"type": "refusal", "refusal": text}
        content = [part if kind == "text" else refusal]
        return {**head, "type": "message", "role": "assistant", "content": content}
    if kind in ("reasoning", "summary"):
        said = {"type": f"{kind}_text", "text": text}
        sides: Json = {"content": [said], "summary": []} if kind == "reasoning" else {"summary": [said]}
        return {"id": f"rs_{place}", "type": "reasoning", **sides}
    if kind == "code":
        return {
            **head,
            "type": "code_interpreter_call",
            "code": text,
            "outputs": [],
            "container_id": "cntr_1",
        }
    if kind == "mcp":
        return {**head, "type": "mcp_call", "name": "look", "arguments": text, "server_label": "s"}
    if kind == "custom":
        return {**head, "type": "custom_tool_call", "call_id": "call_9", "name": "go", "input": text}
    return {**head, "type": "function_call", "call_id": f"call_{place}", "name": "look", "arguments": text}


_EVENTS: dict[str, tuple[str, str]] = {
    "text": ("output_text", "text"),
    "refusal": ("refusal", "refusal"),
    "reasoning": ("reasoning_text", "text"),
    "summary": ("reasoning_summary_text", "text"),
    "call": ("function_call_arguments", "arguments"),
    "custom": ("custom_tool_call_input", "input"),
    "code": ("code_interpreter_call_code", "code"),
    "mcp": ("mcp_call_arguments", "arguments"),
}


def frames(said: Sequence[tuple[str, int, str]], choices: int) -> list[Json]:
    """A stream in which every lane is an item, all of them open until the end."""
    del choices
    lanes = list(dict.fromkeys(lane for lane, _, _ in said))
    whole = {lane: "".join(text for own, _, text in said if own == lane) for lane in lanes}
    first = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": [], "error": None}
    events: list[Json] = [{"type": "response.created", "response": {**first, "status": "in_progress"}}]
    for place, lane in enumerate(lanes):
        item = _item(lane, place, "")
        events.append({"type": "response.output_item.added", "output_index": place, "item": item})
    for lane, _, text in said:
        word = _EVENTS[lane.partition(" ")[0]][0]
        events.append({"type": f"response.{word}.delta", **_where(lanes, lane), "delta": text})
    for lane in lanes:
        word, field = _EVENTS[lane.partition(" ")[0]]
        events.append({"type": f"response.{word}.done", **_where(lanes, lane), field: whole[lane]})
        done = {"output_index": lanes.index(lane), "item": _item(lane, lanes.index(lane), whole[lane])}
        events.append({"type": "response.output_item.done", **done})
    output = [_item(lane, place, whole[lane]) for place, lane in enumerate(lanes)]
    last = {**first, "status": "completed", "output": output, "usage": _USAGE}
    events.append({"type": "response.completed", "response": last})
    return [{**copy.deepcopy(event), "sequence_number": number} for number, event in enumerate(events)]


def _where(lanes: Sequence[str], lane: str) -> Json:
    place = lanes.index(lane)
    inner = {"summary_index": 0} if lane == "summary" else {"content_index": 0}
    spoken = lane in ("text", "refusal", "reasoning", "summary")
    return {"item_id": _item(lane, place, "")["id"], "output_index": place, **(inner if spoken else {})}


def label(place: Place) -> bool:
    """Identifiers, the model's name and padding."""
    return place.names[-1:] in (("model",), ("service_tier",), ("obfuscation",), ("token",))


RESPONSES = MarkedSurface(
    name="responses",
    path="/v1/responses",
    wires=frozenset({"responses"}),
    request=request,
    spread={"parts": parts, "turns": turns},
    answer=answer,
    frames=frames,
    lanes=LANES,
    labels=label,
    whole=whole,
    thought="reasoning",
    structured=_STRUCTURED,
    most_choices=1,
    framed=named_event,
    end=b"",
)
RESPONSES_OVER_CHAT = over_chat(RESPONSES, plain_request)
