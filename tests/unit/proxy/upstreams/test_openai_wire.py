"""Wire bodies have the keys that OpenAI's specification requires."""

from __future__ import annotations

import orjson
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from proxy.upstreams import openai_wire as wire

HEAD = wire.AnswerHead("chatcmpl-1", "some-model", 1_700_000_000)


def test_a_completion_parses_strictly() -> None:
    """With null refusal and logprobs, which are required keys."""
    made = wire.completion(HEAD, [wire.choice(0, {"content": "hi"}, "stop")], wire.usage(3, 2))
    read = ChatCompletion.model_validate(made, strict=True)
    assert read.choices[0].message.content == "hi"
    assert read.usage is not None
    assert read.usage.total_tokens == 5
    assert {"refusal"} <= made["choices"][0]["message"].keys()
    assert {"logprobs"} <= made["choices"][0].keys()


def test_chunks_parse_strictly() -> None:
    """A piece of text, a finish reason, and the count of tokens without choices."""
    piece = ChatCompletionChunk.model_validate(wire.chunk(HEAD, 1, {"content": "x"}), strict=True)
    last = ChatCompletionChunk.model_validate(wire.chunk(HEAD, 1, {}, "stop"), strict=True)
    count = ChatCompletionChunk.model_validate(wire.usage_chunk(HEAD, wire.usage(1, 1)), strict=True)
    assert (piece.choices[0].index, piece.choices[0].delta.content) == (1, "x")
    assert last.choices[0].finish_reason == "stop"
    assert count.choices == []


def test_an_event_is_one_data_line() -> None:
    """Line breaks inside are escaped."""
    raw = wire.event({"text": "a\nb"})
    assert raw == b'data: {"text":"a\\nb"}\n\n'
    assert orjson.loads(raw[6:])["text"] == "a\nb"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"stream_options": {"include_usage": True}}, True),
        ({"stream_options": {"include_usage": False}}, False),
        ({"stream_options": None}, False),
        ({}, False),
    ],
)
def test_usage_is_given_to_those_who_ask(body: dict[str, object], wanted: bool) -> None:
    """By `stream_options.include_usage`."""
    assert wire.wants_usage(body) is wanted
