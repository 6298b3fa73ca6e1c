"""The embedded critic with the shipped models: a draft is mended where no second model answers."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from policies.critique import Ask
from proxy.app import build
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import CriticAnswer
from proxy.settings import load_settings
from proxy.upstreams.scripted import ScriptedUpstream
from proxy.upstreams.scripts import SCRIPTS

ROAST = SCRIPTS[0]
OWN = """
name: ours
version: "1"
extends: default
critic: embedded
rules:
  - {id: every-insult, stage: post_call, action: review, classifier: exchange, labels: [toxic_reply],
     threshold: flag, on_failure: flag}
"""


class OnlyAnswers(ScriptedUpstream):
    """An upstream that is never to be asked for a critique."""

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        raise AssertionError("a model was asked")


@pytest.mark.parametrize("policy", ["embedded", "ours"])
async def test_insults_are_left_out_of_a_draft_without_asking_any_model(tmp_path: Path, policy: str) -> None:
    """Under the shipped policy and under one of a user's own; the rest of the draft stays word for word."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "ours.yaml").write_text(OWN)
    chosen = {
        "policy": policy,
        "policies_dir": tmp_path,
        "ledger.path": tmp_path / "l.jsonl",
        "log.access": 0,
    }
    app = build(load_settings(chosen, None, {}), upstream=OnlyAnswers())
    body = {"model": "m", "messages": [{"role": "user", "content": ROAST.example}]}
    async with (
        app.fastapi.router.lifespan_context(app.fastapi),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://house") as client,
    ):
        answer = await client.post("/v1/chat/completions", json=body)
        page = (await client.get("/metrics")).text
    said = answer.json()["choices"][0]["message"]["content"]
    assert (answer.headers["x-gatehouse-action"], answer.headers["x-gatehouse-lane"]) == (
        "revise",
        "deliberate",
    )
    assert said.startswith("Raise your glasses to Sam! (I left a part out here.)")
    assert "worthless idiot" not in said
    assert "punch you" not in said
    assert 'gatehouse_reviews_total{critic="embedded",delivered="revision",trigger="score"} 1.0' in page
    assert 'gatehouse_tokens_total{purpose="critique",type="prompt"} 0.0' in page
