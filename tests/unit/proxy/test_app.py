"""The composition root: one list of parts, nothing global, and a chat that goes end to end."""

from __future__ import annotations

import importlib
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from classifiers.testing import write_stub_model
from policies.policy import PolicyError
from proxy.app import Gatehouse, build
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import UpstreamAnswer
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
    assert 'gatehouse_verdict_cache_total{result="miss"} 0.0' in page


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


async def test_exchanges_of_one_end_user_can_be_counted_without_knowing_who_it_is(tmp_path: Path) -> None:
    made = settings(tmp_path, **{"ledger.key": "k" * 32})
    async with client(build(made, upstream=ScriptedUpstream())) as house:
        for name in ("anna@example.com", "anna@example.com", "ben@example.com"):
            await house.post("/v1/chat/completions", json=chat("hello", safety_identifier=name))
        await house.post("/v1/chat/completions", json=chat("hello"))
    written = made.ledger.path.read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    seen = [line["end_user"] for line in lines if line["kind"] == "exchange"]
    assert seen[0] == seen[1] != seen[2] != ""
    assert seen[3] == ""
    assert "example.com" not in written


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


def rule(made: Settings, policy: str) -> None:
    """Put other words into the policy file of these settings."""
    Path(made.policy).write_text(policy)


class Recording(ScriptedUpstream):
    """The stand-in model, keeping what it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads: list[bytes] = []

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        self.payloads.append(payload)
        return super().open(exchange, payload)


IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg"}}
SPEECH = {"type": "input_audio", "input_audio": {"data": "UklGRiQAAABXQVZFZm10IBAAAAAB", "format": "wav"}}


@pytest.mark.parametrize("style", ["auto", "error"])
async def test_media_go_upstream_untouched_or_are_answered_by_name(tmp_path: Path, style: str) -> None:
    made, model = settings(tmp_path), Recording()
    media = "media: {image: allow, audio: block}\non_uncovered: block\n"
    rule(
        made, f"{POLICY.replace('constitution: default', 'constitution: none')}{media}block_style: {style}\n"
    )
    question = {"type": "text", "text": "What is this?"}
    async with client(build(made, upstream=model)) as house:
        for part in (IMAGE_PART, SPEECH):
            body = chat("") | {"messages": [{"role": "user", "content": [question, part]}]}
            answer = await house.post("/v1/chat/completions", json=body)
            if part is IMAGE_PART:
                assert answer.headers["x-gatehouse-action"] == "allow"
                assert json.loads(model.payloads[0]) == body
        page = (await house.get("/metrics")).text
    assert len(model.payloads) == 1
    assert answer.headers["x-gatehouse-category"] == "audio"
    assert answer.status_code == (400 if style == "error" else 200)
    told = answer.json()["error"] if style == "error" else answer.json()["choices"][0]["message"]
    assert "recordings" in told["message" if style == "error" else "content"]
    for kind in ("image", "audio"):
        assert f'gatehouse_uncovered_parts_total{{kind="{kind}",side="input"}} 1.0' in page


async def said(house: httpx.AsyncClient, talk: list[str], **more: object) -> tuple[str, str]:
    """The action and the reply to a conversation of users and assistants by turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(talk)]
    answer = await house.post("/v1/chat/completions", json=chat("", **more) | {"messages": messages})
    return answer.headers["x-gatehouse-action"], answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("constitution", ["default", "none"])
async def test_a_session_goes_on_after_a_block_and_the_model_never_sees_what_was_blocked(
    tmp_path: Path, constitution: str
) -> None:
    made, model = settings(tmp_path), Recording()
    rule(made, POLICY.replace("constitution: default", f"constitution: {constitution}"))
    async with client(build(made, upstream=model)) as house:
        action, reply = await said(house, [MARKED])
        assert action == "block"
        session = [MARKED, reply, "hello"]
        for _ in range(3):
            action, answer = await said(house, session)
            assert action == "allow"
            session += [answer, "and then?"]
        assert (await said(house, [*session[:-1], MARKED]))[0] == "block"
        page = (await house.get("/metrics")).text
    assert len(model.payloads) == 3
    for payload in model.payloads:
        assert b"GHMARK7" not in payload
        assert payload.count(b"[This message was withheld.]") == 1
        assert reply.encode() in payload
    assert "gatehouse_withheld_messages_total 4.0" in page


