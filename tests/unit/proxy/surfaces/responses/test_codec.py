"""Bytes of the Responses API and deltas: pieces, ends, frames, the constitution."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Draft, Exchange, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.responses.codec import ResponsesCodec
from proxy.testing import plain_bundle, plain_exchange
from tests.unit.proxy.surfaces.responses import wire
from tests.unit.proxy.surfaces.responses.guarded import POLICY


def an_exchange(body: dict[str, Any], codec: ResponsesCodec) -> Exchange:
    return plain_exchange(plain_bundle(POLICY), body=body, codec=codec, original=orjson.dumps(body))


def drafted(frames: list[bytes], **body: Any) -> Draft:
    codec, draft = ResponsesCodec(body), Draft()
    for raw in frames:
        draft.add(codec.frame(raw))
    return draft


@pytest.mark.parametrize("own", [None, "Be brief."])
def test_the_constitution_goes_before_the_client_s_own_instructions(own: str | None) -> None:
    body = {"model": "m", "input": "x", "top_k": 4} | ({"instructions": own} if own else {})
    codec = ResponsesCodec(body)
    payload = orjson.loads(codec.payload(an_exchange(body, codec), "Be kind."))
    assert payload["instructions"] == ("Be kind.\n\nBe brief." if own else "Be kind.")
    assert payload["top_k"] == 4


@pytest.mark.parametrize("own", [None, "Be brief."])
def test_the_constitution_is_not_told_to_the_client(own: str | None) -> None:
    body: dict[str, Any] = {"model": "m", "input": "x", "instructions": own}
    codec = ResponsesCodec(body)
    sent = orjson.loads(codec.payload(an_exchange(body, codec), "Be kind."))
    frame = wire.event("response.created", response=wire.begun(sent))
    assert b"Be kind." not in codec.frame(frame).raw
    delta = codec.body(orjson.dumps(wire.response(instructions=sent["instructions"])))
    assert orjson.loads(delta.raw)["instructions"] == own


def test_without_a_constitution_bytes_stay_as_they_are() -> None:
    body = {"model": "m", "input": "x"}
    codec = ResponsesCodec(body)
    exchange = an_exchange(body, codec)
    assert codec.payload(exchange, "") is exchange.original
    frames = wire.stream("It is sunny.")
    assert [codec.frame(raw).raw for raw in frames] == frames
    raw = wire.said("It is sunny.")
    assert codec.body(raw).raw is raw


def test_a_stream_says_its_text_once() -> None:
    draft = drafted(wire.stream("It is", "sunny."))
    choice = draft.choices[0]
    assert (choice.content, choice.other, choice.finish) == ("It is\nsunny.", "", "stop")
    assert (draft.usage, draft.complete) == (Usage(9, 4, 2), True)


def test_a_call_reads_as_its_name_and_arguments() -> None:
    choice = drafted(wire.call_stream()).choices[0]
    assert (choice.tool_calls, choice.finish) == ('get_weather\n{"city":"Oslo"}', "tool_calls")


def test_a_whole_answer_has_its_pieces_finish_and_usage() -> None:
    delta = ResponsesCodec().body(wire.body(wire.message("One.", "Two."), wire.WEATHER))
    assert [(piece.field, piece.text) for piece in delta.pieces] == [
        ("content", "One."),
        ("content", "\nTwo."),
        ("tool_call", 'get_weather\n{"city":"Oslo"}'),
    ]
    assert (delta.finishes, delta.usage) == (((0, "tool_calls"),), Usage(9, 4, 2))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"output":"x"}', b'{"error":{"message":"x"}}'])
def test_a_body_that_is_no_response_is_invalid(raw: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        ResponsesCodec().body(raw)
    assert caught.value.code == "upstream_invalid"


@pytest.mark.parametrize("raw", [b"data: {}\n\n", b"data: x\n\n", b"data: []\n\n", b'data: {"type":4}\n\n'])
def test_a_frame_that_is_no_event_is_invalid(raw: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        ResponsesCodec().frame(raw)
    assert caught.value.code == "upstream_invalid"


def test_an_end_mark_before_the_end_is_a_cut_and_after_it_nothing() -> None:
    codec = ResponsesCodec()
    with pytest.raises(UpstreamError) as caught:
        codec.frame(b"data: [DONE]\n\n")
    assert caught.value.code == "upstream_cut_off"
    for raw in wire.stream("It is"):
        codec.frame(raw)
    assert codec.frame(b"data: [DONE]\n\n").raw == b""
    assert codec.closing() == b""


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        (b"event: response.odd\ndata: {DATA}\n\n", True),
        (b"event: response.odd\r\ndata: {DATA}\r\n\r\n", True),
        (b"data: {DATA}\n\n", True),
        (b"event: response.other\ndata: {DATA}\n\n", False),
        (b"id: 4\nevent: response.odd\ndata: {DATA}\n\n", False),
        (b"event: response.odd\ndata: {DATA}\nretry: 4\n\n", False),
        (b": told you so\nevent: response.odd\ndata: {DATA}\n\n", False),
    ],
)
def test_frames_leave_named_as_their_data_says_and_with_nothing_else(raw: bytes, sent: bool) -> None:
    """Whatever stands beside the data was read by nobody."""
    data = b'{"type":"response.odd","sequence_number":0}'
    delta = ResponsesCodec().frame(raw.replace(b"{DATA}", data))
    expected = raw.replace(b"{DATA}", data) if sent else b"event: response.odd\ndata: " + data + b"\n\n"
    assert delta.raw == expected


def test_a_type_that_opens_another_line_does_not_leave_in_the_event_s_name() -> None:
    raw = b'event: x\nid: take this\ndata: {"type":"x\\nid: take this"}\n\n'
    assert b"\nid:" not in ResponsesCodec().frame(raw).raw


@pytest.mark.parametrize(
    ("raw", "sent"), [(b": ping\n\n", b": ping\n\n"), (b"event: x\n\n", b":\n\n"), (b"id: say\n\n", b":\n\n")]
)
def test_frames_without_data_are_comments_at_most(raw: bytes, sent: bytes) -> None:
    delta = ResponsesCodec().frame(raw)
    assert (delta.kind, delta.raw, delta.pieces) == ("comment", sent, ())


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        ("response.completed", "done"),
        ("response.incomplete", "done"),
        ("response.failed", "error"),
        ("response.created", "chunk"),
    ],
)
def test_the_last_event_ends_the_answer(kind: str, ends: str) -> None:
    delta = ResponsesCodec().frame(wire.event(kind, response=wire.begun(status=kind.partition(".")[2])))
    assert delta.kind == ends
    assert bool(delta.finishes) is (ends != "chunk")


def test_an_error_in_another_api_s_shape_is_an_error_event() -> None:
    delta = ResponsesCodec().frame(b'data: {"error":{"message":"it broke"}}\n\n')
    assert (delta.kind, delta.raw[:13]) == ("error", b"event: error\n")
    assert delta.pieces[0].text == "it broke"


def test_events_that_were_had_before_are_judged_but_not_sent() -> None:
    frames = wire.stream("It is sunny.")
    codec = ResponsesCodec(None, "response", after=5)
    deltas = [codec.frame(raw) for raw in frames]
    assert [delta.raw == b"" for delta in deltas[:7]] == [True] * 6 + [False]
    assert "".join(piece.text for delta in deltas for piece in delta.pieces) == "It is sunny."
    assert deltas[0].data[0]["type"] == "response.created", "what was told before is known"


def test_a_list_of_items_and_a_deletion_are_read() -> None:
    page = orjson.dumps({"object": "list", "data": [wire.message("One.")], "has_more": False})
    assert [piece.text for piece in ResponsesCodec(None, "list").body(page).pieces] == ["One."]
    gone = orjson.dumps({"id": wire.UPSTREAM_ID, "object": "response", "deleted": True})
    assert ResponsesCodec(None, "deletion").body(gone).pieces == ()
    with pytest.raises(UpstreamError):
        ResponsesCodec(None, "list").body(gone)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_text.delta", "delta": 4, "item_id": ["x"]},
        {"type": "response.output_text.delta", "delta": "a", "item_id": ["x"], "output_index": {}},
        {"type": "response.output_text.delta", "delta": "a", "logprobs": "odd"},
        {"type": "response.completed", "response": "odd"},
        {"type": "response.completed", "response": {"output": "odd", "usage": 4}},
        {"type": "response.output_item.done", "item": None, "output_index": 0},
        {"type": "response.content_part.done", "part": [1, "odd"]},
    ],
)
def test_odd_events_are_read_without_a_fault(event: dict[str, Any]) -> None:
    delta = ResponsesCodec().frame(b"data: " + orjson.dumps(event) + b"\n\n")
    odd = "odd" in str(event)
    assert ("odd" in "".join(piece.text for piece in delta.pieces)) is odd
