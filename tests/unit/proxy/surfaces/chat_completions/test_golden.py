"""Golden wire transcripts of chat completions."""

from __future__ import annotations

import orjson
import pytest
from jsonschema import Draft202012Validator

from tests.kits.golden_kit import FOLDER, check, kept
from tests.kits.surface_kit import Caller
from tests.unit.proxy.surfaces.chat_completions.scenarios import SCENARIOS

SHAPES = orjson.loads((FOLDER / "openai_chat_shapes.json").read_bytes())


def shape(name: str) -> Draft202012Validator:
    """A validator for one shape of OpenAI's specification."""
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SHAPES})


@pytest.mark.parametrize("name", SCENARIOS)
async def test_wire_bytes_stay_as_they_were(name: str) -> None:
    scenario = SCENARIOS[name]
    answer = await Caller(scenario.app()).post("/v1/chat/completions", scenario.body)
    check(answer, "chat_completions", name)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_everything_sent_has_openai_s_shape(name: str) -> None:
    scenario = SCENARIOS[name]
    answer = await Caller(scenario.app()).post("/v1/chat/completions", scenario.body)
    if answer.status != 200:
        answer.error()
        return
    if not scenario.request.get("stream"):
        shape("CreateChatCompletionResponse").validate(answer.json())
        return
    payloads = answer.data()
    for payload in payloads:
        if payload != "[DONE]" and "error" not in payload:
            shape("CreateChatCompletionStreamResponse").validate(payload)
    ended_by_error = "error" in payloads[-1]
    assert payloads[-1] == "[DONE]" or ended_by_error
    assert payloads.count("[DONE]") == (0 if ended_by_error else 1)


def test_every_transcript_belongs_to_a_scenario() -> None:
    assert kept("chat_completions") == SCENARIOS.keys()
