"""The litellm adapter, with litellm's own offline answers. The kit tests its common promises."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from policies.critique import Ask
from proxy.exchange.ports import UpstreamError
from proxy.upstreams.litellm_upstream import LitellmTarget, LitellmUpstream
from proxy.upstreams.testing import an_exchange
from tests.kits.upstream_kit import assembled, collect


class Recorder:
    """Stands where litellm does and keeps what it was called with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[dict[str, Any]] = []

    async def acompletion(self, **arguments: Any) -> Any:
        self.calls.append(arguments)
        return self.answer


class Stream:
    """Chunks as litellm gives them; `received` is the finish reason that really arrived."""

    def __init__(self, *chunks: dict[str, Any], received: str | None = "stop") -> None:
        self._chunks = list(chunks)
        self.received_finish_reason = received
        self.intermittent_finish_reason = None
        self.closed = False

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Any:
        if not self._chunks:
            raise StopAsyncIteration
        chunk = self._chunks.pop(0)
        return SimpleNamespace(model_dump=lambda exclude_none: chunk)

    async def aclose(self) -> None:
        self.closed = True


def a_chunk(index: int = 0, text: str = "", finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"content": text, "provider_specific_fields": {"x": 1}} if text else {}
    choice = {"index": index, "delta": delta, **({"finish_reason": finish} if finish else {})}
    return {"id": "c", "created": 1, "model": "m", "choices": [choice], **more}


def an_adapter(answer: Any, **targets: LitellmTarget) -> tuple[LitellmUpstream, Recorder]:
    recorder = Recorder(answer)
    adapter = LitellmUpstream(targets)
    adapter._litellm = recorder
    return adapter, recorder


def a_body(content: str | None = "hello", **message: Any) -> Any:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    choice["message"].update(message)
    whole = {"id": "c", "model": "m", "object": "chat.completion", "choices": [choice]}
    return SimpleNamespace(model_dump=lambda exclude_none: whole)


async def test_nothing_is_imported_before_it_is_needed() -> None:
    """Making, listing and closing an adapter costs nothing."""
    before = "litellm" in sys.modules
    adapter = LitellmUpstream({"fast": LitellmTarget("groq/llama", "sk")})
    assert [entry["id"] for entry in await adapter.models()] == ["fast"]
    await adapter.aclose()
    assert ("litellm" in sys.modules) == before


async def test_calls_are_made_once_with_configured_keys_and_addresses() -> None:
    """No retries, a time limit, and nothing of that from the request."""
    target = LitellmTarget("openai/llama", "sk-ours", "http://127.0.0.1:1/v1")
    adapter, recorder = an_adapter(a_body(), fast=target)
    exchange = an_exchange(
        "fast", api_base="http://evil", api_key="sk-theirs", num_retries=9, mock_response="x"
    )
    await collect(adapter, exchange)
    [call] = recorder.calls
    assert call["model"] == "openai/llama"
    assert (call["api_key"], call["api_base"]) == ("sk-ours", "http://127.0.0.1:1/v1")
    assert (call["num_retries"], call["max_retries"]) == (0, 0)
    assert call["timeout"] == adapter.timeouts.total
    assert "mock_response" not in call


async def test_a_provider_model_goes_by_its_own_name() -> None:
    """Without a target, key and address are left to litellm's own variables."""
    adapter, recorder = an_adapter(a_body())
    await collect(adapter, an_exchange("anthropic/claude"))
    assert recorder.calls[0]["model"] == "anthropic/claude"
    assert not {"api_key", "api_base"} & recorder.calls[0].keys()


async def test_a_body_has_the_keys_that_openai_requires() -> None:
    """Null refusal and logprobs are there, litellm's own fields are not; unknown ones stay."""
    adapter, _ = an_adapter(a_body(None, reasoning_content="hm", provider_specific_fields={"refusal": "no"}))
    [delta] = await collect(adapter, an_exchange("m"))
    choice = orjson.loads(delta.raw)["choices"][0]
    assert choice["logprobs"] is None
    assert choice["message"] == {
        "role": "assistant",
        "content": None,
        "refusal": "no",
        "reasoning_content": "hm",
    }


