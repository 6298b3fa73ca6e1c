"""Asking a live model, over real HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest

from evaluation.constitutions.bite import bite
from evaluation.constitutions.judging import judge
from evaluation.constitutions.live import LiveModel
from evaluation.constitutions.obedient import ObedientCritic, perceptions_of
from policies.loader import load_compiled_constitution, load_constitution
from proxy.upstreams import openai_wire as wire
from proxy.upstreams.testing_server import ScriptedServer
from proxy.upstreams.testing_talk import Talk

HEAD = wire.AnswerHead(id="c", model="critic", created=1)


async def _critic(talk: Talk) -> None:
    found = {"clause": "tone", "quote": "let me lecture you", "reason": "r", "severity": 1}
    text = json.dumps({"findings": [found], "action": "revise"})
    await talk.json(wire.completion(HEAD, [wire.choice(0, {"content": text}, "stop")], wire.usage(1, 1)))


async def _silent(talk: Talk) -> None:
    await talk.json({"choices": []})


async def test_one_plain_chat_call_at_temperature_zero() -> None:
    """Its answer is read like any critic's."""
    constitution = load_compiled_constitution("default")
    async with ScriptedServer({"critic": _critic}) as server:
        model = LiveModel(server.url, "critic", "sk-test", 5)
        found = await asyncio.to_thread(
            judge, model, constitution, "hello", "Now let me lecture you, friend."
        )
        (call,) = server.calls
    assert found.verdict("tone") == "break"
    assert call.payload["temperature"] == 0
    assert [message["role"] for message in call.payload["messages"]] == ["system", "user"]
    assert call.headers["authorization"] == "Bearer sk-test"


async def test_a_call_that_fails_is_no_verdict() -> None:
    """No choices, no such model, no server."""
    async with ScriptedServer({"silent": _silent}) as server:
        model = LiveModel(server.url, "silent", timeout_s=5)
        assert await asyncio.to_thread(model, "s", "u") is None
    assert await asyncio.to_thread(model, "s", "u") is None
    assert model.failures == 2


def test_only_http_is_spoken() -> None:
    """Not files."""
    with pytest.raises(ValueError, match="http"):
        LiveModel("file:///etc", "m")


async def test_the_bite_test_runs_over_http_as_it_does_without() -> None:
    """The obeying critic behind a server: every clause bites, three rules for each example."""
    constitution = load_constitution("default")
    obedient = ObedientCritic(perceptions_of(constitution))

    async def answer(talk: Talk) -> None:
        system, user = (message["content"] for message in talk.payload["messages"])
        choice = wire.choice(0, {"content": obedient(system, user)}, "stop")
        await talk.json(wire.completion(HEAD, [choice], wire.usage(1, 1)))

    async with ScriptedServer({"critic": answer}) as server:
        found = await asyncio.to_thread(bite, LiveModel(server.url, "critic"), constitution)
        calls = len(server.calls)
    assert all(each.bites for each in found)
    assert calls == sum(len(each.items) for each in found) == 78
