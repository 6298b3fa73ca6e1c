"""A body of another shape than the API has is the fault of its writer: 400 for clients, 502 for upstreams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from proxy.exchange.ports import Wire
from tests.kits.marked_house import MarkedHouse, http_answer
from tests.unit.proxy.surfaces.responses import wire

MESSAGE = {"role": "user", "content": "x"}
MESSAGES: dict[str, Any] = {"model": "m", "max_tokens": 5, "messages": [MESSAGE]}
ODD_PART = [{"role": "user", "content": [{"type": [], "text": "x"}]}]
RESULT = [{"role": "user", "content": [{"type": "tool_result", "content": 5}]}]
ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}
SAID = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "hi"}]}
DEEP = json.loads("[" * 300 + "]" * 300)
CHAT: frozenset[Wire] = frozenset({"chat_completions"})
NATIVE: frozenset[Wire] = frozenset({"chat_completions", "responses", "messages"})


@pytest.fixture(scope="module", params=[CHAT, NATIVE], ids=["translated", "native"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarkedHouse]:
    with MarkedHouse(tmp_path_factory.mktemp("house"), request.param) as made:
        yield made


def says(house: MarkedHouse, answer: object) -> None:
    raw = json.dumps(answer).encode()
    house.answer = lambda _: [http_answer(raw)]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/completions", {"messages": ODD_PART}),
        ("guard/check", {"messages": ODD_PART}),
        ("moderations", {"input": ODD_PART[0]["content"]}),
        ("responses", {"input": ODD_PART}),
        ("responses", {"input": "x", "tools": 5}),
        ("responses", {"input": [{"role": [], "content": "x"}]}),
        ("responses", {"input": "x", "tool_choice": {"type": "allowed_tools", "tools": 3}}),
        ("messages", {**MESSAGES, "messages": ODD_PART}),
        ("messages", {**MESSAGES, "messages": RESULT}),
        ("messages", {**MESSAGES, "tools": 7}),
        ("messages", {**MESSAGES, "tool_choice": {"type": []}}),
        ("messages", {**MESSAGES, "stop_sequences": 5}),
    ],
)
def test_no_body_of_a_client_is_a_fault_of_the_house(
    house: MarkedHouse, path: str, body: dict[str, Any]
) -> None:
    says(house, {"responses": wire.response(), "messages": SAID}.get(path, ANSWER))
    answer = house.ask(f"/v1/{path}", {"model": "m", **body})
    # Where the upstream speaks the API itself, another answer than it has is the upstream's.
    assert answer.status in (200, 400), answer.body


@pytest.mark.parametrize("house", [NATIVE], indirect=True, ids=["native"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("chat/completions", {**ANSWER, "aside": DEEP}),
        (
            "chat/completions",
            {"choices": [{"index": 0, "message": {"content": [{"type": [], "text": "x"}]}}]},
        ),
        ("responses", wire.response(status=[])),
        ("responses", {**wire.response(), "output": [{"type": []}]}),
        ("responses", {**wire.response(), "output": DEEP}),
        ("messages", {**SAID, "stop_sequence": []}),
    ],
)
def test_no_answer_of_an_upstream_is_a_fault_of_the_house(
    house: MarkedHouse, path: str, said: object
) -> None:
    says(house, said)
    asked = {"input": "x"} if path == "responses" else MESSAGES
    answer = house.ask(f"/v1/{path}", {**asked, "model": "m"})
    assert answer.status in (200, 502), answer.body
