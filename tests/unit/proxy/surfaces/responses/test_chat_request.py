"""A Responses request in chat's words, or refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import BadRequest
from proxy.surfaces.responses.chat_request import chat_body


def messages(*items: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chat_body({"model": "m", "input": list(items)}, "system")["messages"]
    return found


def test_instructions_and_a_string_become_two_messages() -> None:
    body = chat_body({"model": "m", "input": "hello", "instructions": "Be brief."}, "developer")
    assert body == {
        "model": "m",
        "messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hello"}],
    }


def test_parts_of_a_user_s_message_stay_parts() -> None:
    parts = [
        {"type": "input_text", "text": "Look."},
        {"type": "input_image", "image_url": "https://x.test/a.png", "detail": "low"},
        {"type": "input_file", "file_data": "data:text/plain,hi", "filename": "a.txt"},
    ]
    assert messages({"role": "user", "content": parts})[0]["content"] == [
        {"type": "text", "text": "Look."},
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
        {"type": "file", "file": {"file_data": "data:text/plain,hi", "filename": "a.txt"}},
    ]


def test_text_of_an_assistant_is_a_string_and_its_refusal_a_part() -> None:
    text = {"type": "output_text", "text": "Yes.", "annotations": []}
    assert messages({"role": "assistant", "content": [text]})[0]["content"] == "Yes."
    refusal = {"type": "refusal", "refusal": "No."}
    assert messages({"role": "assistant", "content": [refusal]})[0]["content"] == [refusal]


def test_calls_of_one_turn_are_one_message_and_outputs_answer_them() -> None:
    calls = [
        {"type": "function_call", "call_id": f"call_{n}", "name": "look", "arguments": "{}"} for n in (1, 2)
    ]
    output = {"type": "function_call_output", "call_id": "call_1", "output": "It rains."}
    asked, answered = messages({"type": "reasoning", "summary": []}, *calls, output)
    assert [call["id"] for call in asked["tool_calls"]] == ["call_1", "call_2"]
    assert answered == {"role": "tool", "tool_call_id": "call_1", "content": "It rains."}


def test_options_are_translated_and_unknown_fields_go_on() -> None:
    schema = {"name": "n", "schema": {"type": "object"}, "strict": True}
    tool = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": None}
    body = chat_body(
        {
            "model": "m",
            "input": "x",
            "stream": True,
            "max_output_tokens": 9,
            "reasoning": {"effort": "low", "summary": "auto"},
            "text": {"format": {"type": "json_schema", **schema}, "verbosity": "low"},
            "tools": [tool],
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}],
            },
            "top_logprobs": 2,
            "top_k": 4,
            "store": True,
            "include": ["reasoning.encrypted_content"],
            "moderation": {"model": "x"},
        },
        "system",
    )
    del body["messages"]
    function = {"type": "function", "function": {"name": "f"}}
    assert body == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 9,
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": schema},
        "verbosity": "low",
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [function]}},
        "top_logprobs": 2,
        "logprobs": True,
        "top_k": 4,
    }


USER = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    "more",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"prompt": {"id": "pmpt_1"}},
        {"background": True},
        {"context_management": [{"type": "compaction"}]},
        {"tools": [{"type": "web_search"}]},
        {"tools": ["odd"]},
        {"tool_choice": {"type": "mcp"}},
        {"tool_choice": 4},
        {"text": {"format": {"type": "grammar"}}},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"id": "msg_1"}]},
        {"input": [{"type": "mcp_call"}]},
        {"input": [{"role": "root", "content": "x"}]},
        {"input": [{"role": "user", "content": None}]},
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]},
        {"input": [{"role": "user", "content": [{"type": "hologram", "text": "x"}]}]},
        {
            "input": [
                USER,
                {"type": "function_call_output", "output": [{"type": "input_image", "image_url": "u"}]},
            ]
        },
        {"input": [USER, {"type": "function_call_output", "output": 4}]},
    ],
)
def test_what_chat_does_not_have_is_refused_by_name(more: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        chat_body({"model": "m", "input": "x", **more}, "system")
    assert caught.value.code == "unsupported_by_upstream"
    assert caught.value.param in {*more, "tools", "text"}
