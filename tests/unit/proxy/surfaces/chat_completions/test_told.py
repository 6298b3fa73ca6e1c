"""What a message of chat tells."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.surfaces.chat_completions import told

CALL = {"id": "call_1", "function": {"name": "look", "arguments": "{}"}}


def test_thoughts_come_first_and_a_refusal_last() -> None:
    message = {"refusal": "No.", "content": "Well.", "thinking": "Hm."}
    assert told.texts(message) == [("reasoning", "Hm."), ("content", "Well."), ("refusal", "No.")]


@pytest.mark.parametrize("empty", ["", None, ["Hm."]])
def test_the_first_thought_that_is_a_text_is_told(empty: Any) -> None:
    assert told.texts({"reasoning_content": empty, "reasoning": "Hm."}) == [("reasoning", "Hm.")]
    assert told.texts({"reasoning_content": "Hm.", "reasoning": "Again."}) == [("reasoning", "Hm.")]


def test_content_as_parts_is_one_text() -> None:
    parts = [{"type": "text", "text": "It is "}, "odd", {"type": "text"}, {"type": "text", "text": "sunny."}]
    assert told.texts({"content": parts}) == [("content", "It is sunny.")]


def test_a_part_that_is_not_judged_as_content_is_not_told_as_content() -> None:
    assert told.texts({"content": [{"type": "new", "text": "It is"}]}) == []


@pytest.mark.parametrize("odd", [None, "", 4, {"text": "It is"}, []])
def test_what_is_no_text_is_not_told(odd: Any) -> None:
    assert told.texts({"content": odd, "refusal": odd if odd != [] else None}) == []


def test_a_call_is_named_by_its_index_or_its_place() -> None:
    odd = {**CALL, "index": "1"}
    found = told.calls({"tool_calls": [CALL, {**CALL, "index": 5}, odd, {"custom": {}}, "odd"]})
    assert found == [(0, CALL), (5, {**CALL, "index": 5}), (2, odd)]


def test_chat_s_older_call_is_one_of_its_own() -> None:
    called = {"name": "look", "arguments": "{}"}
    assert told.calls({"tool_calls": [CALL], "function_call": called}) == [
        (0, CALL),
        ("function_call", {"function": called}),
    ]
