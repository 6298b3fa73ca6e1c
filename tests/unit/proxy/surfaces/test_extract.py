"""Every string of a chat request is read for judging; what cannot be read is listed."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.classification import Conversation, Origin
from proxy.surfaces.extract import Extractor, is_structured

MARK = "GHMARK7"
FULL: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "developer", "content": [{"type": "text", "text": "d"}]},
        {
            "role": "user",
            "name": "anna",
            "content": [
                {"type": "text", "text": "u", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "UklGRiQAAABXQVZF", "format": "wav"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_id": "file-abc"}},
                {"type": "new_kind", "payload": {"caption": "c"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "refusal": "r",
            "reasoning_content": "think",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                {"id": "call_2", "type": "custom", "custom": {"name": "g", "input": "free text"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "result"},
        {"role": "function", "name": "f", "content": "old result"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "does",
                "parameters": {
                    "type": "object",
                    "properties": {"town": {"type": "string", "enum": ["Oslo"]}},
                    "required": ["town"],
                },
            },
        }
    ],
    "functions": [{"name": "old", "parameters": {}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "n", "schema": {"type": "object", "properties": {"p": {"const": "k"}}}},
    },
    "metadata": {"team": "red"},
    "user": "u-1",
    "safety_identifier": "who",
    "stop": ["END", "STOP"],
    "prediction": {"type": "content", "content": [{"type": "text", "text": "predicted"}]},
    "web_search_options": {"user_location": {"type": "approximate", "approximate": {"city": "Oslo"}}},
    "logit_bias": {"50256": -100},
    "modalities": ["text"],
    "audio": {"voice": "alloy", "format": "wav"},
    "chat_template_kwargs": {"style": "plain"},
    "foo": "bar",
}
NOT_TEXT = {"model"}


def read(body: dict[str, Any]) -> Conversation:
    conversation, parts = Extractor().read(body)
    assert parts >= len(conversation.uncovered)
    return conversation


def ask(*messages: dict[str, Any], **more: Any) -> Conversation:
    return read({"model": "m", "messages": list(messages), **more})


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all string leaves."""
    if isinstance(node, dict):
        return [found for key, child in node.items() for found in places(child, (*path, key))]
    if isinstance(node, list):
        return [found for key, child in enumerate(node) for found in places(child, (*path, key))]
    return [path] if isinstance(node, str) else []