async def test_a_stream_is_openais_stream() -> None:
    """Chunks with null finish and logprobs, usage without choices, an end mark."""
    counted = a_chunk(usage={"prompt_tokens": 1, "completion_tokens": 2})
    stream = Stream(a_chunk(text="hi"), a_chunk(finish="stop"), counted)
    deltas = await collect(an_adapter(stream)[0], an_exchange("m", stream=True))
    assert [delta.kind for delta in deltas] == ["chunk", "chunk", "usage", "done"]
    assert orjson.loads(deltas[0].raw[6:])["choices"][0] == {
        "index": 0,
        "delta": {"content": "hi"},
        "logprobs": None,
        "finish_reason": None,
    }
    assert stream.closed


async def test_an_invented_finish_is_a_cut_off() -> None:
    """litellm says `stop` where nothing was received."""
    stream = Stream(a_chunk(text="half"), a_chunk(finish="stop"), received=None)
    with pytest.raises(UpstreamError) as caught:
        await collect(an_adapter(stream)[0], an_exchange("m", stream=True))
    assert caught.value.code == "upstream_cut_off"
    assert stream.closed


@pytest.mark.parametrize("chunks", [(), (a_chunk(text="half"),)])
async def test_a_stream_without_a_finish_is_a_cut_off(chunks: tuple[dict[str, Any], ...]) -> None:
    """Whether or not anything came before."""
    stream = Stream(*chunks, received=None)
    with pytest.raises(UpstreamError) as caught:
        await collect(an_adapter(stream)[0], an_exchange("m", stream=True))
    assert caught.value.code == "upstream_cut_off"


async def test_choices_whose_finish_was_swallowed_get_it() -> None:
    """litellm tells one finish reason for all choices."""
    stream = Stream(a_chunk(0, "a"), a_chunk(1, "b"), a_chunk(0, finish="length"), received="length")
    deltas = await collect(an_adapter(stream)[0], an_exchange("m", stream=True, n=2))
    finishes = {index: choice.finish for index, choice in assembled(deltas).choices.items()}
    assert finishes == {0: "length", 1: "length"}


async def test_an_answer_of_no_known_shape_is_invalid() -> None:
    """An object that is no completion."""
    for answer in (None, SimpleNamespace(model_dump=lambda exclude_none: {})):
        with pytest.raises(UpstreamError) as caught:
            await collect(an_adapter(answer)[0], an_exchange("m"))
        assert caught.value.code == "upstream_invalid"


async def test_only_chat_completions_are_translated() -> None:
    """Another surface's payload is not guessed at."""
    exchange = an_exchange("m")
    exchange.target = "/responses"
    with pytest.raises(UpstreamError) as caught:
        await collect(an_adapter(a_body())[0], exchange)
    assert caught.value.status == 404


async def test_litellm_calls_no_tools_by_itself() -> None:
    adapter, recorder = an_adapter(a_body())
    await collect(adapter, an_exchange("m"))
    assert recorder.calls[0]["_skip_mcp_handler"] is True


async def test_the_critic_is_asked_without_a_stream() -> None:
    """By the policy's critic, under the same rules."""
    adapter, recorder = an_adapter(a_body("a critique"))
    answer = await adapter.ask(an_exchange("m", critic="anthropic/judge"), Ask("critique", "s", "u", 30))
    assert answer.text == "a critique"
    assert recorder.calls[0]["model"] == "anthropic/judge"
    assert recorder.calls[0]["stream"] is False
    assert recorder.calls[0]["max_tokens"] == 30


@pytest.mark.slow
async def test_the_real_litellm_answers_offline() -> None:
    """Imported with its price list off, it gives what the adapter reads."""
    pytest.importorskip("litellm", reason="litellm cannot be imported here")
    adapter = LitellmUpstream()
    litellm = await adapter.load()
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert litellm.telemetry is False
    answer = await litellm.acompletion(
        model="anthropic/claude-x",
        messages=[{"role": "user", "content": "x"}],
        tools=[{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
        mock_response="offline",
        _skip_mcp_handler=True,
    )
    recorded, _ = an_adapter(answer)
    [delta] = await collect(recorded, an_exchange("m"))
    assert delta.pieces[0].text == "offline"
    await adapter.aclose()
