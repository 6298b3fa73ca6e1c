"""The official OpenAI client, in process, reads every kind of reply: plain, canned, revised, streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import openai
import pytest
from fastapi import FastAPI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from proxy.surfaces.front import Front
from tests.kits.surface_kit import DECISION
from tests.unit.proxy.surfaces.chat_completions.scenarios import SCENARIOS, Scenario

QUESTION: Any = [{"role": "user", "content": "What is the weather?"}]


@asynccontextmanager
async def client_of(scenario: Scenario) -> AsyncIterator[openai.AsyncOpenAI]:
    front = Front(FastAPI(), {"/chat/completions": scenario.app()})
    transport = httpx.ASGITransport(app=front)
    async with httpx.AsyncClient(transport=transport) as http:
        yield openai.AsyncOpenAI(
            api_key="sk-test", base_url="http://gatehouse.test/v1", http_client=http, max_retries=0
        )


async def create(name: str) -> ChatCompletion:
    scenario = SCENARIOS[name]
    async with client_of(scenario) as client:
        answer = await client.chat.completions.create(model="m", messages=QUESTION, **scenario.request)
    assert isinstance(answer, ChatCompletion)
    return answer


async def stream(name: str) -> list[ChatCompletionChunk]:
    scenario = SCENARIOS[name]
    async with client_of(scenario) as client:
        answer = await client.chat.completions.create(model="m", messages=QUESTION, **scenario.request)
        return [chunk async for chunk in answer]


def text_of(chunks: list[ChatCompletionChunk], index: int = 0) -> str:
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
    return "".join(choice.delta.content or "" for choice in choices)


def finishes(chunks: list[ChatCompletionChunk]) -> list[tuple[int, str]]:
    choices = [choice for chunk in chunks for choice in chunk.choices]
    return [(choice.index, choice.finish_reason) for choice in choices if choice.finish_reason]


async def test_an_allowed_answer_is_the_upstream_s() -> None:
    answer = await create("allowed")
    assert answer.choices[0].message.content == "It is sunny."
    assert answer._request_id == DECISION


async def test_a_block_is_visible_text_with_an_honest_finish_reason() -> None:
    answer = await create("blocked_message")
    assert answer.choices[0].finish_reason == "content_filter"
    assert DECISION in str(answer.choices[0].message.content)
    assert answer.choices[0].message.refusal is None
    assert answer.usage is not None
    assert answer.usage.total_tokens == 0


async def test_a_block_of_a_json_request_is_a_refusal_that_parse_understands() -> None:
    scenario = SCENARIOS["blocked_refusal"]
    async with client_of(scenario) as client:
        answer = await client.chat.completions.parse(model="m", messages=QUESTION, **scenario.request)
    assert answer.choices[0].message.parsed is None
    assert answer.choices[0].message.content is None
    assert DECISION in str(answer.choices[0].message.refusal)


async def test_a_block_as_an_error_is_a_bad_request_that_is_not_retried() -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await create("blocked_error")
    assert caught.value.code == "content_policy_violation"
    assert caught.value.response.headers["x-should-retry"] == "false"


async def test_a_guard_outage_is_a_server_error_that_may_be_retried() -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        await create("guard_unavailable")
    assert caught.value.status_code == 503
    assert caught.value.code == "guard_unavailable"
    assert int(caught.value.response.headers["retry-after"]) >= 1


async def test_a_revised_answer_reads_like_any_other() -> None:
    answer = await create("revised")
    assert answer.choices[0].message.content == "Here is a safer answer."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].logprobs is None
    assert answer.usage is not None
    assert answer.usage.total_tokens == 13


async def test_only_the_offending_choice_of_two_is_replaced() -> None:
    answer = await create("two_choices_one_replaced")
    assert [choice.finish_reason for choice in answer.choices] == ["stop", "content_filter"]
    assert answer.choices[0].message.content == "Good."


async def test_a_tool_call_arrives_and_a_blocked_one_leaves_nothing_behind() -> None:
    called = (await create("tool_call")).choices[0].message
    assert called.tool_calls is not None
    blocked = (await create("tool_call_blocked")).choices[0].message
    assert blocked.tool_calls is None


async def test_the_moderation_field_is_typed() -> None:
    answer = await create("moderation")
    assert answer.moderation is not None
    assert answer.moderation.input.type == "moderation_results"
    assert answer.moderation.input.results[0].category_scores["violence"] == 0.01
    blocked = await create("moderation_blocked")
    assert blocked.moderation is not None
    assert blocked.moderation.input.type == "moderation_results"
    assert blocked.moderation.input.results[0].categories["violence"]
    assert blocked.moderation.output.type == "error"
    assert blocked.moderation.output.code == "not_evaluated"


STREAMS = [name for name in SCENARIOS if name.endswith(("_stream", "_chunk")) and "error" not in name]


@pytest.mark.parametrize("name", [name for name in STREAMS if name != "upstream_breaks_stream"])
async def test_a_stream_has_one_id_and_one_finish_for_each_choice(name: str) -> None:
    chunks = await stream(name)
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    ended = [index for index, _ in finishes(chunks)]
    assert sorted(ended) == list(range(SCENARIOS[name].request.get("n", 1)))


async def test_streams_say_what_was_ruled() -> None:
    assert text_of(await stream("allowed_stream")) == "It is sunny."
    assert DECISION in text_of(await stream("blocked_message_stream"))
    assert text_of(await stream("revised_stream")) == "Here is a safer answer."
    both = await stream("two_choices_one_replaced_stream")
    assert text_of(both, 0) == "It is good."
    assert DECISION in text_of(both, 1)
    assert "bad" not in text_of(both, 1)


async def test_usage_comes_last_and_only_where_it_was_asked_for() -> None:
    chunks = await stream("usage_chunk")
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].choices == []
    assert all(chunk.usage is None for chunk in await stream("allowed_stream"))


async def test_the_verdict_chunk_stands_between_finish_and_usage() -> None:
    chunks = await stream("moderation_stream")
    finish = next(place for place, chunk in enumerate(chunks) if finishes([chunk]))
    verdict = next(place for place, chunk in enumerate(chunks) if chunk.moderation is not None)
    assert finish < verdict < len(chunks) - 1
    assert chunks[verdict].choices == []


async def test_a_late_block_keeps_what_was_said_and_ends_with_a_notice() -> None:
    chunks = await stream("late_block_stream")
    text = text_of(chunks)
    assert text.startswith("It begins well\n\nI can't")
    assert "and then" not in text
    assert finishes(chunks) == [(0, "content_filter")]


async def test_a_streamed_refusal_is_clean_for_the_stream_helper() -> None:
    scenario = SCENARIOS["blocked_refusal_stream"]
    request = {key: value for key, value in scenario.request.items() if key != "stream"}
    async with client_of(scenario) as client:
        helper = client.chat.completions.stream(model="m", messages=QUESTION, **request)
        async with helper as events:
            final = await events.get_final_completion()
    assert DECISION in str(final.choices[0].message.refusal)


async def test_a_streamed_tool_call_is_put_together() -> None:
    scenario = SCENARIOS["tool_call_stream"]
    async with client_of(scenario) as client:
        helper = client.chat.completions.stream(model="m", messages=QUESTION)
        async with helper as events:
            final = await events.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.arguments == '{"city":"Oslo"}'


async def test_a_stream_that_breaks_off_is_an_error_never_a_finished_answer() -> None:
    with pytest.raises(openai.APIError) as caught:
        await stream("upstream_breaks_stream")
    assert caught.value.code == "upstream_cut_off"


async def test_upstream_errors_reach_the_client_as_they_were() -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        await create("upstream_error_relayed")
    assert caught.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.InternalServerError) as unreachable:
        await create("upstream_unreachable")
    assert unreachable.value.code == "upstream_unreachable"
