"""What of a request is judged, as whose words, and in which place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from classifiers.classification import Conversation, Origin
from proxy.errors import BadRequest
from proxy.surfaces.messages.intake import Intake, check_request, is_structured
from proxy.surfaces.reading import Limits
from tests.kits.places import places, put
from tests.unit.proxy.surfaces.messages.wire import SEAL

USER, TOOL, OPERATOR, MODEL = Origin.USER, Origin.TOOL, Origin.OPERATOR, Origin.MODEL
SENTENCE = "Take nitroglycerine now"
PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUg=="}


def conversation(*messages: dict[str, Any], **more: Any) -> Conversation:
    return Intake().read({"model": "m", "max_tokens": 9, "messages": list(messages), **more})[0]


def said(role: str, *blocks: Any) -> dict[str, Any]:
    return {"role": role, "content": list(blocks)}


def text(told: str) -> dict[str, Any]:
    return {"type": "text", "text": told}


def result(content: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}


@pytest.mark.parametrize("system", ["Be brief.", [text("Be brief.")]])
def test_the_system_prompt_is_the_operator_s(system: Any) -> None:
    first = conversation(said("user", text("hi")), system=system).turns[0]
    assert (first.text, first.origin, first.place) == ("Be brief.", OPERATOR, -1)


def test_each_result_of_a_tool_is_the_tool_s_and_the_rest_of_its_message_the_user_s() -> None:
    turns = conversation(
        said("user", text("How is it?")),
        said("assistant", {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"city": "Oslo"}}),
        said("user", result("Rain."), text("And "), result([text("Wind.")]), text("then?")),
    ).turns
    assert [(turn.text, turn.origin, turn.place) for turn in turns] == [
        ("How is it?", USER, 0),
        ("look\nOslo", MODEL, 1),
        ("Rain.", TOOL, 2),
        ("Wind.", TOOL, 2),
        ("And then?", USER, 2),
    ]


def test_a_message_of_results_alone_is_no_user_s() -> None:
    assert [turn.origin for turn in conversation(said("user", result("Rain."))).turns] == [TOOL]


def test_what_hosted_tools_found_is_the_tool_s() -> None:
    found = {
        "type": "web_search_tool_result",
        "content": [{"type": "web_search_result", "title": "A title here"}],
    }
    turns = conversation(said("assistant", text("Look."), found)).turns
    assert [(turn.text, turn.origin) for turn in turns] == [("A title here", TOOL), ("Look.", MODEL)]


def test_a_text_cut_into_blocks_is_read_in_one() -> None:
    turns = conversation(said("user", text("nitro"), text("glycerine"))).turns
    assert turns[0].text == "nitroglycerine"


def test_pictures_and_documents_are_unread_in_their_place() -> None:
    pdf = {"type": "document", "source": {**PNG, "media_type": "application/pdf"}}
    picture = {"type": "image", "source": PNG}
    found = conversation(said("user", text("hi")), said("user", picture, pdf, result([picture])))
    assert [(part.kind, part.place) for part in found.uncovered] == [("image", 1), ("image", 1), ("file", 1)]


@pytest.mark.parametrize(
    "source",
    [
        {"type": "text", "media_type": "text/plain", "data": SENTENCE},
        {"type": "text", "media_type": "text/plain", "data": "Takenitroglycerinenow00"},
        {"type": "content", "content": [text(SENTENCE)]},
    ],
)
def test_documents_that_are_text_are_read(source: dict[str, Any]) -> None:
    found = conversation(said("user", {"type": "document", "source": source}))
    assert "nitroglycerine" in found.turns[0].text
    assert not found.uncovered


def test_sealed_thinking_is_neither_text_nor_unread() -> None:
    blocks = [
        {"type": "thinking", "thinking": "", "signature": SEAL},
        {"type": "redacted_thinking", "data": SEAL},
    ]
    found = conversation(said("assistant", *blocks, text("Fine.")))
    assert ([turn.text for turn in found.turns], found.uncovered) == (["Fine."], ())


@pytest.mark.parametrize(
    "data", ["how/to/make/nitroglycerine/at/home/with/things/from/the/Kitchen1/now", "x"]
)
def test_what_only_claims_to_be_sealed_is_read_or_unread(data: str) -> None:
    found = conversation(said("assistant", {"type": "redacted_thinking", "data": data}, text("Fine.")))
    assert len(found.uncovered) + found.turns[0].text.count(data) == 1


def test_fields_beside_the_messages_are_the_operator_s() -> None:
    tools = [{"name": "look", "description": "Look there.", "input_schema": {"type": "object"}}]
    turns = conversation(said("user", text("hi")), tools=tools, strange="words here").turns
    assert [(turn.role, turn.origin) for turn in turns[1:]] == [
        ("request.tools", OPERATOR),
        ("request.extra", OPERATOR),
    ]
    assert "words here" in turns[2].text


ASKED: dict[str, Any] = {
    "model": "m",
    "max_tokens": 9,
    "stream": False,
    "system": [{**text("Be brief."), "cache_control": {"type": "ephemeral"}}],
    "messages": [
        said("user", text("hi"), {"type": "image", "source": dict(PNG)}, {"type": "new", "thought": ["of"]}),
        said("assistant", {"type": "thinking", "thinking": "Hm.", "signature": SEAL}, text("Well.")),
        said("assistant", {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"a": ["b"]}}),
        said("user", {**result([text("Rain.")]), "is_error": True}),
        said("user", {"type": "search_result", "source": "a", "title": "t", "content": [text("Wet.")]}),
        said(
            "user", {"type": "document", "title": "t", "context": "c", "source": {"type": "url", "url": "u"}}
        ),
    ],
    "metadata": {"user_id": "ann"},
    "stop_sequences": ["END"],
    "tools": [
        {"name": "look", "input_schema": {"type": "object"}},
        {"type": "bash_20250124", "name": "bash"},
    ],
    "tool_choice": {"type": "tool", "name": "look"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
}


@pytest.mark.parametrize(
    "place", [place for place in places(ASKED) if place.path not in (("model",), ("messages",))], ids=str
)
def test_a_sentence_in_any_place_of_a_request_is_judged(place: Any) -> None:
    body = put(copy.deepcopy(ASKED), place, SENTENCE)
    found, _ = Intake().read(body)
    assert SENTENCE in "\n".join(turn.text for turn in found.turns)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages"),
        ({"messages": [{}] * 4097}, "messages"),
        ({"system": {}}, "system"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_request_that_cannot_be_walked_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_request({"model": "m", "messages": [said("user", text("hi"))], **change}, Limits())
    assert caught.value.param == field


@pytest.mark.parametrize(
    ("body", "structured"),
    [
        ({"output_config": {"format": {"type": "json_schema"}}}, True),
        ({"output_format": {"type": "json_schema"}}, True),
        ({"tool_choice": {"type": "any"}}, True),
        ({"tool_choice": {"type": "auto"}}, False),
        ({"output_config": {"effort": "low"}}, False),
        ({}, False),
    ],
)
def test_a_client_parses_json_and_calls_that_it_demands(body: dict[str, Any], structured: bool) -> None:
    assert is_structured(body) is structured
