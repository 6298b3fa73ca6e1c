"""Chat completions for the marker proofs."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.kits.marker_surface import Json, MarkedSurface
from tests.kits.places import Place
from tests.kits.shapes import drawn

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
    return {
        "model": "m",
        "messages": [chat_parts(side)["messages"][0] for side in (pieces[:half], pieces[half:])],
    }


def chat_answer(chance: random.Random, choices: int) -> Json:
    """An answer of the specification's shape, with what other servers add."""
    body: Json = drawn(chance, "CreateChatCompletionResponse", 0.6)
    row: Json = (
        body["choices"][0] if body["choices"] else {"message": {"role": "assistant", "content": "Hi."}}
    )
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


def chat_whole(lane: str, text: str) -> Json:
    """An answer that says one text in one lane."""
    message = {"role": "assistant", "content": None, **_said(lane, text, True)}
    for call in message.get("tool_calls", ()):
        call.pop("index")
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if "call" in lane else "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


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


_CHAT_LABELS = frozenset({"id", "object", "model", "created", "system_fingerprint", "service_tier"})
_CHAT_LEVELS = {
    *((), ("choices",), ("choices", "message"), ("choices", "delta"), ("choices", "logprobs"), ("usage",)),
    *(("choices", part, "audio") for part in ("message", "delta")),
    *(("choices", part, "function_call") for part in ("message", "delta")),
    *(("choices", part, "tool_calls") for part in ("message", "delta")),
    *(
        ("choices", part, "tool_calls", kind)
        for part in ("message", "delta")
        for kind in ("function", "custom")
    ),
}


def label_in_chat(place: Place) -> bool:
    """Names of fields where the API has fields, labels beside the choices, and tokens."""
    *level, name = place.names or ("",)
    if place.how == "key":
        return tuple(level) in _CHAT_LEVELS or "usage" in level
    beside = not level and name in _CHAT_LABELS
    return (
        beside or "usage" in level or name == "finish_reason" or place.names[-2:] == ("top_logprobs", "token")
    )


CHAT = MarkedSurface(
    name="chat_completions",
    path="/v1/chat/completions",
    wires=frozenset({"chat_completions"}),
    request=chat_request,
    spread={"parts": chat_parts, "turns": chat_turns, "parts of two turns": chat_parts_of_two_turns},
    answer=chat_answer,
    frames=chat_frames,
    lanes=CHAT_LANES,
    labels=label_in_chat,
    whole=chat_whole,
    thought="reasoning_content",
    structured={"response_format": {"type": "json_object"}},
)


def over_chat(surface: MarkedSurface, request: Callable[[random.Random, bool, int], Json]) -> MarkedSurface:
    """The surface on an upstream that speaks chat only; `request`: one that chat can ask as well."""
    return replace(
        CHAT,
        name=f"{surface.name} over chat",
        path=surface.path,
        request=request,
        spread=surface.spread,
        structured=surface.structured,
        most_choices=surface.most_choices,
        calls=surface.calls,
        thought=CHAT.thought if surface.thought else "",
    )
