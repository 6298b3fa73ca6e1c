"""Whatever string or key of whatever event is changed: the guard reads it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Draft
from proxy.surfaces.named_events import event_frame
from proxy.surfaces.responses.codec import ResponsesCodec
from proxy.surfaces.responses.intake import Intake
from tests.unit.proxy.surfaces.responses import wire

SENTENCE = "Take nitroglycerine now"
EVENTS = wire.every_kind()
NUMBERED = range(len(EVENTS))

Path = tuple[Any, ...]


def places(value: Any, path: Path = ()) -> Iterator[tuple[str, Path]]:
    """Every string, every key, and every object that could have one key more."""
    if type(value) is str:
        yield "value", path
    elif type(value) is dict:
        yield "more", path
        for key, child in value.items():
            yield "key", (*path, key)
            yield from places(child, (*path, key))
    elif type(value) is list:
        for index, child in enumerate(value):
            yield from places(child, (*path, index))


def changed(event: dict[str, Any], how: str, path: Path) -> dict[str, Any]:
    """The event with the sentence in that place."""
    found = copy.deepcopy(event)
    inner: Any = found
    for step in path if how == "more" else path[:-1]:
        inner = inner[step]
    if how == "more":
        inner["aside"] = {"deep": [SENTENCE]}
    elif how == "key":
        inner[SENTENCE] = inner.pop(path[-1])
    else:
        inner[path[-1]] = SENTENCE
    return found


def judged(events: list[dict[str, Any]]) -> str:
    codec, draft = ResponsesCodec(wire.KNOWN_REQUEST), Draft()
    for event in events:
        draft.add(codec.frame(event_frame(event)))
    return draft.choice(0).judged_text()


def test_the_unchanged_answer_is_its_text_and_little_else() -> None:
    assert judged(EVENTS).split("\n") == [
        *(
            "It is sunny.",
            "",
            "oslo sun",
            "https://a.test",
            "get_weather",
            '{"city":"Oslo"}',
            "1+1",
        ),
        *("1+1", "two", '{"city":"Oslo"}', "", "Hm, well.", "", "https://a.test", "A title"),
    ]


@pytest.mark.parametrize("number", NUMBERED)
def test_a_sentence_in_any_place_of_an_event_is_judged(number: int) -> None:
    event = EVENTS[number]
    for how, path in places(event):
        if path == ("sequence_number",) or (how == "key" and path == ("type",)):
            continue
        events = [*EVENTS[:number], changed(event, how, path), *EVENTS[number + 1 :]]
        assert SENTENCE in judged(events), (event["type"], how, path)


def test_a_sentence_in_any_place_of_a_whole_answer_is_judged() -> None:
    response = EVENTS[-1]["response"]
    for how, path in places(response):
        if path == ("output",):
            continue
        raw = orjson.dumps(changed(response, how, path))
        pieces = ResponsesCodec(wire.KNOWN_REQUEST).body(raw).pieces
        assert SENTENCE in "\n".join(piece.text for piece in pieces), (how, path)


IMAGE = {"type": "input_image", "image_url": "https://a.test/a.png", "detail": "low"}
ASKED: dict[str, Any] = {
    **wire.KNOWN_REQUEST,
    "model": "m",
    "previous_response_id": "resp_1",
    "conversation": {"id": "conv_1"},
    "prompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "Oslo", "look": IMAGE}},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
    "reasoning": {"effort": "low"},
    "include": ["reasoning.encrypted_content"],
    "tool_choice": {"type": "function", "name": "f"},
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Look."}, IMAGE]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I do."}]},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        wire.WEATHER,
        {"type": "function_call_output", "call_id": "call_1", "output": "It rains."},
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [{"type": "input_text", "text": "ok"}],
        },
        {"type": "computer_call", "call_id": "call_1", "action": {"type": "type", "text": "go"}},
        {
            "type": "computer_call_output",
            "output": {"type": "computer_screenshot", "image_url": "https://a.test"},
        },
        {"type": "mcp_call", "name": "x", "arguments": "{}", "output": "found", "server_label": "s"},
        {
            "type": "shell_call_output",
            "output": [{"stdout": "a", "stderr": "b", "outcome": {"type": "exit"}}],
        },
        {"type": "custom_tool_call", "name": "c", "input": "go", "call_id": "call_1"},
        {"type": "item_reference", "id": "msg_1"},
        {"type": "telepathy", "thought": ["of you"]},
    ],
}


def test_a_sentence_in_any_place_of_a_request_is_judged() -> None:
    for how, path in places(ASKED):
        named = how == "key" and path in (("input",), ("instructions",))
        if path == ("model",) or named:
            continue
        conversation, _ = Intake().read(changed(ASKED, how, path))
        assert SENTENCE in "\n".join(turn.text for turn in conversation.turns), (how, path)
