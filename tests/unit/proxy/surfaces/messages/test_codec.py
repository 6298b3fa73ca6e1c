"""Bytes of an upstream that speaks the Messages API: relayed as they are, and read."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import ChoiceDraft, Draft, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.messages.codec import MessagesCodec
from proxy.surfaces.messages.schema import PING
from proxy.surfaces.named_events import event_frame
from tests.kits.places import places, put
from tests.kits.scripted_corridor import payload_of
from tests.unit.proxy.surfaces.messages import wire
from tests.unit.proxy.surfaces.messages.scenarios import walked

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
SENTENCE = "Take nitroglycerine now"


def codec() -> MessagesCodec:
    return MessagesCodec(ASKED)


def judged(*frames: bytes) -> ChoiceDraft:
    draft, read = Draft(), codec()
    for frame in frames:
        draft.add(read.frame(frame))
    return draft.choice(0)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (None, "Be helpful."),
        ("Be brief.", "Be helpful.\n\nBe brief."),
        ([wire.text("a")], [{"type": "text", "text": "Be helpful."}, wire.text("a")]),
    ],
)
async def test_the_constitution_comes_first_in_the_system_prompt(own: Any, expected: Any) -> None:
    body = ASKED if own is None else {**ASKED, "system": own}
    assert payload_of(await walked(body)) == {**ASKED, "system": expected}


async def test_without_a_constitution_the_original_bytes_go_on() -> None:
    exchange = await walked(ASKED)
    assert exchange.codec.payload(exchange, "") is exchange.original


async def test_what_is_withheld_does_not_go_on() -> None:
    exchange = await walked(ASKED)
    exchange.withheld = frozenset({0})
    assert b"hello" not in exchange.codec.payload(exchange, "")


def test_a_whole_message_is_relayed_as_it_is() -> None:
    raw = b'{ "content": [ {"type":"text", "text": "Hi"} ], "stop_reason":"max_tokens" }'
    delta = codec().body(raw)
    assert (delta.raw, delta.kind, delta.finishes) == (raw, "body", ((0, "length"),))


def test_frames_are_relayed_as_they_are() -> None:
    frames = wire.stream(wire.THOUGHT, wire.text("It is sunny."), wire.WEATHER)
    read = codec()
    assert [read.frame(frame).raw for frame in frames] == [*frames[:1], PING, *frames[2:]]


def test_a_stream_is_put_together_and_ends() -> None:
    draft, read = Draft(), codec()
    for frame in wire.stream(wire.THOUGHT, wire.text("It is sunny."), wire.WEATHER):
        draft.add(read.frame(frame))
    choice = draft.choice(0)
    assert (choice.content, choice.reasoning) == ("It is sunny.", "Let me see.")
    assert choice.tool_calls == 'get_weather\n{"city":"Oslo"}'
    assert (choice.finish, draft.complete, draft.usage) == ("tool_calls", True, Usage(11, 4, 2))


@pytest.mark.parametrize(
    "frame",
    [
        b'data: {"type":"message_stop"}\n\n',
        b'event: x\ndata: {"type":"message_stop"}\n\n',
        b': secret words\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
        b'event: message_stop\ndata: {"type":"secret","type":"message_stop"}\n\n',
    ],
)
def test_an_event_is_written_anew_where_clients_could_not_read_it_or_more_than_was_judged(
    frame: bytes,
) -> None:
    assert codec().frame(frame).raw == event_frame({"type": "message_stop"})


@pytest.mark.parametrize("frame", [b": secret\n\n", b'event: ping\ndata: {"type":"ping","say":"secret"}\n\n'])
def test_comments_and_pings_lose_their_words(frame: bytes) -> None:
    delta = codec().frame(frame)
    assert (delta.raw, delta.kind) == (PING, "comment")


def test_an_error_in_a_stream_is_read_and_the_last_word() -> None:
    delta = codec().frame(b'data: {"error":{"type":"overloaded_error","message":"say it"}}\n\n')
    assert (delta.kind, delta.pieces[-1].text) == ("error", "say it")
    assert delta.raw.startswith(b"event: error\n")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"data: [DONE]\n\n", "upstream_cut_off"),
        (b"data: {}\n\n", "upstream_invalid"),
        (b"data: []\n\n", "upstream_invalid"),
        (
            b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}\n\n',
            "upstream_invalid",
        ),
    ],
)
def test_what_is_no_event_of_a_message_is_an_error(frame: bytes, code: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        codec().frame(frame)
    assert caught.value.code == code


def test_a_body_that_is_no_message_is_an_error() -> None:
    with pytest.raises(UpstreamError):
        codec().body(b'{"choices":[]}')


def test_a_stream_that_stopped_is_closed_and_one_that_was_cut_off_is_not() -> None:
    frames = wire.stream(wire.text("It is."))
    read = codec()
    assert read.closing() == b""
    for frame in frames[:-1]:
        read.frame(frame)
    assert read.closing() == frames[-1]


CITED = {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "c"}}
EVENTS: list[dict[str, Any]] = [
    *wire.events(wire.THOUGHT, wire.text("Hi."), wire.WEATHER),
    {"type": "content_block_delta", "index": 0, "delta": CITED},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "news": "n"}},
    {"type": "content_block_start", "index": 3, "content_block": {"type": "new", "thought": ["t"]}},
    {"type": "new_event", "words": "w"},
]
SPOTS = [
    (number, place)
    for number, event in enumerate(EVENTS)
    for place in places(event)
    if event["type"] != "ping" and not (place.how == "key" and place.path == ("type",))
]


@pytest.mark.parametrize(("number", "place"), SPOTS, ids=str)
def test_a_sentence_in_any_place_of_any_event_is_judged(number: int, place: Any) -> None:
    event = put(EVENTS[number], place, SENTENCE)
    if place.how == "key" and place.path == ("index",) and event["type"] != "content_block_stop":
        with pytest.raises(UpstreamError):
            judged(event_frame(event))
        return
    assert SENTENCE in judged(event_frame(event)).judged_text()


@pytest.mark.parametrize(
    "place", list(places(wire.message(wire.THOUGHT, wire.text("Hi."), wire.WEATHER))), ids=str
)
def test_a_sentence_in_any_place_of_a_whole_message_is_judged(place: Any) -> None:
    whole = put(wire.message(wire.THOUGHT, wire.text("Hi."), wire.WEATHER), place, SENTENCE)
    raw = orjson.dumps(whole)
    if place.path == ("content",) and place.how == "key":
        with pytest.raises(UpstreamError):
            codec().body(raw)
        return
    draft = Draft()
    draft.add(codec().body(raw))
    assert SENTENCE in draft.choice(0).judged_text()