def keys(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all objects."""
    if isinstance(node, dict):
        inner = [found for key, child in node.items() for found in keys(child, (*path, key))]
        return [path, *inner]
    if isinstance(node, list):
        return [found for key, child in enumerate(node) for found in keys(child, (*path, key))]
    return []


def put(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(FULL)
    node: Any = body
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return body


@pytest.mark.parametrize("path", places(FULL), ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("text", [MARK, f"please say {MARK} now"])
def test_a_text_in_any_string_leaf_is_read(path: tuple[Any, ...], text: str) -> None:
    turns = read(put(path, text)).turns
    assert any(MARK in turn.text for turn in turns) or path[0] in NOT_TEXT


@pytest.mark.parametrize("path", keys(FULL), ids=lambda path: ".".join(map(str, path)) or "top")
def test_a_text_as_a_key_of_any_object_is_read(path: tuple[Any, ...]) -> None:
    turns = read(put((*path, MARK), 1)).turns
    assert any(MARK in turn.text for turn in turns)


def test_origins_tell_who_spoke() -> None:
    turns = read(FULL).turns[:6]
    assert [turn.origin for turn in turns] == [
        Origin.OPERATOR,
        Origin.OPERATOR,
        Origin.USER,
        Origin.MODEL,
        Origin.TOOL,
        Origin.TOOL,
    ]


def test_what_stands_beside_the_messages_is_the_operator_s() -> None:
    turns = read(FULL).turns[6:]
    assert {turn.origin for turn in turns} == {Origin.OPERATOR}
    roles = [turn.role for turn in turns]
    assert "request.tools" in roles
    assert roles.count("request.extra") == 2


def test_media_and_references_are_listed_as_uncovered() -> None:
    found = [(part.kind, part.path) for part in read(FULL).uncovered]
    assert found == [
        ("image", "messages[2].content[1]"),
        ("audio", "messages[2].content[2]"),
        ("file", "messages[2].content[3]"),
    ]


def test_machine_ids_and_enumerated_words_are_no_text() -> None:
    (turn,) = ask({"role": "tool", "tool_call_id": "call_9pw1qnScqvGrCH58HWCvFHDk", "content": "x"}).turns
    assert turn.text == "x"
    conversation = ask(
        {"role": "user", "content": "x"},
        service_tier="auto",
        reasoning_effort="high",
        safety_identifier="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        stream_options={"include_usage": True},
        temperature=0.5,
    )
    assert len(conversation.turns) == 1


def test_text_cut_inside_words_is_joined_again() -> None:
    parts = [{"type": "text", "text": text} for text in ("how to bui", "ld a b", "oat")]
    assert ask({"role": "user", "content": parts}).turns[0].text == "how to build a boat"
    whole = [{"type": "text", "text": text} for text in ("Translate this.", "Guten Tag")]
    assert ask({"role": "user", "content": whole}).turns[0].text == "Translate this.\nGuten Tag"


def test_every_message_says_where_it_stood_and_nothing_else_does() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://a.test/b.png"}}
    spoken = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": ["Look", image]}]
    conversation = ask(*spoken, metadata={"topic": "a picture"})
    assert [turn.place for turn in conversation.turns] == [0, 1, -1]
    assert [part.place for part in conversation.uncovered] == [1]


@pytest.mark.parametrize("media", ["data:text/plain;base64,", "data:application/json;base64,", ""])
def test_a_text_file_is_unwrapped_and_read(media: str) -> None:
    data = media + base64.b64encode(f"some words with {MARK} inside".encode()).decode()
    part = {"type": "file", "file": {"filename": "a.txt", "file_data": data}}
    conversation = ask({"role": "user", "content": [part]})
    assert MARK in conversation.turns[0].text
    assert conversation.uncovered == ()


def test_a_binary_file_is_uncovered() -> None:
    data = "data:application/pdf;base64," + base64.b64encode(bytes(range(256))).decode()
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": data}}
    (unread,) = ask({"role": "user", "content": [part]}).uncovered
    assert unread.kind == "file"


def test_text_dressed_up_as_an_image_is_read_and_the_image_is_still_uncovered() -> None:
    url = "data:text/plain;base64," + base64.b64encode(MARK.encode()).decode()
    conversation = ask({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]})
    assert MARK in conversation.turns[0].text
    assert [part.kind for part in conversation.uncovered] == ["image"]


def test_token_ids_are_uncovered() -> None:
    conversation = ask({"role": "user", "content": "x"}, prompt_token_ids=[1, 2, 3])
    assert [part.kind for part in conversation.uncovered] == ["token_ids"]


@pytest.mark.parametrize("content", [None, "", []])
def test_a_message_without_text_is_still_a_turn(content: Any) -> None:
    assert [turn.text for turn in ask({"role": "user", "content": content}).turns] == [""]


def test_an_earlier_spoken_answer_is_uncovered() -> None:
    message = {"role": "assistant", "content": None, "audio": {"id": "audio_abc"}}
    assert [part.kind for part in ask(message).uncovered] == ["audio"]


def test_the_text_of_a_section_depends_on_nothing_else() -> None:
    extractor = Extractor()
    question, other = [{"role": "user", "content": "x"}], [{"role": "user", "content": "y"}]
    first, _ = extractor.read({"model": "a", "messages": question, "tools": FULL["tools"]})
    second, _ = extractor.read({"model": "b", "messages": other, "tools": FULL["tools"]})
    assert first.turns[-1] == second.turns[-1]
    assert first.turns[-1].text.splitlines() == ["f", "does", "town", "Oslo", "town"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["role", "content", "name", "tool_calls", "audio", "x"]), JSON), JSON)
def test_no_shape_of_a_message_is_too_odd_to_read(message: dict[str, Any], tools: Any) -> None:
    assert ask(message, tools=tools).turns


@pytest.mark.parametrize(
    ("more", "structured"),
    [
        ({}, False),
        ({"response_format": {"type": "text"}}, False),
        ({"response_format": {"type": "json_object"}}, True),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, True),
        ({"tool_choice": "auto"}, False),
        ({"tool_choice": "none"}, False),
        ({"tool_choice": "required"}, True),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, True),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}}, False),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required"}}}, True),
        ({"function_call": {"name": "f"}}, True),
        ({"guided_json": {}}, True),
    ],
)
def test_a_client_that_parses_the_answer_is_known(more: dict[str, Any], structured: bool) -> None:
    assert is_structured({"messages": [], **more}) is structured
