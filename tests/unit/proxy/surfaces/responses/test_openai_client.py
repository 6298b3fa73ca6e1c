"""The official OpenAI client, in process, reads every kind of reply of the Responses API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import openai
import pytest
from fastapi import FastAPI
from openai.types.responses import Response

from proxy.surfaces.front import Front
from tests.kits.surface_kit import DECISION
from tests.unit.proxy.surfaces.responses import wire
from tests.unit.proxy.surfaces.responses.guarded import SECRET, GuardedHouse
from tests.unit.proxy.surfaces.responses.scenarios import SCENARIOS


@asynccontextmanager
async def client_of(app: Any) -> AsyncIterator[openai.AsyncOpenAI]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http:
        yield openai.AsyncOpenAI(
            api_key="sk-test", base_url="http://gatehouse.test/v1", http_client=http, max_retries=0
        )


async def create(name: str) -> Response:
    scenario = SCENARIOS[name]
    async with client_of(Front(FastAPI(), {"/responses": scenario.app()})) as client:
        answer = await client.responses.create(**scenario.body)
    assert isinstance(answer, Response)
    return answer


async def streamed(name: str) -> list[Any]:
    scenario = SCENARIOS[name]
    async with client_of(Front(FastAPI(), {"/responses": scenario.app()})) as client:
        return [event async for event in await client.responses.create(**scenario.body)]


@pytest.mark.parametrize("name", ["allowed", "translated"])
async def test_an_answer_is_read(name: str) -> None:
    answer = await create(name)
    assert (answer.output_text, answer.status, answer._request_id) == ("It is sunny.", "completed", DECISION)


async def test_a_blocked_answer_is_shown_and_told_apart() -> None:
    answer = await create("blocked_message")
    assert answer.output_text.startswith("I can't help with that")
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "content_filter"


async def test_a_refusal_is_a_refusal() -> None:
    (item,) = (await create("blocked_refusal")).output
    assert item.type == "message"
    assert item.content[0].type == "refusal"


@pytest.mark.parametrize("name", ["tool_call", "translated_tool_call"])
async def test_a_tool_call_is_read(name: str) -> None:
    (item,) = (await create(name)).output
    assert item.type == "function_call"
    assert (item.name, item.arguments) == ("get_weather", '{"city":"Oslo"}')


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name.endswith("stream")])
async def test_every_stream_is_read_to_its_end(name: str) -> None:
    last = ("error",) if name == "upstream_breaks_stream" else ("response.completed", "response.incomplete")
    assert (await streamed(name))[-1].type in last


@pytest.mark.parametrize(
    "name", ["allowed_stream", "translated_stream", "revised_stream", "tool_call_stream"]
)
async def test_the_client_s_own_accumulation_agrees_with_the_last_event(name: str) -> None:
    scenario = SCENARIOS[name]
    request = {key: value for key, value in scenario.body.items() if key != "stream"}
    request.pop("tools", None)
    async with (
        client_of(Front(FastAPI(), {"/responses": scenario.app()})) as client,
        client.responses.stream(**request) as stream,
    ):
        final = await stream.get_final_response()
    assert final.status == "completed"
    assert final.output


async def test_stored_responses_are_fetched_listed_cancelled_and_deleted() -> None:
    house = GuardedHouse(wire.said("It is sunny."))
    async with client_of(house.app()) as client:
        fetched = await client.responses.retrieve(wire.UPSTREAM_ID)
        assert fetched.output_text == "It is sunny."
        assert (await client.responses.cancel(wire.UPSTREAM_ID)).id == wire.UPSTREAM_ID
        house.upstream.frames = [b'{"object":"list","data":[],"has_more":false}']
        assert (await client.responses.input_items.list(wire.UPSTREAM_ID)).data == []
        house.upstream.frames = [b'{"id":"resp_1","object":"response","deleted":true}']
        await client.responses.delete(wire.UPSTREAM_ID)
    methods = [method for method, _, _ in house.upstream.asked]
    assert methods == ["GET", "POST", "GET", "DELETE"]


async def test_a_stored_response_is_streamed_from_where_the_client_left() -> None:
    house = GuardedHouse(*wire.stream("It is sunny."))
    async with client_of(house.app()) as client:
        events = await client.responses.retrieve(wire.UPSTREAM_ID, stream=True, starting_after=5)
        numbers = [event.sequence_number async for event in events]
    assert numbers[0] == 6


async def test_a_withheld_answer_is_not_found() -> None:
    house = GuardedHouse(*wire.stream(f"Some words and {SECRET}"))
    async with client_of(house.app()) as client:
        events = await client.responses.create(model="m", input="hello", stream=True)
        assert [event async for event in events][-1].type == "response.incomplete"
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(wire.UPSTREAM_ID)
