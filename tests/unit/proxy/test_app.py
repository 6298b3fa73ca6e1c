"""The composition root: one list of parts, nothing global, and a chat that goes end to end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from classifiers.testing import write_stub_model
from policies.policy import PolicyError
from proxy.app import Gatehouse, build
from proxy.settings import Settings, load_settings
from proxy.upstreams.scripted import ScriptedUpstream
from proxy.upstreams.testing import ScriptedServer

MARKED = "please GHMARK7 now"


def settings(folder: Path, **changes: object) -> Settings:
    """Settings on stub models that fire on one marker token."""
    for name, kind in (("input", "text"), ("exchange", "exchange")):
        if not (folder / name).exists():
            write_stub_model(folder / name, kind=kind)
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    chosen = {
        "models": {"input": folder / "input", "exchange": folder / "exchange"},
        "ledger.path": folder / f"ledger-{len(list(folder.iterdir()))}.jsonl",
        "policy": str(policy),
        "log.access": 0,
    }
    return load_settings({**chosen, **changes}, None, {})


POLICY = """
name: stub
version: "1"
constitution: default
replies: default
rules:
  - {id: in, stage: during_call, action: block, labels: [harm], threshold: 0.5}
  - {id: out, stage: post_call, action: block, classifier: exchange, labels: [harm], threshold: 0.5}
