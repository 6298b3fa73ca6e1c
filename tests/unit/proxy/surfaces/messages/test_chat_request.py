"""A Messages request asked in chat."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import BadRequest
from proxy.surfaces.messages.chat_request import chat_body
from tests.unit.proxy.surfaces.messages import wire

PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}
LOOK = {"name": "look", "description": "Look.", "input_schema": {"type": "object"}, "cache_control": {}}


def asked(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return chat_body({"model": "m", "max_tokens": 9, "messages": list(messages), **more}, "system")


def messages(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(*rows)["messages"]
    return found


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def test_limits_stops_and_the_end_user_have_chat_s_names() -> None:
    body = asked(
        user(wire.text("hi")), stop_sequences=["END"], metadata={"user_id": "ann"}, temperature=0.5, top_k=4
    )
    assert (body["max_completion_tokens"], body["stop"], body["user"]) == (9, ["END"], "ann")
    assert (body["temperature"], body["top_k"]) == (0.5, 4)
    assert not body.keys() & {"max_tokens", "stop_sequences", "metadata", "system"}


@pytest.mark.parametrize("system", ["Be brief.", [wire.text("Be"), wire.text("brief.")]])
def test_the_system_prompt_is_the_first_message(system: Any) -> None:
    first = asked(user(wire.text("hi")), system=system)["messages"][0]
    assert (first["role"], first["content"].split()) == ("system", ["Be", "brief."])


def test_pictures_and_documents_become_chat_s_parts() -> None:
    pdf = {"type": "document", "title": "a.pdf", "source": {**PNG, "media_type": "application/pdf"}}
    plain = {"type": "document", "title": "T", "source": {"type": "text", "data": "words"}}
    linked = {"type": "image", "source": {"type": "url", "url": "https://a.test/x.png"}}
    (message,) = messages(user({"type": "image", "source": PNG}, linked, pdf, plain))
    assert message["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "image_url", "image_url": {"url": "https://a.test/x.png"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
        {"type": "text", "text": "T\nwords"},
    ]


def test_a_call_and_its_result_follow_each_other() -> None:
    result = {
        "type": "tool_result",
        "tool_use_id": "toolu_01a2b",
        "content": [wire.text("Sun."), {"type": "image", "source": PNG}],
    }
    called, brought, said = messages(
        {"role": "assistant", "content": [wire.THOUGHT, wire.text("Let me look."), wire.WEATHER]},
        user(wire.text("And?"), result),
    )
    assert called["content"] == "Let me look."
    assert called["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": '{"city":"Oslo"}'}
    assert brought == {"role": "tool", "tool_call_id": "toolu_01a2b", "content": "Sun."}
    assert [part["type"] for part in said["content"]] == ["text", "image_url"]


def test_thinking_alone_is_no_message() -> None:
    assert messages({"role": "assistant", "content": [wire.THOUGHT]}) == []


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "look"}, {"type": "function", "function": {"name": "look"}}),
    ],
)
def test_tools_and_what_is_demanded_of_them(choice: dict[str, Any], expected: Any) -> None:
    body = asked(
        user(wire.text("hi")), tools=[LOOK], tool_choice={**choice, "disable_parallel_tool_use": True}
    )
    assert body["tools"][0]["function"] == {
        "name": "look",
        "description": "Look.",
        "parameters": {"type": "object"},
    }
    assert (body["tool_choice"], body["parallel_tool_calls"]) == (expected, False)


def test_json_output_and_effort_have_chat_s_names() -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    body = asked(user(wire.text("hi")), output_config={"format": form, "effort": "low"})
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert body["reasoning_effort"] == "low"


def test_what_only_tunes_anthropic_s_servers_is_left_out_and_unknown_fields_stay() -> None:
    body = asked(
        user(wire.text("hi")),
        thinking={"type": "adaptive"},
        context_management={"edits": []},
        guided_choice=["a"],
    )
    assert not body.keys() & {"thinking", "context_management"}
    assert body["guided_choice"] == ["a"]


def test_a_stream_is_asked_for_its_usage() -> None:
    assert asked(user(wire.text("hi")), stream=True)["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("message", "more"),
    [
        (user(wire.text("hi")), {"container": "container_1"}),
        (user(wire.text("hi")), {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        (user(wire.text("hi")), {"tool_choice": {"type": "new"}}),
        (user(wire.text("hi")), {"output_format": {"type": "grammar"}}),
        (user({"type": "document", "source": {"type": "url", "url": "https://a.test"}}), {}),
        (user({"type": "search_result", "content": []}), {}),
        (user("bare"), {}),
        ({"role": "assistant", "content": [{"type": "server_tool_use", "name": "x"}]}, {}),
        ({"role": "narrator", "content": "hi"}, {}),
        ({"role": "user"}, {}),
    ],
    ids=str,
)
def test_what_chat_cannot_ask_is_refused_by_name(message: dict[str, Any], more: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        asked(message, **more)
    assert caught.value.code == "unsupported_by_upstream"
