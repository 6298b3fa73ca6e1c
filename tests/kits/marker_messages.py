"""The Messages API for the marker proofs, on an upstream that speaks it and on one that speaks chat."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

from tests.kits.marker_chat import over_chat
from tests.kits.marker_surface import Json, MarkedSurface, named_event
from tests.kits.places import Place

_USAGE = {"input_tokens": 1, "output_tokens": 1}
_HEAD: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
_STRUCTURED = {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}
_LOOK = {"name": "look", "description": "Look there.", "input_schema": {"type": "object", "properties": {}}}
_PICTURE = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUg=="}
_PLAIN = {"type": "text", "media_type": "text/plain", "data": "It rains in Oslo."}
_FOUND = {"type": "web_search_result", "title": "Oslo", "url": "https://a.test", "page_age": "1 day"}
_WEB: Json = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [{**_FOUND, "encrypted_content": "Es8BCioIARgCIiQ3YTAwMjY1Mg=="}],
}


def request(chance: random.Random, stream: bool, choices: int) -> Json:
    """A request with blocks of many types, and fields that nobody knows besides."""
    del choices
    body: Json = {"model": "m", "max_tokens": 64, "stream": stream, "messages": _messages(chance)}
    if chance.random() < 0.5:
        body["system"] = chance.choice(("Be brief.", [{"type": "text", "text": "Be brief."}]))
    if chance.random() < 0.5:
        body |= {"tools": [_LOOK, {"type": "bash_20250124", "name": "bash"}], "tool_choice": {"type": "auto"}}
    if chance.random() < 0.5:
        body |= {"metadata": {"user_id": "ann"}, "stop_sequences": ["END"]}
        body["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    if chance.random() < 0.3:
        body |= {"temperature": 1, "other_server": {"note": ["a", {"b": "c"}]}}
    return body


def _messages(chance: random.Random) -> list[Json]:
    said: list[Json] = [
        {"type": "text", "text": "How is it there?", "cache_control": {"type": "ephemeral"}},
        {"type": "document", "title": "Rain", "source": dict(_PLAIN), "citations": {"enabled": True}},
        {"type": "image", "source": dict(_PICTURE)},
        {
            "type": "search_result",
            "source": "a book",
            "title": "T",
            "content": [{"type": "text", "text": "Wet."}],
        },
        {"type": "new_kind", "thought": ["of you"]},
    ]
    answered: list[Json] = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmF0dXJl"},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"city": "Oslo"}},
        copy.deepcopy(_WEB),
    ]
    inner: Any = chance.choice(("Rain.", [{"type": "text", "text": "Rain."}]))
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": inner, "is_error": False}
    rows = [
        {"role": "user", "content": chance.sample(said, chance.randint(1, 4))},
        {"role": "assistant", "content": chance.sample(answered, chance.randint(1, 4))},
        {"role": "user", "content": [result, {"type": "text", "text": "And then?"}]},
    ]
    return [*chance.sample(rows, chance.randint(0, 3)), {"role": "user", "content": "And now?"}]


def plain_request(chance: random.Random, stream: bool, choices: int) -> Json:
    """A request that chat can ask as well."""
    del choices
    body: Json = {"model": "m", "max_tokens": 64, "stream": stream}
    body["messages"] = [{"role": "user", "content": "Tell me of Oslo."}]
    if chance.random() < 0.5:
        body |= {"system": "Be brief.", "metadata": {"user_id": "ann"}, "stop_sequences": ["END"]}
        body |= {"tools": [copy.deepcopy(_LOOK)], "tool_choice": {"type": "any"}}
    return body


def parts(pieces: Sequence[str]) -> Json:
    """Pieces as blocks of one message."""
    rows = [{"type": "text", "text": piece} for piece in pieces]
    return {"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": rows}]}


def turns(pieces: Sequence[str]) -> Json:
    """Pieces as turns of the user, one after the other."""
    rows = [{"role": "user", "content": piece} for piece in pieces]
    return {"model": "m", "max_tokens": 64, "messages": rows}


LANES = ("text", "thinking", "call 0", "call 1", "text 2", "server call", "citation")


def answer(chance: random.Random, choices: int) -> Json:
    """A message that thinks, speaks, calls and searches."""
    del choices
    content = [_block(lane, "Fine.") for lane in chance.sample(LANES[:-1], chance.randint(1, 4))]
    if chance.random() < 0.4:
        content.append(copy.deepcopy(_WEB))
    if chance.random() < 0.4:
        content.append({"type": "new_kind", "thought": ["of you"], "deep": {"a": "b"}})
    body = {**_HEAD, "content": content, "stop_reason": "end_turn", "stop_sequence": None, "usage": _USAGE}
    return body | ({"container": {"id": "container_1", "note": "x"}} if chance.random() < 0.3 else {})


def whole(lane: str, text: str) -> Json:
    """A message that says one text in one lane."""
    return {**_HEAD, "content": [_block(lane, text)], "stop_reason": "end_turn", "usage": _USAGE}


def _block(lane: str, text: str) -> Json:
    """The block that a lane ends up as."""
    kind, _, number = lane.partition(" ")
    if kind == "thinking":
        return {"type": kind, "thinking": text, "signature": "c2lnbmF0dXJl"}
    if kind == "call":
        return {"type": "tool_use", "id": f"toolu_{number}", "name": "look", "input": {"a": text}}
    if kind == "server":
        return {
            "type": "server_tool_use",
            "id": "srvtoolu_1",
            "name": "web_search",
            "input": {"query": text},
        }
    return {"type": "text", "text": text}


_DELTAS = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}


def frames(said: Sequence[tuple[str, int, str]], choices: int) -> list[Json]:
    """A stream: every lane a block, which goes on whenever its lane speaks."""
    del choices
    lanes = list(dict.fromkeys(lane for lane, _, _ in said))
    usage = {"input_tokens": 1, "output_tokens": 0}
    rows: list[Json] = [{"type": "message_start", "message": {**_HEAD, "content": [], "usage": usage}}]
    for index, lane in enumerate(lanes):
        rows.append({"type": "content_block_start", "index": index, "content_block": _opened(lane)})
    for lane, _, text in said:
        rows.append({"type": "content_block_delta", "index": lanes.index(lane), "delta": _delta(lane, text)})
    rows += [{"type": "content_block_stop", "index": index} for index in range(len(lanes))]
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    rows.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": 1}})
    return copy.deepcopy([*rows, {"type": "message_stop"}])


def _opened(lane: str) -> Json:
    block = _block(lane, "")
    return block | ({"input": {}} if "input" in block else {})


def _delta(lane: str, text: str) -> Json:
    if lane == "citation":
        return {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": text}}
    kind, name = _DELTAS.get(lane.partition(" ")[0], ("input_json_delta", "partial_json"))
    return {"type": kind, name: text}


_LABELS = frozenset({"id", "type", "role", "model", "stop_reason", "tool_use_id"})
_LEVELS = {*((), ("message",), ("content",), ("message", "content"), ("content_block",), ("delta",))}


def label(place: Place) -> bool:
    """Labels of a message and its events, usage, and names of fields where the API has fields."""
    *level, name = place.names or ("",)
    if place.how == "key":
        return tuple(level) in _LEVELS or "usage" in level
    return "usage" in level or (tuple(level) in _LEVELS and name in _LABELS)


MESSAGES = MarkedSurface(
    name="messages",
    path="/v1/messages",
    wires=frozenset({"messages"}),
    request=request,
    spread={"parts": parts, "turns": turns},
    answer=answer,
    frames=frames,
    lanes=LANES,
    labels=label,
    whole=whole,
    thought="thinking",
    structured=_STRUCTURED,
    most_choices=1,
    framed=named_event,
    end=b"",
)
MESSAGES_OVER_CHAT = over_chat(MESSAGES, plain_request)
