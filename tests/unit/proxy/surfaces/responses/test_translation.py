"""Responses made of chat's answers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Delta, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.responses.translation import TranslatedCodec
from proxy.testing import plain_exchange
from tests.kits.surface_kit import NOW, make_bundle
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat


def codec(**body: Any) -> TranslatedCodec:
    return TranslatedCodec({"model": "m", "input": "hello", **body}, wall=lambda: NOW)


def played(frames: list[bytes], **body: Any) -> list[Delta]:
    one = codec(**body)
    return [one.frame(raw) for raw in frames]


def kinds(deltas: list[Delta]) -> list[str]:
    return [event["type"].removeprefix("response.") for delta in deltas for event in delta.data or ()]


def last(deltas: list[Delta]) -> dict[str, Any]:
    response: dict[str, Any] = deltas[-1].data[-1]["response"]
    return response


def test_a_whole_answer_becomes_a_response() -> None:
    delta = codec().body(chat.answer_body("It is sunny."))
    response = orjson.loads(delta.raw)
    assert response["output"][0]["content"][0]["text"] == "It is sunny."
    assert (response["status"], response["usage"]["total_tokens"]) == ("completed", 13)
    assert (delta.pieces[0].text, delta.usage) == ("It is sunny.", Usage(9, 4))


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_the_finish_reason_becomes_the_state(finish: str, status: str, reason: str | None) -> None:
    raw = orjson.loads(chat.answer_body("It is"))
    raw["choices"][0]["finish_reason"] = finish
    response = codec().body(orjson.dumps(raw)).data
    assert (response["status"], (response["incomplete_details"] or {}).get("reason")) == (status, reason)


def test_a_call_is_an_item_of_its_own_with_chat_s_id() -> None:
    (item,) = codec().body(chat.answer_body("", tool_calls=[chat.WEATHER])).data["output"]
    assert (item["call_id"], item["name"], item["arguments"]) == (
        "call_1a2b",
        "get_weather",
        '{"city":"Oslo"}',
    )


def test_content_as_parts_is_told_as_it_is_judged() -> None:
    parts = [{"type": "text", "text": "It is "}, {"type": "text", "text": "sunny."}]
    delta = codec().body(chat.answer_body("", content=parts))
    assert delta.data["output"][0]["content"][0]["text"] == "It is sunny."
    assert "".join(piece.text for piece in delta.pieces) == "It is sunny."


def test_chat_s_older_call_is_an_item_too() -> None:
    called = {"name": "get_weather", "arguments": '{"city":'}
    (item,) = last(
        played(
            [
                chat.frame(chat.said(0, function_call=called)),
                chat.frame(chat.said(0, function_call={"arguments": '"Oslo"}'})),
                chat.DONE,
            ]
        )
    )["output"]
    assert (item["name"], item["arguments"]) == ("get_weather", '{"city":"Oslo"}')


def test_a_stream_of_text_has_every_event_in_order() -> None:
    deltas = played(chat.stream_of("It is", usage=True))
    assert kinds(deltas) == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert last(deltas)["usage"]["total_tokens"] == 13
    assert "".join(piece.text for delta in deltas for piece in delta.pieces) == "It is"


def test_thoughts_text_refusal_and_calls_follow_each_other() -> None:
    frames = [
        chat.frame(chat.said(0, reasoning_content="Hm.")),
        chat.frame(chat.said(0, content="Well.")),
        chat.frame(chat.said(0, refusal="No.")),
        *chat.tool_stream(),
    ]
    deltas = played(frames)
    assert [item["type"] for item in last(deltas)["output"]] == ["reasoning", "message", "function_call"]
    assert [part["type"] for part in last(deltas)["output"][1]["content"]] == ["output_text", "refusal"]
    numbers = [event["sequence_number"] for delta in deltas for event in delta.data or ()]
    assert numbers == list(range(len(numbers)))
    done = [event for delta in deltas for event in delta.data if event["type"].endswith("output_item.done")]
    assert [event["item"] for event in done] == last(deltas)["output"]


def test_calls_that_are_streamed_at_once_do_not_mix() -> None:
    first, second = ({"index": n, **chat.WEATHER, "id": f"call_{n}"} for n in (0, 1))
    more = {"index": 0, "function": {"arguments": " "}}
    deltas = played(
        [
            chat.frame(chat.said(0, tool_calls=[first, second])),
            *[chat.frame(chat.said(0, tool_calls=[more]))],
            chat.DONE,
        ]
    )
    assert [item["arguments"] for item in last(deltas)["output"]] == ['{"city":"Oslo"} ', '{"city":"Oslo"}']


def test_a_stream_without_its_end_mark_is_closed_by_the_rest_of_the_events() -> None:
    one = codec()
    for raw in chat.stream_of("It is")[:-1]:
        one.frame(raw)
    assert one.closing().count(b"event: response.completed") == 1
    assert one.closing() == b"", "once"


def test_only_the_first_choice_is_judged_and_sent() -> None:
    delta = codec().body(chat.answer_body("Mine.", "Another's."))
    assert [piece.text for piece in delta.pieces] == ["Mine."]
    assert b"Another" not in delta.raw
    raw = orjson.loads(chat.answer_body("Mine."))
    raw["choices"][0]["index"] = 5
    with pytest.raises(UpstreamError):
        codec().body(orjson.dumps(raw))


def test_what_no_guard_can_read_is_told_of_the_first_choice() -> None:
    audio = {"id": "audio_1", "data": "UklGRg==", "transcript": "Hi."}
    delta = codec().body(chat.answer_body("Mine.", "Another's.", audio=audio))
    assert delta.unread == ((0, "audio"),)


def test_an_error_of_the_upstream_s_is_an_error_event() -> None:
    deltas = played([chat.stream_of("It is")[0], b'data: {"error":{"message":"broke","code":"x"}}\n\n'])
    event = deltas[-1].data[0]
    assert (deltas[-1].kind, event["type"], event["message"], event["code"]) == (
        "error",
        "error",
        "broke",
        "x",
    )


def test_the_constitution_is_the_first_message() -> None:
    payload = orjson.loads(codec(instructions="Be brief.").payload(plain_exchange(make_bundle()), "Be kind."))
    assert [message["content"] for message in payload["messages"]] == ["Be kind.", "Be brief.", "hello"]
    assert "Be kind." not in codec().payload(plain_exchange(make_bundle()), "").decode()


def test_an_odd_id_of_the_upstream_s_does_not_go_on() -> None:
    raw = orjson.loads(chat.answer_body("It is"))
    raw["id"] = "Tell\nme how"
    assert codec().body(orjson.dumps(raw)).data["id"] == "resp_chat"


def test_log_probabilities_go_on_with_their_delta() -> None:
    choice = {**chat.said(0, content="It"), "logprobs": {"content": [{"token": "It", "logprob": -1.0}]}}
    (delta,) = played([chat.frame(choice)])
    assert delta.data[-1]["logprobs"][0]["token"] == "It"
