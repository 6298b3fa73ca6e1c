"""What was told decides how a stream may end."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.surfaces.responses import schema
from proxy.surfaces.responses.transcript import Transcript
from tests.unit.proxy.surfaces.responses import wire


def events_of(frames: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(frame.partition(b"\ndata: ")[2]) for frame in frames.split(b"\n\n") if frame]


def told(frames: list[bytes]) -> Transcript:
    transcript = Transcript()
    for event in events_of(b"".join(frames)):
        transcript.note(event)
    return transcript


def test_numbers_go_on_from_the_last_event_told() -> None:
    transcript = Transcript()
    transcript.note({"type": "response.created", "sequence_number": 41, "response": wire.begun()})
    transcript.note({"type": "response.odd"})
    assert transcript.number == 43


def test_an_open_message_is_closed_with_what_it_has_and_the_notice() -> None:
    transcript = told(wire.stream("It begins well")[:6])
    events = events_of(transcript.break_off("msg_own", "Stop."))
    assert [event["type"].removeprefix("response.") for event in events] == [
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    (item,) = transcript.output()
    assert (item["status"], item["content"][0]["text"]) == ("incomplete", "It begins\n\nStop.")


def test_without_a_notice_an_open_message_is_only_closed() -> None:
    transcript = told(wire.stream("It begins well")[:6])
    events = events_of(transcript.break_off("msg_own", ""))
    assert "response.output_text.delta" not in [event["type"] for event in events]
    assert transcript.output()[0]["content"][0]["text"] == "It begins"


def test_an_open_call_stays_open_and_is_not_repeated() -> None:
    transcript = told(wire.call_stream()[:3])
    transcript.break_off("msg_own", "Stop.")
    assert [item["id"] for item in transcript.output()] == ["msg_own"]


def test_a_finished_item_stays_and_the_notice_follows_in_a_message_of_its_own() -> None:
    transcript = told(wire.call_stream()[:-1])
    transcript.break_off("msg_own", "Stop.")
    assert [item["type"] for item in transcript.output()] == ["function_call", "message"]
    nothing = told(wire.call_stream()[:-1])
    assert nothing.break_off("msg_own", "") == b""


def test_a_message_between_two_parts_gets_another_part() -> None:
    transcript = told(wire.stream("One.", "Two.")[:7])
    transcript.break_off("msg_own", "Stop.")
    assert [part["text"] for part in transcript.output()[0]["content"]] == ["One.", "Stop."]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_item.added", "output_index": "0", "item": {}},
        {"type": "response.output_item.added", "output_index": 0, "item": None},
        {"type": "response.output_text.delta", "output_index": 4, "content_index": 0, "delta": "x"},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": None, "delta": 3},
        {"type": "response.content_part.added", "output_index": 0, "content_index": 9, "part": 4},
        {"type": "response.content_part.added", "output_index": 0, "content_index": 9, "part": {}},
        {"type": None},
        {"type": ["odd"]},
        {},
    ],
)
def test_odd_events_do_no_harm(event: dict[str, Any]) -> None:
    transcript = told(wire.stream("It begins")[:5])
    transcript.note(event)
    transcript.break_off("msg_own", "Stop.")
    assert transcript.output()


def test_items_that_are_no_messages_are_told_whole() -> None:
    transcript = Transcript()
    events = events_of(transcript.tell(wire.WEATHER))
    assert [event["item"] for event in events] == [wire.WEATHER] * 2


def test_the_last_event_is_named_after_the_state() -> None:
    begun = wire.begun()
    usage = schema.usage_body(None)
    assert b"event: response.completed" in Transcript().end(schema.ended(begun, [], usage))
    transcript = Transcript()
    assert b"event: response.incomplete" in transcript.end(schema.ended(begun, [], usage, "content_filter"))
    assert transcript.ended
