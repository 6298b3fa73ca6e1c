"""Units of text of an answer, their fields, and what ends it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.exchange.exchange import Usage
from proxy.surfaces.responses import schema, spoken
from tests.unit.proxy.surfaces.responses import wire


def units(item: Any) -> list[tuple[str, list[str]]]:
    return [(field, texts) for field, texts in spoken.item_units(item) if texts]


@pytest.mark.parametrize(
    ("item", "found"),
    [
        (wire.message("One.", "Two."), [("content", ["One."]), ("content", ["Two."])]),
        (schema.message("msg_1", schema.refusal_part("No.")), [("refusal", ["No."])]),
        (wire.WEATHER, [("tool_call", ["get_weather", '{"city":"Oslo"}'])]),
        (
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
            [("reasoning", ["Hm."])],
        ),
        ({"type": "shell_call_output", "output": [{"stdout": "ok then"}]}, [("other", ["ok then"])]),
        ({"type": "message", "content": "bare"}, [("content", ["bare"])]),
        ("bare", [("other", ["bare"])]),
        ({"type": "message", "content": [7, "odd"]}, [("other", ["odd"])]),
    ],
)
def test_every_item_says_its_text_in_the_field_it_belongs_to(item: Any, found: Any) -> None:
    assert units(item) == found


def test_log_probabilities_are_silent_where_they_repeat_the_text() -> None:
    entries = [{"token": "It", "logprob": 0}, {"token": " is", "logprob": 0}]
    assert spoken.logprob_texts(entries, "It is sunny") == []
    assert spoken.logprob_texts(entries, "Nothing") == ["It is"]
    assert spoken.logprob_texts({"odd one": 1}, "") == ["odd one"]


@pytest.mark.parametrize(
    ("response", "finish"),
    [
        (wire.response(wire.message("a")), "stop"),
        (wire.response(wire.WEATHER), "tool_calls"),
        (wire.begun(), ""),
        (wire.begun(status="queued"), ""),
        (wire.begun(status="failed"), "failed"),
        (wire.begun(status="cancelled"), "cancelled"),
        (wire.begun(status="incomplete", incomplete_details={"reason": "max_output_tokens"}), "length"),
        (wire.begun(status="incomplete", incomplete_details={"reason": "content_filter"}), "content_filter"),
        (wire.begun(status="incomplete", incomplete_details={"reason": ["x"]}), "incomplete"),
        (wire.begun(status=["completed"]), ""),
    ],
)
def test_the_finish_reason_is_one_of_chat_s_or_the_state(response: dict[str, Any], finish: str) -> None:
    assert spoken.finish_of(response) == finish


def test_usage_is_read_where_it_is_well_formed() -> None:
    assert spoken.usage_of({"usage": wire.USAGE}) == Usage(9, 4, 2)
    assert spoken.usage_of({"usage": {"input_tokens": "9"}}) == Usage()
    assert spoken.usage_of({}) is None