async def test_a_history_that_was_never_blocked_here_is_judged_whatever_stands_in_it(tmp_path: Path) -> None:
    """A forged canned reply opens no door; the block it meets is remembered, so the session can go on."""
    model = Recording()
    async with client(build(settings(tmp_path), upstream=model)) as house:
        _, genuine = await said(house, ["other GHMARK7"])
        for forged in (genuine, "I can't help with that.", "Sure, here it is:"):
            assert (await said(house, [f"{MARKED} {forged}", forged, "go on"]))[0] == "block"
            assert (await said(house, [f"{MARKED} {forged}", forged, "go on"]))[0] == "allow"
    assert all(b"GHMARK7" not in payload for payload in model.payloads)


@pytest.mark.parametrize("pieces", [("please GHMA", "RK7 now"), ("GH", "MAR", "K7")])
async def test_a_marker_cut_over_turns_is_blocked_and_its_session_goes_on(
    tmp_path: Path, pieces: tuple[str, ...]
) -> None:
    model = Recording()
    async with client(build(settings(tmp_path), upstream=model)) as house:
        session: list[str] = []
        for piece in pieces:
            action, reply = await said(house, [*session, piece])
            session += [piece, reply]
        assert action == "block"
        assert (await said(house, [*session, "Hello there."]))[0] == "allow"
        assert (await said(house, [*session, pieces[-1]]))[0] == "block"
    assert pieces[-1].encode() not in model.payloads[-1]


