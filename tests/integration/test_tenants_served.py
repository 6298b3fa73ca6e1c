"""Tenants through the whole service: keys, upstream keys, refusals in each API's shape, lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.app import build
from proxy.settings import load_settings
from proxy.upstreams.http_upstream import HttpUpstream
from tests.kits.marked_house import MarkedHouse, http_answer
from tests.kits.surface_kit import Answer, Caller
from tests.kits.tenant_kit import KEYS, bearer, written

TENANTS = """
tenants:
  acme:
    keys: {web: "{acme}"}
    constitution: support-desk
    upstream: {key: "file:KEYFILE"}
    models: [m, gpt-*]
    routes: [chat_completions, responses]
    limits: {per_minute: 4}
  blue: {keys: {web: "{blue}"}}
"""
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
OK = http_answer(b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}')


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MarkedHouse]:
    secret = tmp_path / "upstream.key"
    secret.write_text("sk-of-acme-upstream")
    made = MarkedHouse(tmp_path)
    made.app.ledger._sinks[0].close()
    upstream = HttpUpstream("http://upstream.test/v1", "sk-of-the-house")
    upstream.pool = made.pool  # type: ignore[assignment]
    chosen: dict[str, Any] = {
        "policy": str(tmp_path / "policy.yaml"),
        "models": dict(made.app.settings.models),
        "ledger.path": tmp_path / "tenants.jsonl",
        "log.access": 0,
        "tenants.file": written(tmp_path, TENANTS.replace("KEYFILE", str(secret))),
        "tenants.required": True,
    }
    made.begin(build(load_settings(chosen, None, {}), upstream=upstream))
    made.answer = lambda _: [OK]
    with made:
        yield made


def ask(house: MarkedHouse, who: str, path: str = "/v1/chat/completions", **changes: Any) -> Answer:
    house.pool.heard.clear()
    headers = bearer(who) if who else {}
    return house.run(Caller(house.app).post(path, {**CHAT, **changes}, headers))


def test_the_tenant_s_upstream_key_goes_up_in_place_of_its_virtual_key(house: MarkedHouse) -> None:
    for who, key in (("acme", b"sk-of-acme-upstream"), ("blue", b"sk-of-the-house")):
        answer = ask(house, who)
        assert answer.status == 200
        (sent,) = house.pool.heard
        assert b"authorization: Bearer " + key + b"\r\n" in sent
        assert KEYS[who].encode() not in sent
    assert answer.header(
        "x-gatehouse-constitution",
    ).startswith("default@")  # type: ignore[union-attr]


def test_a_reply_says_which_constitution_answered_and_the_model_got_that_one(house: MarkedHouse) -> None:
    answer = ask(house, "acme")
    assert (answer.header("x-gatehouse-constitution") or "").startswith("support-desk@")
    assert b"one company's customers" in house.bodies()[0]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/guard/check", "/v1/feedback"])
def test_who_has_no_key_is_refused_before_the_body_is_read(house: MarkedHouse, path: str) -> None:
    caller = Caller(house.app)
    answer = house.run(caller.post(path, CHAT, {"authorization": "Bearer sk-proj-somebody"}))
    assert answer.status == 401
    assert answer.error()["code"] == "invalid_api_key"
    assert caller.read == 0
    assert house.pool.heard == []
    assert b"sk-proj" not in answer.body


@pytest.mark.parametrize(
    ("path", "model", "code"),
    [
        ("/v1/chat/completions", "llama", "model_not_allowed"),
        ("/openai/deployments/llama/chat/completions", "m", "model_not_allowed"),
        ("/v1/embeddings", "m", "route_not_allowed"),
    ],
)
def test_what_is_not_on_a_tenant_s_list_is_refused(
    house: MarkedHouse, path: str, model: str, code: str
) -> None:
    """Also where the path names the model and the body another one."""
    answer = ask(house, "acme", path, model=model)
    assert (answer.status, answer.error()["code"]) == (403, code)
    assert house.pool.heard == []


def test_models_are_listed_as_the_tenant_may_ask_them(house: MarkedHouse) -> None:
    listed = {"object": "list", "data": [{"id": name} for name in ("m", "gpt-5", "llama")]}
    house.answer = lambda _: [http_answer(json.dumps(listed).encode())]
    for who, names in (("acme", ["m", "gpt-5"]), ("blue", ["m", "gpt-5", "llama"])):
        rows = list(bearer(who).items())
        answer = house.run(Caller(house.app).call("GET", "/v1/models", rows))
        assert [entry["id"] for entry in answer.json()["data"]] == names
        assert KEYS[who].encode() not in house.pool.heard[-1]
    assert house.run(Caller(house.app).call("GET", "/v1/models")).status == 401


def test_a_tenant_s_limit_is_its_own_and_nothing_of_a_key_is_written_down(
    house: MarkedHouse, tmp_path: Path
) -> None:
    assert [ask(house, "acme").status for _ in range(5)] == [200] * 4 + [429]
    assert ask(house, "blue").status == 200
    house.run(house.app.ledger.flushed())
    told = (tmp_path / "tenants.jsonl").read_text() + house.app.metrics.exposition()[0].decode()
    assert '"tenant":"acme"' in told
    for key in (*KEYS.values(), "sk-of-acme-upstream", "sk-of-the-house"):
        assert key not in told
