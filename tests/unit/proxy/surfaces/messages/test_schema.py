"""Shapes of what Gatehouse says itself on the Messages API."""

from __future__ import annotations

import orjson
import pytest

from proxy.errors import BadRequest, GuardUnavailable
from proxy.exchange.exchange import Usage
from proxy.surfaces.chat_completions.schema import Shape
from proxy.surfaces.messages import schema
from tests.unit.proxy.surfaces.chat_completions.scenarios import canned, revised


def test_a_canned_text_is_shown_or_explains_an_empty_answer_and_never_both() -> None:
    shown = schema.replaced(canned(), Shape.MESSAGE)
    assert (shown["content"][0]["text"], shown["stop_details"]["explanation"]) == (canned().text, None)
    hidden = schema.replaced(canned(), Shape.REFUSAL)
    assert (hidden["content"], hidden["stop_details"]["explanation"]) == ([], canned().text)
    assert shown["stop_reason"] == hidden["stop_reason"] == "refusal"


def test_a_revised_answer_is_an_ordinary_one() -> None:
    told = schema.replaced(revised(), Shape.REFUSAL)
    assert told == {"content": [schema.text_block("Here is a safer answer.")], "stop_reason": "end_turn"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((400, "invalid_request_error"), (418, "invalid_request_error"), (413, "request_too_large")),
        *((502, "api_error"), (503, "overloaded_error"), (529, "overloaded_error"), (504, "timeout_error")),
    ],
)
def test_a_status_has_anthropic_s_type(status: int, kind: str) -> None:
    assert schema.kind_of(status) == kind


def test_an_error_has_anthropic_s_keys_and_our_code() -> None:
    told = schema.error(BadRequest("No.", code="invalid_value", param="model"), "gh-1")
    assert (told["type"], told["request_id"]) == ("error", "gh-1")
    assert told["error"] == {
        "type": "invalid_request_error",
        "message": "No.",
        "param": "model",
        "code": "invalid_value",
    }
    assert schema.error(GuardUnavailable(), "gh-1")["error"]["type"] == "overloaded_error"


def test_an_upstream_s_error_in_anthropic_s_shape_is_left_as_it_is() -> None:
    raw = b'{ "type": "error", "error": {"type": "api_error", "message": "x", "details": null} }'
    assert schema.reshaped(500, raw, "gh-1") == raw


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"error":{"message":"slow","code":"busy"}}', "slow"),
        (b'{"error":"slow"}', "slow"),
        (b'{"detail":"secret"}', "The model server answered with an error."),
        (b"<html>", "The model server answered with an error."),
    ],
)
def test_any_other_error_gets_that_shape(raw: bytes, message: str) -> None:
    told = orjson.loads(schema.reshaped(429, raw, "gh-1"))
    assert (told["error"]["type"], told["error"]["message"]) == ("rate_limit_error", message)


def test_what_came_from_a_cache_is_counted_apart() -> None:
    assert schema.usage_body(Usage(9, 4, 2)) == {
        "input_tokens": 7,
        "output_tokens": 4,
        "cache_read_input_tokens": 2,
    }
    assert schema.usage_body(None) == {"input_tokens": 0, "output_tokens": 0}


def test_a_short_stream_says_a_whole_message() -> None:
    whole = schema.message("msg_1", "m", schema.usage_body(Usage(3, 2)))
    events = list(schema.told({**whole, **schema.replaced(canned(), Shape.MESSAGE)}))
    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[0]["message"]["content"] == []
    assert events[0]["message"]["stop_reason"] is None
    assert "stop_details" not in events[0]["message"]
    assert events[4]["delta"]["stop_reason"] == "refusal"