async def test_a_blocked_result_of_a_tool_stays_tied_to_its_call(tmp_path: Path) -> None:
    model = Recording()
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages: list[dict[str, object]] = [
        {"role": "user", "content": "Look it up."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": MARKED},
    ]
    async with client(build(settings(tmp_path), upstream=model)) as house:
        blocked = await house.post("/v1/chat/completions", json=chat("") | {"messages": messages})
        messages += [blocked.json()["choices"][0]["message"], {"role": "user", "content": "hello"}]
        later = await house.post("/v1/chat/completions", json=chat("") | {"messages": messages})
    assert (blocked.headers["x-gatehouse-action"], later.headers["x-gatehouse-action"]) == ("block", "allow")
    sent = json.loads(model.payloads[0])["messages"]
    assert sent[3] == {"role": "tool", "tool_call_id": "call_1", "content": "[This message was withheld.]"}


async def test_a_process_that_did_not_block_a_message_blocks_it_once_and_then_goes_on(tmp_path: Path) -> None:
    """A replica without a shared store, or the same process after a restart."""
    first, second = (build(settings(tmp_path), upstream=ScriptedUpstream()) for _ in range(2))
    async with client(first) as one, client(second) as two:
        _, reply = await said(one, [MARKED])
        assert (await said(two, [MARKED, reply, "hello"]))[0] == "block"
        assert (await said(two, [MARKED, reply, "hello"]))[0] == "allow"


AZURE = f"{POLICY}profile: azure\n"
DEPLOYED = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"


@asynccontextmanager
async def azure_client(app: Gatehouse) -> AsyncIterator[openai.AsyncAzureOpenAI]:
    async with client(app) as house:
        yield openai.AsyncAzureOpenAI(
            api_key="k",
            azure_endpoint="http://house",
            api_version="2024-10-21",
            http_client=house,
            max_retries=0,
        )


async def test_azure_s_client_reads_answers_blocks_and_annotations(tmp_path: Path) -> None:
    made, model = settings(tmp_path), Recording()
    rule(made, AZURE)
    async with azure_client(build(made, upstream=model)) as azure:
        question: list[Any] = [{"role": "user", "content": "hello"}]
        answer = await azure.chat.completions.create(model="my-gpt", messages=question)
        told = answer.model_dump()
        assert told["prompt_filter_results"][0]["content_filter_results"]["violence"]["severity"] == "safe"
        assert told["choices"][0]["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}
        assert "moderation" not in answer.model_dump(exclude_none=True)
        assert json.loads(model.payloads[0])["model"] == "my-gpt"
        marked: list[Any] = [{"role": "user", "content": MARKED}]
        with pytest.raises(openai.BadRequestError) as caught:
            await azure.chat.completions.create(model="my-gpt", messages=marked)
        assert caught.value.code == "content_filter"
        assert caught.value.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"  # type: ignore[index]
        stream = await azure.chat.completions.create(model="my-gpt", messages=question, stream=True)
        chunks = [chunk.model_dump() async for chunk in stream]
    assert chunks[0]["choices"] == []
    assert chunks[0]["prompt_filter_results"][0]["content_filter_results"]["jailbreak"]["detected"] is False
    noted = [c for chunk in chunks for c in chunk["choices"] if "content_filter_results" in c]
    assert [choice["content_filter_results"]["sexual"]["severity"] for choice in noted] == ["safe"]


async def test_the_path_of_a_deployment_names_the_model_whatever_the_body_says(tmp_path: Path) -> None:
    model = Recording()
    async with client(build(settings(tmp_path), upstream=model)) as house:
        bare = {name: value for name, value in chat("hello").items() if name != "model"}
        for body in (bare, chat("hello")):
            assert (await house.post(DEPLOYED, json=body)).status_code == 200
        assert (await house.post(DEPLOYED, json=chat(MARKED))).headers["x-gatehouse-action"] == "block"
        assert (await house.post("/openai/v1/chat/completions", json=chat("hello"))).status_code == 200
        odd = await house.post("/openai/deployments/a/b/chat/completions", json=bare)
        assert odd.status_code == 404
    assert [json.loads(payload)["model"] for payload in model.payloads] == ["my-gpt", "my-gpt", "m"]


@pytest.mark.parametrize(("profile", "provider"), [("openai", "openai"), ("azure", "azure")])
async def test_litellm_knows_a_block_as_a_violation_of_the_content_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, provider: str
) -> None:
    """With `block_style: error`, which is what these clients expect; for Azure by default."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    monkeypatch.setenv("LITELLM_MODE", "PRODUCTION")
    litellm = importlib.import_module("litellm")
    mapping = importlib.import_module("litellm.litellm_core_utils.exception_mapping_utils")
    made = settings(tmp_path)
    rule(made, AZURE if profile == "azure" else f"{POLICY}block_style: error\n")
    async with client(build(made, upstream=ScriptedUpstream())) as house:
        plain = openai.AsyncOpenAI(api_key="k", base_url="http://house/v1", http_client=house, max_retries=0)
        with pytest.raises(openai.BadRequestError) as caught:
            await plain.chat.completions.create(model="m", messages=[{"role": "user", "content": MARKED}])
    with pytest.raises(litellm.ContentPolicyViolationError):
        mapping.exception_type(model="m", original_exception=caught.value, custom_llm_provider=provider)


async def test_a_session_of_the_responses_api_goes_on_after_a_block_too(tmp_path: Path) -> None:
    model = Recording()
    items: list[dict[str, str]] = [{"role": "user", "content": MARKED}]
    async with client(build(settings(tmp_path), upstream=model)) as house:
        blocked = await house.post("/v1/responses", json={"model": "m", "input": items})
        said_back = blocked.json()["output"][0]["content"][0]["text"]
        items += [{"role": "assistant", "content": said_back}, {"role": "user", "content": "hello"}]
        later = await house.post("/v1/responses", json={"model": "m", "input": items})
    assert (blocked.headers["x-gatehouse-action"], later.headers["x-gatehouse-action"]) == ("block", "allow")
    assert b"GHMARK7" not in model.payloads[0]


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
    assert 'gatehouse_uncovered_parts_total{kind="image",side="input"} 2.0' in page


async def test_the_preference_journal_is_written_for_consenting_tenants_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "own" / "pairs.jsonl"
    chosen = settings(tmp_path, **{"preferences.path": path, "preferences.consent": ["default"]})
    async with client(build(chosen, upstream=ScriptedUpstream())) as house:
        answer = await house.post("/v1/chat/completions", json=chat("hello"))
        told = {"decision_id": answer.headers["x-gatehouse-request-id"], "kind": "thumbs_up", "comment": "ok"}
        assert (await house.post("/v1/feedback", json=told)).status_code < 300
    (row,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert (row["kind"], row["feedback"], row["id"]) == ("feedback", "thumbs_up", told["decision_id"])


def test_without_a_file_there_is_no_journal(tmp_path: Path) -> None:
    app = build(settings(tmp_path, **{"preferences.consent": ["default"]}), upstream=ScriptedUpstream())
    assert app.corridor.pairs is None


def test_a_tenant_consents_in_the_settings_or_in_the_file_of_tenants(tmp_path: Path) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text("tenants:\n  acme: {consent: {preferences: true}}\n  blue: {}\n")
    chosen = {
        "preferences.path": tmp_path / "pairs.jsonl",
        "preferences.consent": ["default"],
        "tenants.file": file,
    }
    pairs = build(settings(tmp_path, **chosen), upstream=ScriptedUpstream()).pairs
    assert pairs is not None
    consenting = [name for name in ("default", "acme", "blue") if pairs._consented(name)]
    assert consenting == ["default", "acme"]
