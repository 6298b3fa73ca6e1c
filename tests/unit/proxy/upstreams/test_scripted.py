"""The stand-in: deterministic, honest about itself, and a whole model server in its manners."""

from __future__ import annotations

from typing import Any

import jsonschema
import orjson
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from policies.canary import canary_for
from policies.constitution import CompiledConstitution, Principle
from policies.critique import Ask, Measure, Measured, Review, ReviewResult, review
from policies.findings import read_critique
from policies.policy import ReviewBudget
from proxy.exchange.ports import UpstreamError
from proxy.upstreams.scripted import MODEL, ScriptedUpstream
from proxy.upstreams.scripts import DEFAULT, SCRIPTS
from proxy.upstreams.testing import an_exchange
from tests.kits.upstream_kit import assembled, collect

UPSTREAM = ScriptedUpstream(clock=lambda: 1_700_000_000.0)
ROAST = next(script for script in SCRIPTS if script.faults)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


async def body_of(prompt: str, **fields: Any) -> dict[str, Any]:
    [delta] = await collect(UPSTREAM, an_exchange("gpt-4o", prompt=prompt, **fields))
    payload: dict[str, Any] = orjson.loads(delta.raw)
    return payload


async def test_replies_name_the_stand_in() -> None:
    """Whatever model was asked for."""
    payload = await body_of("Hello")
    assert payload["model"] == MODEL == "gatehouse-scripted"
    assert payload["choices"][0]["message"]["content"] == DEFAULT.drafts[0]


async def test_the_models_list_says_what_it_is() -> None:
    """One entry, owned by Gatehouse, that calls itself no language model."""
    [entry] = await UPSTREAM.models()
    assert entry["id"] == MODEL
    assert entry["owned_by"] == "gatehouse"
    assert entry["description"] == "scripted stand-in, not a language model"


