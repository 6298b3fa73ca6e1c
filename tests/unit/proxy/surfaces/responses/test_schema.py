"""Shapes of what Gatehouse says itself."""

from __future__ import annotations

from proxy.exchange.exchange import Usage
from proxy.surfaces.chat_completions.schema import Shape
from proxy.surfaces.responses import schema
from tests.unit.proxy.surfaces.chat_completions.scenarios import canned, revised


def test_a_response_repeats_the_request_and_fills_in_what_it_does_not_say() -> None:
    made = schema.response("resp_1", 5, "m", {"instructions": "Be brief.", "temperature": None, "user": "u"})
    assert (made["instructions"], made["temperature"], made["user"]) == ("Be brief.", 1.0, "u")
    assert "input" not in made


def test_a_response_ends_completed_or_incomplete_for_a_reason() -> None:
    begun = schema.response("resp_1", 5, "m", {})
    assert schema.ended(begun, [], schema.usage_body(None))["status"] == "completed"
    cut = schema.ended(begun, [], schema.usage_body(None), "content_filter")
    assert (cut["status"], cut["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})


def test_a_canned_text_is_a_message_or_a_refusal_and_never_both() -> None:
    assert schema.replaced(canned(), Shape.MESSAGE)[0]["type"] == "output_text"
    assert schema.replaced(canned(), Shape.MESSAGE)[1] == "content_filter"
    part, reason = schema.replaced(canned(), Shape.REFUSAL)
    assert (part["type"], "text" in part, reason) == ("refusal", False, "")
    assert schema.replaced(revised(), Shape.REFUSAL) == (schema.text_part("Here is a safer answer."), "")


def test_usage_is_told_in_full() -> None:
    body = schema.usage_body(Usage(9, 4, 2), 1)
    assert (body["total_tokens"], body["input_tokens_details"]["cached_tokens"]) == (13, 2)
    assert schema.usage_body(None)["total_tokens"] == 0
