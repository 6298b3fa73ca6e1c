"""What every upstream adapter promises, whatever stands behind it. Subclass and give a `rig`."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from policies.critique import Ask
from proxy.exchange.exchange import Delta, Draft, Exchange
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.upstreams.routing import Adapter
from proxy.upstreams.testing import ScriptedServer, an_exchange

QUESTION = Ask("critique", "You check drafts.", "Is this draft fine?", 50)


@dataclass
class UpstreamRig:
    """An adapter under test. `good`: a model that answers well; `server`: what stands behind it."""

    adapter: Adapter
    good: str = "ok"
    prompt: str = "Hello there"
    server: ScriptedServer | None = None

    def exchange(self, model: str = "", **options: Any) -> Exchange:
        return an_exchange(model or self.good, prompt=self.prompt, codec=ChatCodec(), **options)


async def first(adapter: Adapter, exchange: Exchange) -> Delta:
    """The first delta; the rest of the answer is left unread."""
    async with adapter.open(exchange, exchange.original) as answer, aclosing(answer.deltas()) as deltas:
        return await anext(deltas)


async def until_it_breaks(adapter: Adapter, exchange: Exchange) -> tuple[list[Delta], UpstreamError]:
    """What an answer gave before it broke off, and how it did."""
    seen: list[Delta] = []
    try:
        async with adapter.open(exchange, exchange.original) as answer, aclosing(answer.deltas()) as deltas:
            async for delta in deltas:
                seen.append(delta)  # noqa: PERF401 (kept when the iteration breaks)
    except UpstreamError as error:
        return seen, error
    raise AssertionError("the answer did not break off")


async def collect(adapter: Adapter, exchange: Exchange) -> list[Delta]:
    """Every delta of one call."""
    async with (
        adapter.open(exchange, exchange.original) as answer,
        aclosing(answer.deltas()) as deltas,
    ):
        return [delta async for delta in deltas]


def assembled(deltas: list[Delta]) -> Draft:
    """The whole that the deltas make."""
    draft = Draft()
    for delta in deltas:
        draft.add(delta)
    return draft


class UpstreamKit:
    """Promises of every adapter."""

    async def test_a_plain_answer_is_one_body(self, rig: UpstreamRig) -> None:
        """One delta of kind body, with text, finish reason and usage."""
        deltas = await collect(rig.adapter, rig.exchange())
        draft = assembled(deltas)
        assert [delta.kind for delta in deltas] == ["body"]
        assert draft.complete
        assert draft.choices[0].content
        assert draft.choices[0].finish == "stop"
        assert draft.usage is not None
        assert draft.usage.prompt_tokens > 0

    async def test_a_stream_says_the_same_as_the_plain_answer(self, rig: UpstreamRig) -> None:
        """Same text and finish, in several chunks with one end mark."""
        plain = assembled(await collect(rig.adapter, rig.exchange()))
        deltas = await collect(rig.adapter, rig.exchange(stream=True))
        draft = assembled(deltas)
        assert len(deltas) > 3
        assert [delta.kind for delta in deltas].count("done") == 1
        assert deltas[-1].kind == "done"
        assert draft.complete
        assert draft.choices[0].content.strip() == plain.choices[0].content
        assert draft.choices[0].finish == "stop"

    async def test_a_stream_is_in_wire_bytes(self, rig: UpstreamRig) -> None:
        """Every delta carries a whole SSE frame; together they end with OpenAI's end mark."""
        deltas = await collect(rig.adapter, rig.exchange(stream=True))
        raw = b"".join(delta.raw for delta in deltas)
        assert all(delta.raw.startswith(b"data: ") and delta.raw.endswith(b"\n\n") for delta in deltas)
        assert raw.endswith(b"data: [DONE]\n\n")

    async def test_usage_comes_when_a_stream_asks_for_it(self, rig: UpstreamRig) -> None:
        """`include_usage` gives one usage delta without choices, before the end mark."""
        asked = rig.exchange(stream=True, stream_options={"include_usage": True})
        deltas = await collect(rig.adapter, asked)
        assert deltas[-2].kind == "usage"
        assert deltas[-2].usage is not None
        assert deltas[-2].usage.completion_tokens > 0

    async def test_every_choice_is_answered(self, rig: UpstreamRig) -> None:
        """With n = 2 both choices have text and a finish reason, streamed or not."""
        for stream in (False, True):
            draft = assembled(await collect(rig.adapter, rig.exchange(stream=stream, n=2)))
            assert set(draft.choices) == {0, 1}
            assert all(choice.content and choice.finish == "stop" for choice in draft.choices.values())

    async def test_a_head_says_what_kind_of_answer_comes(self, rig: UpstreamRig) -> None:
        """Status 200 and a content type: JSON, or an event stream."""
        for stream, kind in ((False, "application/json"), (True, "text/event-stream")):
            exchange = rig.exchange(stream=stream)
            async with rig.adapter.open(exchange, exchange.original) as answer:
                assert answer.head.status == 200
                assert kind in dict(answer.head.headers)["content-type"]

    async def test_the_critic_answers_a_question(self, rig: UpstreamRig) -> None:
        """Text and what it cost."""
        answer = await rig.adapter.ask(rig.exchange(), QUESTION)
        assert answer.text
        assert answer.usage.completion_tokens > 0

    async def test_models_have_names(self, rig: UpstreamRig) -> None:
        """Every entry of the models list has the keys of OpenAI's."""
        for entry in await rig.adapter.models():
            assert {"id", "object", "owned_by"} <= entry.keys()

    async def test_an_answer_may_be_left_unread(self, rig: UpstreamRig) -> None:
        """Leaving early is no error, and the next call works."""
        await first(rig.adapter, rig.exchange(stream=True))
        assert assembled(await collect(rig.adapter, rig.exchange())).complete

    async def test_no_task_is_left_behind(self, rig: UpstreamRig) -> None:
        """Soon after closing, the adapter runs nothing in the background."""
        before = _foreign_tasks()
        await collect(rig.adapter, rig.exchange(stream=True))
        await rig.adapter.aclose()
        async with asyncio.timeout(2):
            while not _foreign_tasks() <= before:  # noqa: ASYNC110 (tasks end without telling)
                await asyncio.sleep(0.01)

    async def test_closing_twice_is_safe(self, rig: UpstreamRig) -> None:
        """A second `aclose` does nothing."""
        await collect(rig.adapter, rig.exchange())
        await rig.adapter.aclose()
        await rig.adapter.aclose()