"""


@asynccontextmanager
async def client(app: Gatehouse) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        app.fastapi.router.lifespan_context(app.fastapi),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://house") as made,
    ):
        yield made


def chat(text: str, **more: object) -> dict[str, object]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


async def test_a_chat_is_answered_and_a_marked_one_is_blocked(tmp_path: Path) -> None:
    async with client(build(settings(tmp_path), upstream=ScriptedUpstream())) as house:
        for prefix in ("", "/v1"):
            answer = await house.post(f"{prefix}/chat/completions", json=chat("hello"))
            assert answer.headers["x-gatehouse-action"] == "allow"
            assert answer.json()["model"] == "gatehouse-scripted"
        blocked = await house.post("/v1/chat/completions", json=chat(MARKED))
        assert blocked.json()["choices"][0]["finish_reason"] == "content_filter"
        assert blocked.json()["usage"]["total_tokens"] == 0
        page = (await house.get("/metrics")).text
    assert 'gatehouse_exchanges_total{outcome="blocked",policy="stub"} 1.0' in page
    assert 'gatehouse_exchanges_total{outcome="completed",policy="stub"} 2.0' in page


async def test_two_apps_in_one_process_share_nothing(tmp_path: Path) -> None:
    first, second = (build(settings(tmp_path), upstream=ScriptedUpstream()) for _ in range(2))
    async with client(first) as one, client(second) as two:
        await one.post("/v1/chat/completions", json=chat("hello"))
        page = (await two.get("/metrics")).text
    assert 'gatehouse_exchanges_total{outcome="completed",policy="stub"} 0.0' in page
    assert second.screening.cache.misses == 0


async def test_health_models_and_feedback_answer(tmp_path: Path) -> None:
    async with client(build(settings(tmp_path), upstream=ScriptedUpstream())) as house:
        assert (await house.get("/livez")).status_code == 200
        ready = await house.get("/readyz")
        assert ready.json()["parts"] == {"classifiers": "ok", "store": "ok", "ledger": "ok"}
        listed = (await house.get("/v1/models")).json()["data"]
        assert "stand-in" in listed[0]["description"]
        decision = (await house.post("/v1/chat/completions", json=chat(MARKED))).headers["x-request-id"]
        said = await house.post("/v1/feedback", json={"decision_id": decision, "kind": "wrong_block"})
        assert said.status_code == 200
        page = (await house.get("/metrics")).text
    assert 'gatehouse_feedback_total{kind="wrong_block"} 1.0' in page


async def test_nothing_of_a_chat_is_written_to_the_ledger(tmp_path: Path) -> None:
    made = settings(tmp_path)
    async with client(build(made, upstream=ScriptedUpstream())) as house:
        await house.post("/v1/chat/completions", json=chat("my very secret wish"))
        await house.post("/v1/chat/completions", json=chat(f"secret {MARKED}"))
    written = made.ledger.path.read_text()
    assert written.count('"kind":"exchange"') == 2
    assert "secret" not in written


async def test_a_strict_ledger_has_the_record_when_the_exchange_is_over(tmp_path: Path) -> None:
    made = settings(tmp_path, **{"ledger.mode": "strict"})
    async with client(build(made, upstream=ScriptedUpstream())) as house:
        await house.post("/v1/chat/completions", json=chat("hello"))
        assert '"kind":"exchange"' in made.ledger.path.read_text()


async def test_a_second_port_takes_health_and_metrics_away_from_the_first(tmp_path: Path) -> None:
    app = build(settings(tmp_path, metrics_port=9464), upstream=ScriptedUpstream())
    for asgi, status in ((app, 404), (app.operations, 200)):
        transport = httpx.ASGITransport(app=asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://house") as made:
            assert (await made.get("/metrics")).status_code == status


def test_a_policy_that_the_models_cannot_serve_stops_the_start(tmp_path: Path) -> None:
    made = settings(tmp_path)
    Path(made.policy).write_text(POLICY.replace("[harm]", "[no_such_label]"))
    with pytest.raises(PolicyError, match="no_such_label"):
        build(made)


async def test_limits_of_the_settings_reach_the_route(tmp_path: Path) -> None:
    made = settings(tmp_path, **{"limits.per_minute": 1, "limits.choices": 2})
    async with client(build(made, upstream=ScriptedUpstream())) as house:
        too_many = await house.post("/v1/chat/completions", json=chat("hello", n=3))
        assert (too_many.status_code, too_many.json()["error"]["param"]) == (400, "n")
        limited = await house.post("/v1/chat/completions", json=chat("hello"))
        assert limited.status_code == 429
        assert int(limited.headers["retry-after"]) >= 1
        other = await house.post(
            "/v1/chat/completions", json=chat("hi"), headers={"authorization": "Bearer x"}
        )
        assert other.status_code == 200


async def test_a_refusal_calibration_reaches_the_corridor_and_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "calibration.yaml"
    path.write_text("curt*: {refuse: 1.5, n: 60, date: 2026-11-26, fitted_on: labelled}\n")
    made = settings(tmp_path, refusal_calibration=str(path))
    app = build(made, upstream=ScriptedUpstream())
    assert app.corridor.calibrations.find("curt-1").biases["refuse"] == 1.5
    async with client(app) as house:
        await house.post("/v1/chat/completions", json=chat("hello"))
    assert app.corridor.calibrations.digest in made.ledger.path.read_text()


def test_a_wrong_refusal_calibration_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "calibration.yaml"
    path.write_text("curt: {refuse: 9}\n")
    with pytest.raises(PolicyError) as caught:
        build(settings(tmp_path, refusal_calibration=str(path)), upstream=ScriptedUpstream())
    assert len(caught.value.problems) == 4


EMBED = {"model": "empty-object", "input": MARKED}
PICTURE = {"model": "empty-object", "prompt": MARKED}


async def test_embeddings_are_judged_by_the_policy_or_by_one_of_their_own(tmp_path: Path) -> None:
    watching = tmp_path / "watching.yaml"
    watching.write_text(f"extends: {tmp_path / 'policy.yaml'}\nname: watching\nversion: '1'\nmode: monitor\n")
    async with ScriptedServer() as server:
        served = {"upstream": server.url}
        async with client(build(settings(tmp_path, **served))) as house:
            assert (await house.post("/v1/embeddings", json=EMBED)).status_code == 400
            assert (await house.post("/embeddings", json={**EMBED, "input": "hello"})).content == b"{}"
        own = {**served, "embeddings_policy": str(watching)}
        async with client(build(settings(tmp_path, **own))) as house:
            answer = await house.post("/v1/embeddings", json=EMBED)
            assert (answer.status_code, answer.headers["x-gatehouse-policy"]) == (200, "watching@1")
            page = (await house.get("/metrics")).text
    assert [call.path for call in server.calls] == ["/v1/embeddings"] * 2
    assert 'gatehouse_exchanges_total{outcome="completed",policy="watching"} 1.0' in page


async def test_audio_and_images_are_served_where_the_settings_name_them(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        async with client(build(settings(tmp_path, upstream=server.url))) as house:
            answer = await house.post("/v1/images/generations", json=PICTURE)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unsupported_route")
        named = {"upstream": server.url, "relay": ["images"]}
        async with client(build(settings(tmp_path, **named))) as house:
            assert (await house.post("/v1/images/generations", json=PICTURE)).status_code == 400
            answer = await house.post("/v1/images/generations", json={**PICTURE, "prompt": "a cat"})
            assert (answer.status_code, answer.headers["x-gatehouse-category"]) == (200, "uncovered")
            assert (await house.post("/v1/audio/speech", json=PICTURE)).status_code == 404
            page = (await house.get("/metrics")).text
    assert 'gatehouse_uncovered_parts_total{kind="image"} 2.0' in page
