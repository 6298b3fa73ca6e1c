"""Golden wire transcripts of the Responses API."""

from __future__ import annotations

import orjson
import pytest
from jsonschema import Draft202012Validator

from tests.kits.golden_kit import FOLDER, check, kept
from tests.kits.surface_kit import Answer, Caller
from tests.unit.proxy.surfaces.responses.scenarios import SCENARIOS

SHAPES = orjson.loads((FOLDER / "openai_responses_shapes.json").read_bytes())


def shape(name: str) -> Draft202012Validator:
    """A validator for one shape of OpenAI's specification."""
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SHAPES})


async def answer_to(name: str) -> Answer:
    scenario = SCENARIOS[name]
    return await Caller(scenario.app()).post("/v1/responses", scenario.body)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_wire_bytes_stay_as_they_were(name: str) -> None:
    answer = await answer_to(name)
    check(answer, "responses", name)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_everything_sent_has_openai_s_shape(name: str) -> None:
    answer = await answer_to(name)
    if answer.status != 200:
        answer.error()
    elif not SCENARIOS[name].request.get("stream"):
        shape("Response").validate(answer.json())
    else:
        for event in answer.events():
            shape("ResponseStreamEvent").validate(event)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name.endswith("stream")])
async def test_streams_are_numbered_without_gaps_and_end_once(name: str) -> None:
    events = (await answer_to(name)).events()
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    last = ("response.completed", "response.incomplete", "error")
    assert [event["type"] in last for event in events] == [False] * (len(events) - 1) + [True]
    ids = {event["response"]["id"] for event in events if "response" in event}
    assert len(ids) == 1, "clients refuse a stream whose id changes"


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name.endswith("stream")])
async def test_the_last_event_repeats_what_was_told_and_nothing_else(name: str) -> None:
    events = (await answer_to(name)).events()
    if events[-1]["type"] == "error":
        return
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert events[-1]["response"]["output"] == done


def test_every_transcript_belongs_to_a_scenario() -> None:
    assert kept("responses") == SCENARIOS.keys()