class RemoteUpstreamKit(UpstreamKit):
    """Promises of adapters with a server behind them, `rig.server`."""

    async def test_an_error_before_the_first_byte_comes_when_opening(self, rig: UpstreamRig) -> None:
        """A rate limit is a 429 with the time to come back, and no delta."""
        for stream in (False, True):
            with pytest.raises(UpstreamError) as caught:
                await collect(rig.adapter, rig.exchange("error-429", stream=stream))
            assert caught.value.status == 429
            assert ("retry-after", "7") in caught.value.headers

    async def test_a_server_error_is_relayed_or_bad_gateway(self, rig: UpstreamRig) -> None:
        """A 5xx stays one and is not repeated."""
        assert rig.server is not None
        with pytest.raises(UpstreamError) as caught:
            await collect(rig.adapter, rig.exchange("error-500"))
        assert caught.value.status in (500, 502)
        assert len(rig.server.calls) == 1

    @pytest.mark.parametrize("model", ["cut", "cut-chunked", "half", "reset"])
    async def test_an_error_after_the_first_byte_is_a_cut_off(self, rig: UpstreamRig, model: str) -> None:
        """What has arrived is given, then the break is told; a broken answer never ends well."""
        seen, error = await until_it_breaks(rig.adapter, rig.exchange(model, stream=True))
        assert (error.code, error.status) == ("upstream_cut_off", 502)
        assert any(delta.pieces for delta in seen)
        assert not assembled(seen).complete

    @pytest.mark.parametrize("model", ["json-for-stream", "html", "empty-object", "empty-status"])
    async def test_something_else_for_a_stream_is_an_error(self, rig: UpstreamRig, model: str) -> None:
        """Never an empty answer that looks finished."""
        with pytest.raises(UpstreamError) as caught:
            await collect(rig.adapter, rig.exchange(model, stream=True))
        assert caught.value.status == 502

    @pytest.mark.parametrize("model", ["bad-json", "null-choices", "html", "bad-utf8", "short", "cut"])
    async def test_something_else_for_an_answer_is_an_error(self, rig: UpstreamRig, model: str) -> None:
        """Broken, cut off or of another kind: 502, never an empty pass."""
        with pytest.raises(UpstreamError) as caught:
            await collect(rig.adapter, rig.exchange(model))
        assert caught.value.status == 502

    @pytest.mark.parametrize("model", ["error-filter", "error-policy"])
    async def test_the_providers_filter_is_recognised(self, rig: UpstreamRig, model: str) -> None:
        """A refusal by the provider's own filter is marked as one."""
        with pytest.raises(UpstreamError) as caught:
            await collect(rig.adapter, rig.exchange(model))
        assert caught.value.provider_filter
        assert caught.value.status == 400

    async def test_cancelling_closes_the_connection(self, rig: UpstreamRig) -> None:
        """A client that leaves, before or within the answer, closes the upstream within a second."""
        assert rig.server is not None
        for model in ("late", "stall", "endless"):
            exchange = rig.exchange(model, stream=True)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.15):
                    await collect(rig.adapter, exchange)
            assert await rig.server.closed(rig.server.calls[-1])

    async def test_leaving_early_closes_the_connection(self, rig: UpstreamRig) -> None:
        """A stopped answer stops upstream, too."""
        assert rig.server is not None
        await first(rig.adapter, rig.exchange("endless", stream=True))
        assert await rig.server.closed(rig.server.calls[-1])

    async def test_a_silent_upstream_is_a_timeout(self, rig: UpstreamRig) -> None:
        """No first byte, or none after the first: 504 within the limit."""
        for model, stream in (("late", False), ("late", True), ("stall", True)):
            began = time.monotonic()
            with pytest.raises(UpstreamError) as caught:
                await collect(rig.adapter, rig.exchange(model, stream=stream))
            assert (caught.value.code, caught.value.status) == ("upstream_timeout", 504)
            assert time.monotonic() - began < 3

    async def test_characters_cut_by_the_network_are_whole(self, rig: UpstreamRig) -> None:
        """One byte at a time, the text is the same, one frame a delta."""
        whole = await collect(rig.adapter, rig.exchange("ok", stream=True))
        slow = await collect(rig.adapter, rig.exchange("split", stream=True))
        assert assembled(slow).choices[0].content == assembled(whole).choices[0].content
        assert [delta.raw.count(b"data: ") for delta in slow] == [1] * len(slow)

    async def test_a_provider_cannot_put_a_key_into_an_error(self, rig: UpstreamRig) -> None:
        """An upstream that echoes the key it was sent: our error does not carry it."""
        with pytest.raises(UpstreamError) as caught:
            await collect(rig.adapter, rig.exchange("echo"))
        assert caught.value.status == 401
        assert b"sk-secret" not in (caught.value.body or b"")
        assert "sk-secret" not in str(caught.value)


def _foreign_tasks() -> set[object]:
    """Running tasks, without those of the scripted server."""
    return {
        task
        for task in asyncio.all_tasks()
        if "ScriptedServer" not in repr(task.get_coro()) and task is not asyncio.current_task()
    }
