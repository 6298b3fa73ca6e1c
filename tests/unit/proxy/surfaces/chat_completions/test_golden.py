"""Golden wire transcripts of chat completions.

Run with `GOLDEN=write` in the environment to write the files anew, then read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from tests.kits.surface_kit import Answer, Caller
from tests.unit.proxy.surfaces.chat_completions.scenarios import SCENARIOS

GOLDEN = Path(__file__).resolve().parents[4] / "golden" / "chat_completions"
SHAPES = orjson.loads((GOLDEN.parent / "openai_chat_shapes.json").read_bytes())


def transcript(answer: Answer) -> bytes:
    """Status, headers in their order, body."""
    lines = [f"HTTP {answer.status}", *(f"{name}: {value}" for name, value in answer.headers), ""]
    return "\n".join(lines).encode() + b"\n" + answer.body + b"\n"


def shape(name: str) -> Draft202012Validator:
    """A validator for one shape of OpenAI's specification."""
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SHAPES})


@pytest.mark.parametrize("name", SCENARIOS)
async def test_wire_bytes_stay_as_they_were(name: str) -> None:
    scenario = SCENARIOS[name]
    answer = await Caller(scenario.app()).post("/v1/chat/completions", scenario.body)
    path = GOLDEN / f"{name}.http"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(transcript(answer))
    assert transcript(answer) == path.read_bytes()


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
    assert {path.stem for path in GOLDEN.glob("*.http")} == SCENARIOS.keys()
