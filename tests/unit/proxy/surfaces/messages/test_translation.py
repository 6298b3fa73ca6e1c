"""Messages made of chat completions."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Delta, Draft
from proxy.exchange.ports import CHAT, UpstreamError
from proxy.surfaces.messages import schema
from proxy.surfaces.messages.translation import TranslatedCodec
from tests.kits.scripted_corridor import payload_of
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.messages.scenarios import walked

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}


def codec(**more: Any) -> TranslatedCodec:
    return TranslatedCodec({**ASKED, **more})


def whole(raw: bytes, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(codec(**more).body(raw).raw)
    return found


def finished(reason: str, **choice: Any) -> bytes:
    body = orjson.loads(chat.answer_body("Hi."))
    body["choices"][0] |= {"finish_reason": reason, **choice}
    return orjson.dumps(body)


def streamed(*frames: bytes) -> tuple[list[dict[str, Any]], list[Delta]]:
    """The events and the deltas of a stream."""
    read = codec()
    deltas = [read.frame(frame) for frame in frames]
    return [event for delta in deltas for event in delta.data or ()], deltas


def kinds(events: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [(event["type"].removeprefix("content_block_"), event.get("index")) for event in events]


async def test_withheld_messages_and_the_constitution_reach_chat_as_they_should() -> None:
    exchange = await walked(ASKED, wires=CHAT)
    exchange.withheld = frozenset({0})
    first, second = payload_of(exchange)["messages"]
    assert (first["content"], "hello" in second["content"]) == ("Be helpful.", False)


def test_a_whole_answer_says_what_chat_said() -> None:
    told = whole(chat.answer_body("It is sunny.", reasoning_content="Let me see.", tool_calls=[chat.WEATHER]))
    assert [block["type"] for block in told["content"]] == ["thinking", "text", "tool_use"]
    assert told["content"][2]["input"] == {"city": "Oslo"}
    assert (told["stop_reason"], told["id"]) == ("tool_use", "msg_chatcmpl-abc123")
    assert told["usage"] == {"input_tokens": 9, "output_tokens": 4}


@pytest.mark.parametrize("arguments", ['{"city":', "[1]", "say it"])
def test_arguments_that_are_no_object_are_handed_on_as_a_text(arguments: str) -> None:
    call = {**chat.WEATHER, "function": {"name": "get_weather", "arguments": arguments}}
    assert whole(chat.answer_body("", tool_calls=[call]))["content"][0]["input"] == {"arguments": arguments}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("tool_calls", "tool_use"),
    ],
)
def test_reasons_to_stop_have_anthropic_s_words(reason: str, expected: str) -> None:
    told = whole(finished(reason))
    assert told["stop_reason"] == expected
    assert ("stop_details" in told) is (expected == "refusal")


def test_the_stop_sequence_is_told_where_the_server_tells_it() -> None:
    told = whole(finished("stop", stop_reason="END"), stop_sequences=["END"])
    assert (told["stop_reason"], told["stop_sequence"]) == ("stop_sequence", "END")
    assert whole(finished("stop", stop_reason="other"))["stop_sequence"] is None


def test_a_refusal_is_shown_and_told_apart() -> None:
    told = whole(chat.answer_body("", refusal="I can't."))
    assert (told["content"], told["stop_reason"]) == ([schema.text_block("I can't.")], "refusal")


def test_a_stream_opens_and_closes_each_block_in_turn() -> None:
    start = {"index": 0, **chat.WEATHER, "function": {"name": "get_weather", "arguments": ""}}
    events, _ = streamed(
        chat.frame(chat.said(0, reasoning_content="Hm.")),
        chat.frame(chat.said(0, content="It ")),
        chat.frame(chat.said(0, content="is.")),
        chat.frame(chat.said(0, tool_calls=[start])),
        chat.frame(chat.said(0, "tool_calls")),
        chat.DONE,
    )
    assert kinds(events) == [
        ("message_start", None),
        *(("start", 0), ("delta", 0), ("stop", 0)),
        *(("start", 1), ("delta", 1), ("delta", 1), ("stop", 1)),
        *(("start", 2), ("stop", 2)),
        *(("message_delta", None), ("message_stop", None)),
    ]
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


def test_calls_that_speak_by_turns_keep_their_own_arguments() -> None:
    def part(index: int, arguments: str) -> bytes:
        function = {"name": "look", "arguments": arguments}
        return chat.frame(
            chat.said(0, tool_calls=[{"index": index, "id": f"call_{index}", "function": function}])
        )

    events, _ = streamed(part(0, '{"a":'), part(1, '{"b":'), part(0, "1}"), part(1, "2}"), chat.DONE)
    said: dict[int, str] = {}
    for event in events:
        if event["type"] == "content_block_delta":
            said[event["index"]] = said.get(event["index"], "") + event["delta"]["partial_json"]
    assert said == {0: '{"a":1}', 1: '{"b":2}'}


def test_what_is_judged_is_what_chat_s_codec_reads() -> None:
    draft = Draft()
    for delta in streamed(*chat.stream_of("It is sunny.", usage=True))[1]:
        draft.add(delta)
    assert (draft.choice(0).content, draft.choice(0).finish, draft.complete) == ("It is sunny.", "stop", True)
    assert draft.usage is not None


def test_only_the_first_choice_is_sent_and_judged() -> None:
    delta = codec().body(chat.answer_body("Good.", "Other."))
    assert b"Other." not in delta.raw
    assert {piece.choice for piece in delta.pieces} == {0}


def test_usage_that_comes_last_is_told_at_the_end() -> None:
    events, _ = streamed(*chat.stream_of("Hi.", usage=True))
    assert events[-2]["usage"] == {"input_tokens": 9, "output_tokens": 4}


def test_a_stream_without_an_end_mark_can_be_closed_once() -> None:
    read = codec()
    for frame in chat.stream_of("Hi.")[:-1]:
        read.frame(frame)
    assert read.closing().count(b"event: message_stop") == 1
    assert read.closing() == b""


def test_an_error_in_a_stream_has_anthropic_s_shape() -> None:
    events, deltas = streamed(
        chat.frame(chat.said(0, content="Hi.")), b'data: {"error":{"message":"busy"}}\n\n'
    )
    assert events[-1] == {"type": "error", "error": {"type": "api_error", "message": "busy"}}
    assert deltas[-1].kind == "error"


def test_comments_become_pings() -> None:
    assert codec().frame(b": secret\n\n").raw == schema.PING


def test_an_answer_without_a_first_choice_is_none() -> None:
    with pytest.raises(UpstreamError):
        codec().body(b'{"choices":[]}')