async def test_equal_requests_get_equal_bytes() -> None:
    """And other requests other ids."""
    assert await body_of("Hello") == await body_of("Hello")
    assert (await body_of("Hello"))["id"] != (await body_of("Hello!"))["id"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
async def test_documented_prompts_get_their_draft(script: Any) -> None:
    """Also behind a constitution and in parts."""
    content = [{"type": "text", "text": script.example}]
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": content}]
    payload = await body_of("ignored", messages=messages)
    assert payload["choices"][0]["message"]["content"] == script.drafts[0]


async def test_answers_parse_with_the_openai_types() -> None:
    """Bodies and chunks, strictly."""
    ChatCompletion.model_validate(await body_of("Hello", n=2), strict=True)
    deltas = await collect(UPSTREAM, an_exchange("m", stream=True))
    for delta in deltas[:-1]:
        ChatCompletionChunk.model_validate(orjson.loads(delta.raw[6:]), strict=True)


async def test_a_stream_has_about_eight_pieces() -> None:
    """Enough to see it stream."""
    deltas = await collect(UPSTREAM, an_exchange("m", stream=True))
    assert 5 <= sum(bool(delta.pieces) for delta in deltas) <= 8
    assert assembled(deltas).choices[0].content == DEFAULT.drafts[0]


async def test_choices_take_turns() -> None:
    """With n = 2 the second draft is the gentle one."""
    payload = await body_of(ROAST.example, n=2)
    assert [choice["message"]["content"] for choice in payload["choices"]] == list(ROAST.drafts)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_weather_is_a_tool_call(stream: bool) -> None:
    """With arguments of the schema's shape."""
    exchange = an_exchange("m", prompt="How is the weather in Oslo?", stream=stream, tools=[WEATHER])
    draft = assembled(await collect(UPSTREAM, exchange))
    assert draft.choices[0].finish == "tool_calls"
    assert orjson.loads(draft.choices[0].tool_calls) == {"city": "Oslo"}


@pytest.mark.parametrize(
    ("fields", "called"),
    [
        ({"tool_choice": "required"}, True),
        ({"tool_choice": {"type": "function", "function": {"name": "get_weather"}}}, True),
        ({"tool_choice": "none"}, False),
        ({}, False),
    ],
)
async def test_a_forced_tool_is_called(fields: dict[str, Any], called: bool) -> None:
    """And none where none is wanted."""
    payload = await body_of("Hello", tools=[WEATHER], **fields)
    assert bool(payload["choices"][0]["message"].get("tool_calls")) is called


async def test_a_tools_result_is_answered_in_words() -> None:
    """The dialogue comes to an end."""
    messages = [
        {"role": "user", "content": "How is the weather?"},
        {"role": "tool", "tool_call_id": "call_scripted_0", "content": "rain"},
    ]
    payload = await body_of("ignored", messages=messages, tools=[WEATHER])
    assert payload["choices"][0]["finish_reason"] == "stop"


async def test_json_mode_answers_json() -> None:
    """An object that says it is scripted."""
    payload = await body_of("Hello", response_format={"type": "json_object"})
    assert orjson.loads(payload["choices"][0]["message"]["content"])["scripted"] is True


async def test_a_schema_is_kept() -> None:
    """Nested objects, enums, constants, unions and lists."""
    schema = {
        "type": "object",
        "properties": {
            "mood": {"enum": ["good", "bad"]},
            "kind": {"const": "x"},
            "who": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            "age": {"type": ["integer", "null"]},
            "share": {"type": "number"},
            "ok": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["mood", "kind", "who", "age", "share", "ok", "tags", "either"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    payload = await body_of("Hello", response_format=form)
    jsonschema.validate(orjson.loads(payload["choices"][0]["message"]["content"]), schema)


async def test_other_surfaces_have_no_scripts() -> None:
    """A payload that is no chat is an error, not a guess."""
    exchange = an_exchange("m")
    exchange.target = "/responses"
    with pytest.raises(UpstreamError) as caught:
        await collect(UPSTREAM, exchange)
    assert caught.value.status == 404


async def test_a_draft_is_criticised_and_revised() -> None:
    """Through the real dialogue: findings hold, and the revision passes its acceptance test."""
    result = await through_the_dialogue(ROAST.drafts[0], after=0.05)
    assert (result.deliver, result.outcome) == ("revision", "revised")
    assert result.revision == ROAST.revision
    assert (result.findings, result.void_findings) == (len(ROAST.faults), 0)


async def test_a_good_draft_is_kept() -> None:
    """The critic has nothing to say about it."""
    result = await through_the_dialogue(ROAST.drafts[1], after=0.05)
    assert (result.deliver, result.outcome) == ("draft", "kept")


async def test_the_critic_counts_its_tokens() -> None:
    """More for a longer prompt."""
    short = await UPSTREAM.ask(an_exchange(), Ask("critique", "s", "u", 10))
    long = await UPSTREAM.ask(an_exchange(), Ask("critique", "s", "u" * 400, 10))
    assert long.usage.prompt_tokens > short.usage.prompt_tokens > 0


async def through_the_dialogue(draft: str, after: float) -> ReviewResult:
    """Run the critique dialogue with the stand-in as critic; every text measures as `after`."""
    clause = Principle(id="dignity", title="Dignity", behaviour="Treat people as equals.")
    constitution = CompiledConstitution("c", "1", "sha256:x", "text", 10, (clause,))
    dialogue = review(
        Review(
            request=ROAST.example,
            draft=draft,
            risk=0.6,
            review_at=0.4,
            block_at=0.9,
            category="hte",
            constitution=constitution,
            budget=ReviewBudget(),
            nonce="f00dfacef00dface",
        )
    )
    answer: str | Measured | None = None
    while True:
        try:
            step = dialogue.send(answer)
        except StopIteration as stop:
            result: ReviewResult = stop.value
            return result
        if isinstance(step, Measure):
            answer = Measured(after, refusal=False)
        else:
            answer = (await UPSTREAM.ask(an_exchange(), step)).text


async def test_the_stand_in_sees_canaries() -> None:
    """So a demonstration never fails by lot."""
    canary = canary_for("secret", 1.0)
    assert canary is not None
    prompt = Ask("critique", f"Clauses:\n- {canary.clause}: {canary.rule}", f"| {canary.sentence}", 300)
    said = read_critique((await ScriptedUpstream().ask(an_exchange(), prompt)).text)
    assert canary.reported(said.findings)
    assert said.action == "keep"
