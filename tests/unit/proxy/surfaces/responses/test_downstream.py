"""The client side of the Responses API (whole transcripts: test_golden, what leaks: test_guarding)."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.exchange.ports import CHAT, UpstreamError
from tests.kits.surface_kit import DECISION, Answer, Caller
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.responses import wire
from tests.unit.proxy.surfaces.responses.scenarios import (
    JSON_MODE,
    MODERATED,
    OUTPUT_BLOCK,
    SCENARIOS,
    STREAM,
    SUNNY,
    Scenario,
)


async def played(scenario: Scenario, **headers: str) -> Answer:
    return await Caller(scenario.app()).post("/v1/responses", scenario.body, headers)


def text_of(response: dict[str, Any]) -> str:
    text: str = response["output"][0]["content"][0]["text"]
    return text


@pytest.mark.parametrize("name", ["allowed", "allowed_stream"])
async def test_an_allowed_answer_leaves_byte_for_byte(name: str) -> None:
    scenario = SCENARIOS[name]
    assert (await played(scenario)).body == b"".join(scenario.upstream)


async def test_a_blocked_answer_has_an_id_that_no_upstream_knows_and_its_usage() -> None:
    answer = await played(SCENARIOS["output_blocked"])
    assert wire.UPSTREAM_ID.encode() not in answer.body
    assert answer.json()["id"] == f"resp_{DECISION}"
    assert answer.json()["usage"] == wire.USAGE


async def test_a_revised_answer_is_complete_and_conversations_go_on_from_it() -> None:
    response = (await played(SCENARIOS["revised"])).json()
    assert (response["id"], response["status"]) == (wire.UPSTREAM_ID, "completed")
    assert text_of(response) == "Here is a safer answer."


async def test_a_client_that_parses_gets_a_refusal_part() -> None:
    response = (await played(SCENARIOS["blocked_refusal"])).json()
    assert (response["status"], response["output"][0]["content"][0]["type"]) == ("completed", "refusal")


async def test_a_block_as_an_error_names_the_input_and_is_not_tried_again() -> None:
    answer = await played(SCENARIOS["blocked_error"])
    assert (answer.status, answer.error()["code"], answer.error()["param"]) == (
        400,
        "content_policy_violation",
        "input",
    )
    assert answer.header("x-should-retry") == "false"


async def test_an_outage_of_the_guard_is_no_verdict() -> None:
    answer = await played(SCENARIOS["guard_unavailable"])
    assert (answer.status, answer.error()["code"]) == (503, "guard_unavailable")


async def test_a_fault_after_the_first_byte_is_an_error_event_and_the_last() -> None:
    event = (await played(SCENARIOS["upstream_breaks_stream"])).events()[-1]
    assert (event["type"], event["code"], event["sequence_number"]) == ("error", "upstream_cut_off", 5)


async def test_a_fault_after_the_last_event_adds_nothing() -> None:
    scenario = Scenario(STREAM, SUNNY, relayed=len(SUNNY), error=UpstreamError("upstream_cut_off", 502))
    assert (await played(scenario)).body == b"".join(SUNNY)


@pytest.mark.parametrize("streamed", [{}, STREAM])
async def test_the_verdict_is_in_the_response_where_it_was_asked_for(streamed: dict[str, Any]) -> None:
    upstream = SUNNY if streamed else [wire.said("It is sunny.")]
    scenario = Scenario(MODERATED | streamed, upstream, chat.SCORED, how="end" if streamed else "deliver")
    answer = await played(scenario)
    response = answer.events()[-1]["response"] if streamed else answer.json()
    assert response["moderation"]["output"]["type"] == "moderation_result"
    assert response["moderation"]["input"]["category_scores"]["harm"] == 0.02
    assert text_of(response) == "It is sunny."


async def test_an_upstream_that_gave_its_own_verdict_is_believed() -> None:
    own = {"input": {"type": "error", "code": "x", "message": "y"}, "output": {"type": "error"}}
    scenario = Scenario(MODERATED, [wire.body(wire.message("Hi."), moderation=own)], chat.SCORED)
    assert (await played(scenario)).json()["moderation"] == own


async def test_an_answer_that_was_not_streamed_becomes_a_stream() -> None:
    whole = wire.body(wire.message("It is", "sunny."), wire.WEATHER)
    events = (await played(Scenario(STREAM, [whole]))).events()
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["delta"] for event in events if "delta" in event] == ["It is", "sunny."]
    assert (
        events[-1]["response"]["output"]
        == wire.response(wire.message("It is", "sunny."), wire.WEATHER)["output"]
    )


async def test_an_answer_cut_before_it_began_is_the_canned_one_whole() -> None:
    events = (await played(SCENARIOS["early_cut_stream"])).events()
    assert events[0]["type"] == "response.created"
    assert text_of(events[-1]["response"]).startswith("I can't help with that")


async def test_an_answer_cut_at_its_first_events_keeps_its_id() -> None:
    scenario = Scenario(JSON_MODE | STREAM, SUNNY, OUTPUT_BLOCK, how="cut", relayed=2)
    events = (await played(scenario)).events()
    assert {event["response"]["id"] for event in events if "response" in event} == {wire.UPSTREAM_ID}
    assert events[-1]["response"]["output"][0]["content"][0]["type"] == "refusal"


async def test_a_translated_stream_without_an_end_mark_is_ended() -> None:
    frames = chat.stream_of("It is sunny.")[:-1]
    events = (await played(Scenario(STREAM, frames, how="end", relayed=4, wires=CHAT))).events()
    assert events[-1]["type"] == "response.completed"
