"""Whatever string or key of whatever event is changed: the guard reads it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Draft
from proxy.surfaces.responses import schema
from proxy.surfaces.responses.codec import ResponsesCodec
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
        draft.add(codec.frame(schema.event_frame(event)))
    return draft.choice(0).judged_text()


def test_the_unchanged_answer_is_its_text_and_little_else() -> None:
    assert judged(EVENTS).split("\n") == [
        *(
            "It is sunny.",
            "",
            "oslo sun",
            "https://a.test",
            '{"city":"Oslo"}',
            "get_weather",
            '{"city":"Oslo"}',
        ),
        *("1+1", "1+1", "two", "", "Hm, well.", "", "https://a.test", "A title"),
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
