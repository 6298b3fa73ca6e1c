"""The client's side of a message, as far as golden transcripts do not show it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.exchange.ports import UpstreamError
from tests.kits.surface_kit import DECISION
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.messages import wire
from tests.unit.proxy.surfaces.messages.scenarios import OUTPUT_BLOCK, SCENARIOS, STREAM, SUNNY, Scenario


async def test_an_allowed_answer_is_the_upstream_s_own_bytes() -> None:
    raw = b'{ "content":[],"stop_reason":"end_turn" }'
    assert (await Scenario(upstream=[raw]).answer()).body == raw


async def test_a_relayed_stream_is_the_upstream_s_own_bytes() -> None:
    assert (await SCENARIOS["allowed_stream"].answer()).body == b"".join(SUNNY)


async def test_a_stream_that_stopped_without_its_last_event_gets_one() -> None:
    scenario = Scenario(STREAM, SUNNY[:-1], how="end", relayed=5)
    assert (await scenario.answer()).body == b"".join(SUNNY)


async def test_nothing_of_a_replaced_answer_is_left_but_its_usage() -> None:
    upstream = [wire.body(wire.text("Something bad."), id="an id with words", strange="bad")]
    answer = await Scenario(upstream=upstream, ruling=OUTPUT_BLOCK).answer()
    assert (answer.json()["id"], b"bad" in answer.body) == (f"msg_{DECISION}", False)
    assert answer.json()["usage"] == {"input_tokens": 9, "output_tokens": 4, "cache_read_input_tokens": 2}


@pytest.mark.parametrize("style", ["message", "refusal"])
async def test_the_policy_s_block_style_decides(style: str) -> None:
    answer = await Scenario(ruling=chat.INPUT_BLOCK, style=style).answer()
    assert bool(answer.json()["content"]) is (style == "message")


async def test_what_waits_is_pinged() -> None:
    body = (await SCENARIOS["revised_stream"].answer()).body
    assert body.startswith(b'event: ping\ndata: {"type":"ping"}\n\nevent: message_start')


async def test_after_an_error_event_of_the_upstream_nothing_follows() -> None:
    error = b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"x"}}\n\n'
    scenario = Scenario(STREAM, [*SUNNY[:4], error], relayed=5, error=UpstreamError("upstream_cut_off", 502))
    assert (await scenario.answer()).body.endswith(error)


async def test_an_error_of_the_upstream_keeps_its_status_and_its_headers() -> None:
    answer = await SCENARIOS["upstream_error_relayed"].answer()
    assert (answer.status, answer.header("retry-after")) == (529, "7")


async def test_a_late_block_in_json_says_why_and_breaks_nothing() -> None:
    answer = await replace(SCENARIOS["late_block_in_json_stream"]).answer()
    ending = answer.events()[-2]["delta"]
    assert ending["stop_reason"] == "refusal"
    assert ending["stop_details"]["explanation"].startswith("I can't help")
