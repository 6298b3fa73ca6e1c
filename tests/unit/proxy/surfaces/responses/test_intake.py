"""From a request to turns: every form of input, its origin, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.classification import Conversation, Origin
from proxy.errors import BadRequest
from proxy.surfaces.reading import Limits
from proxy.surfaces.responses.intake import Intake, check_request, is_structured


def read(**body: Any) -> Conversation:
    return Intake().read({"model": "m", **body})[0]


def turns(**body: Any) -> list[tuple[Origin, str]]:
    return [(turn.origin, turn.text) for turn in read(**body).turns]


def kinds(**body: Any) -> list[str]:
    return [part.kind for part in read(**body).uncovered]


OPERATOR, USER, TOOL, MODEL = Origin.OPERATOR, Origin.USER, Origin.TOOL, Origin.MODEL
CALL = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"at":"me"}'}


def test_a_string_is_the_user_s_and_instructions_are_the_operator_s() -> None:
    assert turns(input="hello", instructions="Be brief.") == [(OPERATOR, "Be brief."), (USER, "hello")]


@pytest.mark.parametrize(
    ("role", "origin"),
    [("user", USER), ("system", OPERATOR), ("developer", OPERATOR), ("assistant", MODEL), ("tool", TOOL)],
)
@pytest.mark.parametrize("typed", [{}, {"type": "message"}])
def test_messages_have_the_origin_of_their_role(role: str, origin: Origin, typed: dict[str, str]) -> None:
    part = {"type": "output_text" if role == "assistant" else "input_text", "text": "hello"}
    assert turns(input=[{"role": role, "content": "hello", **typed}]) == [(origin, "hello")]
    assert turns(input=[{"role": role, "content": [part], "status": "completed", **typed}]) == [
        (origin, "hello")
    ]


def test_unknown_roles_are_read_as_the_user_s() -> None:
    (turn,) = read(input=[{"role": "root", "content": "hello"}]).turns
    assert (turn.origin, turn.role, turn.text) == (USER, "unknown", "hello\nroot")


@pytest.mark.parametrize(
    ("item", "found"),
    [
        (CALL, [(MODEL, 'look\n{"at":"me"}')]),
        ({"type": "function_call_output", "call_id": "call_1", "output": "It rains."}, [(TOOL, "It rains.")]),
        (
            {"type": "function_call_output", "output": [{"type": "input_text", "text": "It rains."}]},
            [(TOOL, "It rains.")],
        ),
        (
            {"type": "custom_tool_call", "call_id": "c", "name": "x", "input": "go now"},
            [(MODEL, "c\nx\ngo now")],
        ),
        ({"type": "custom_tool_call_output", "call_id": "call_1", "output": "gone"}, [(TOOL, "gone")]),
        ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}, [(MODEL, "Hm.")]),
        ({"type": "shell_call_output", "output": [{"stdout": "a.txt"}]}, [(TOOL, "a.txt")]),
        ({"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"]}}, [(MODEL, "ls")]),
        (
            {"type": "mcp_call", "name": "x", "arguments": "{}", "output": "found"},
            [(MODEL, "x\n{}"), (TOOL, "found")],
        ),
        (
            {"type": "code_interpreter_call", "code": "1+1", "outputs": [{"type": "logs", "logs": "two"}]},
            [(MODEL, "1+1"), (TOOL, "two")],
        ),
        (
            {"type": "file_search_call", "queries": ["tax"], "results": [{"text": "Pay it."}]},
            [(MODEL, "tax"), (TOOL, "Pay it.")],
        ),
        ({"type": "mcp_approval_response", "approve": True, "reason": "fine by me"}, [(USER, "fine by me")]),
        (
            {"type": "additional_tools", "role": "developer", "tools": [{"type": "function", "name": "y"}]},
            [(OPERATOR, "y")],
        ),
        ({"type": "telepathy", "thought": {"of": ["me"]}}, [(USER, "telepathy\nthought\nof\nme")]),
        ({"type": ["odd one"], "x": 1}, [(USER, "odd one\nx")]),
    ],
)
def test_items_become_turns_of_those_who_said_them(item: dict[str, Any], found: Any) -> None:
    assert turns(input=[item]) == found


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "item_reference"),
        ({"input": [{"id": "msg_1"}]}, "item_reference"),
        ({"input": "x", "previous_response_id": "resp_1"}, "previous_response"),
        ({"input": "x", "conversation": "conv_1"}, "conversation"),
        ({"input": "x", "conversation": {"id": "conv_1"}}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt_template"),
        (
            {
                "input": [
                    {"role": "user", "content": [{"type": "input_image", "image_url": "https://x.test"}]}
                ]
            },
            "image",
        ),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]}, "file"),
        ({"input": [{"type": "computer_call_output", "output": {"type": "computer_screenshot"}}]}, "image"),
        ({"input": [{"type": "image_generation_call", "id": "ig_1", "result": "AAAA" * 20}]}, "encoded"),
        ({"input": [{"type": "compaction", "encrypted_content": "gAAAAAB" + "x9" * 20}]}, "encoded"),
        ({"input": "x", "tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}, "file"),
        ({"input": [{"type": "mystery", "n": 1}][:0] or [{"type": "server"}]}, "file"),
    ],
)
def test_what_cannot_be_read_is_listed(body: dict[str, Any], kind: str) -> None:
    assert kinds(**body) == [kind]


def test_a_template_is_filled_with_words_that_are_read_as_the_user_s() -> None:
    prompt = {"id": "pmpt_1", "variables": {"city": "Oslo", "note": {"type": "input_text", "text": "now"}}}
    assert turns(prompt=prompt) == [(USER, "city\nOslo\nnote\nnow")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"type": "function", "name": "f", "description": "look here"}]),
        ("metadata", {"note": "look here"}),
        ("text", {"format": {"type": "json_schema", "name": "n", "schema": {"description": "look here"}}}),
        ("user", "look here"),
        ("unheard_of", {"deep": ["look here"]}),
        ("stop", "look here"),
    ],
)
def test_fields_beside_the_input_are_read_as_the_operator_s(field: str, value: Any) -> None:
    (_, (origin, text)) = turns(input="hello", **{field: value})
    assert origin is OPERATOR
    assert "look here" in text


def test_settings_that_are_no_text_are_not_read() -> None:
    quiet = {
        "temperature": 1,
        "stream": True,
        "store": False,
        "background": None,
        "truncation": "auto",
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low", "summary": "auto"},
        "service_tier": "flex",
        "tool_choice": "auto",
        "stream_options": {"include_obfuscation": False},
        "text": {"verbosity": "low", "format": {"type": "text"}},
        "max_output_tokens": 4,
    }
    conversation, parts = Intake().read({"model": "m", "input": "hello", **quiet})
    assert (len(conversation.turns), conversation.uncovered, parts) == (1, (), 1)


def test_every_part_counts_once() -> None:
    items = [{"role": "user", "content": [{"type": "input_text", "text": "a"}] * 2}, CALL, {"id": "msg_1"}]
    assert Intake().read({"model": "m", "input": items, "instructions": "b"})[1] == 5


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "x", "model": None}, "model"),
        ({"input": "x", "model": ""}, "model"),
        ({"input": "x", "model": "m" * 300}, "model"),
        ({}, "input"),
        ({"input": 4}, "input"),
        ({"input": {"role": "user"}}, "input"),
        ({"input": ["hello"]}, "input"),
        ({"input": [{}] * 5000}, "input"),
        ({"input": "x", "instructions": ["a"]}, "instructions"),
        ({"input": "x", "stream": "yes"}, "stream"),
        ({"input": "x", "background": 1}, "background"),
        ({"input": "x", "prompt": "p"}, "prompt"),
    ],
)
def test_a_request_that_cannot_be_walked_names_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_request({"model": "m", **body}, Limits())
    assert caught.value.param == param


@pytest.mark.parametrize("body", [{"prompt": {"id": "p"}}, {"previous_response_id": "r"}, {"input": []}])
def test_an_input_may_be_stored_or_empty(body: dict[str, Any]) -> None:
    check_request({"model": "m", **body}, Limits())


@pytest.mark.parametrize(
    ("body", "structured"),
    [
        ({}, False),
        ({"text": {"format": {"type": "text"}}}, False),
        ({"text": {"format": {"type": "json_schema"}}}, True),
        ({"text": {"format": {"type": "json_object"}}}, True),
        ({"tool_choice": "auto"}, False),
        ({"tool_choice": "required"}, True),
        ({"tool_choice": {"type": "function", "name": "f"}}, True),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto"}}, False),
        ({"tool_choice": {"type": "allowed_tools", "mode": "required"}}, True),
    ],
)
def test_a_client_that_parses_the_answer_is_told_apart(body: dict[str, Any], structured: bool) -> None:
    assert is_structured(body) is structured
