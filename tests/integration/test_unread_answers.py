"""What of an answer no guard can read is never delivered as if it had been read, on any surface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from proxy.surfaces.named_events import event_frame
from tests.kits.marked_house import MarkedHouse, http_answer
from tests.kits.surface_kit import Answer, Caller
from tests.unit.proxy.surfaces.responses import wire

PICTURE = f"{wire.PNG}DUlEQVR42mNk"
URL = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
DRAWN = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PICTURE}
CHAT = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "ok", "images": [URL]}}]}
RESPONSE = wire.response(DRAWN)
ASKED = {"model": "m", "input": "hi"}
LITELLM = "/v1/beta/litellm_basic_guardrail_api"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarkedHouse]:
    with MarkedHouse(tmp_path_factory.mktemp("house"), more="on_uncovered: block") as made:
        yield made


def says(house: MarkedHouse, *events: dict[str, Any], **body: Any) -> None:
    """The upstream answers with this body, or with these events."""
    raw, kind = json.dumps(body).encode(), "application/json"
    if events:
        raw = b"".join(event_frame(event) for event in events)
        kind = "text/event-stream"
    house.answer = lambda _: [http_answer(raw, kind)]


def told(house: MarkedHouse, stored: str, body: dict[str, Any]) -> list[Answer]:
    """The answers to a request and to a fetch of what it left."""
    says(house, **body)
    fetch = Caller(house.app).call("GET", f"/v1/responses/{stored}", [], [b""])
    return [house.ask("/v1/responses", ASKED), house.run(fetch)]


def test_a_picture_in_a_chat_answer_is_withheld(house: MarkedHouse) -> None:
    says(house, **CHAT)
    answer = house.ask("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "x"}]})
    assert answer.header("x-gatehouse-action") == "block"
    assert PICTURE.encode() not in answer.body


def test_a_picture_in_a_response_is_withheld_whole_and_fetched(house: MarkedHouse) -> None:
    for answer in told(house, "resp_8", RESPONSE):
        assert answer.header("x-gatehouse-action") == "block"
        assert PICTURE.encode() not in answer.body


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_item.done", "output_index": 0, "item": DRAWN},
        {"type": "response.image_generation_call.partial_image", "partial_image_b64": PICTURE},
        {"type": "response.audio.delta", "delta": PICTURE},
        {"type": "response.output_text.delta", "delta": "x", "aside": URL},
        {"type": "response.completed", "response": RESPONSE},
    ],
)
def test_a_medium_in_any_event_of_a_stream_is_withheld(house: MarkedHouse, event: dict[str, Any]) -> None:
    begun = {"type": "response.created", "response": wire.begun()}
    ended = {"type": "response.completed", "response": wire.response(wire.message("ok"))}
    events = [begun, event] if event["type"] == ended["type"] else [begun, event, ended]
    for number, each in enumerate(events):
        each["sequence_number"] = number
    says(house, *events)
    answer = house.ask("/v1/responses", {**ASKED, "stream": True})
    assert answer.status == 200
    assert PICTURE.encode() not in answer.body


def test_seals_and_names_of_stored_files_are_no_media(house: MarkedHouse) -> None:
    cited = {"type": "file_citation", "file_id": "file-123", "filename": "rain.txt", "index": 1}
    said = wire.message("ok")
    said["content"][0]["annotations"] = [cited]
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": PICTURE}
    for answer in told(house, "resp_9", wire.response(thought, said)):
        assert answer.header("x-gatehouse-action") == "allow", answer.body


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/agentgateway/response", {"body": {"choices": [{"message": {"content": [URL]}}]}}),
        ("/agentgateway/response", {"body": {"choices": [{"message": {"content": "ok", "more": URL}}]}}),
        ("/agentgateway/response", {"body": {"choices": [{"message": {"content": "ok"}}], "more": URL}}),
        (LITELLM, {"input_type": "response", "texts": ["ok"], "images": ["https://a.test/a.png"]}),
        (LITELLM, {"input_type": "response", "texts": ["ok"], "more": URL}),
        (LITELLM, {"input_type": "response", "images": ["https://a.test/a.png"]}),
    ],
)
def test_a_medium_in_an_answer_that_a_gateway_asks_about_is_blocked(
    house: MarkedHouse, path: str, body: dict[str, Any]
) -> None:
    answer = house.ask(path, body)
    assert answer.header("x-gatehouse-action") == "block", (answer.status, answer.body)
    assert answer.json()["action"] not in ({}, "NONE")
