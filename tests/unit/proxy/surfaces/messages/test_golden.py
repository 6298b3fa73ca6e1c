"""Golden wire transcripts of the Messages API."""

from __future__ import annotations

import pytest

from tests.kits.golden_kit import check, kept
from tests.kits.surface_kit import DECISION
from tests.unit.proxy.surfaces.messages.scenarios import SCENARIOS

STREAMS = [name for name in SCENARIOS if name.endswith("stream") and "error" not in name]
REASONS = {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_wire_bytes_stay_as_they_were(name: str) -> None:
    answer = await SCENARIOS[name].answer()
    check(answer, "messages", name)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_every_answer_says_its_id_where_anthropic_s_clients_look(name: str) -> None:
    assert (await SCENARIOS[name].answer()).header("request-id") == DECISION


@pytest.mark.parametrize("name", SCENARIOS)
async def test_whole_answers_and_errors_have_anthropic_s_shape(name: str) -> None:
    answer = await SCENARIOS[name].answer()
    if answer.status != 200:
        told = answer.json()
        assert told["type"] == "error"
        assert told["error"].keys() >= {"type", "message"}
    elif name not in STREAMS and name != "counted":
        message = answer.json()
        assert (message["type"], message["role"]) == ("message", "assistant")
        assert message["stop_reason"] in REASONS
        assert message["usage"].keys() >= {"input_tokens", "output_tokens"}


@pytest.mark.parametrize("name", STREAMS)
async def test_streams_begin_once_and_end_once(name: str) -> None:
    kinds = [event["type"] for event in (await SCENARIOS[name].answer()).events()]
    spoken = [kind for kind in kinds if kind != "ping"]
    assert spoken[0] == "message_start"
    assert spoken.count("message_start") == 1
    if spoken[-1] != "error":
        assert spoken[-2:] == ["message_delta", "message_stop"]
        assert spoken.count("message_stop") == 1


@pytest.mark.parametrize("name", STREAMS)
async def test_blocks_are_numbered_without_gaps_and_go_on_only_while_they_are_open(name: str) -> None:
    begun, open_now = 0, set[int]()
    for event in (await SCENARIOS[name].answer()).events():
        if event["type"] == "content_block_start":
            assert event["index"] == begun
            open_now.add(begun)
            begun += 1
        elif event["type"] == "content_block_delta":
            assert event["index"] in open_now
        elif event["type"] == "content_block_stop":
            open_now.remove(event["index"])
    assert not open_now or name in ("late_block_in_call_stream", "upstream_breaks_stream")


def test_every_transcript_belongs_to_a_scenario() -> None:
    assert kept("messages") == SCENARIOS.keys()
