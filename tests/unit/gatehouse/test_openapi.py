"""The OpenAPI document of Gatehouse's own routes: whole, fresh, and true."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from gatehouse import openapi
from proxy.app import build
from proxy.settings import Settings
from proxy.surfaces.decision_id import DecisionIds
from tests.kits.surface_kit import Caller

OPENAIS = ("/chat/", "/completions", "/responses", "/moderations", "/embeddings", "/audio", "/images")
"""Beginnings of routes that stand in for OpenAI's, which describes them."""


def test_the_written_document_is_fresh(repository: Path) -> None:
    written = repository / "docs" / "reference" / "openapi.json"
    assert written.read_text(encoding="utf-8") == openapi.text(), "stale: make docs-reference"


def test_every_route_of_our_own_is_described(tmp_path: Path) -> None:
    app = build(Settings.model_validate({"ledger": {"path": tmp_path / "ledger.jsonl"}}))
    own = {path for path in app.routes if not path.startswith(OPENAIS)}
    described = {path.removeprefix("/v1") for path in openapi.document()["paths"]}
    described |= {path.removeprefix("/agentgateway") for path in described}
    assert {path for path in own if "messages" not in path} <= described


ASKED = {
    "/v1/feedback": {"decision_id": DecisionIds()(), "kind": "thumbs_up"},
    "/v1/guard/check": {"input": "Why does bread rise?"},
    "/v1/beta/litellm_basic_guardrail_api": {"input_type": "request", "texts": ["Why does bread rise?"]},
    "/agentgateway/request": {"body": {"messages": [{"role": "user", "content": "Why?"}]}},
    "/agentgateway/response": {"body": {"choices": [{"message": {"role": "assistant", "content": "Gas."}}]}},
}


@pytest.mark.parametrize("path", ASKED)
async def test_requests_and_answers_are_as_described(path: str, tmp_path: Path) -> None:
    document = openapi.document()
    described = document["paths"][path]["post"]
    request = described["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(ASKED[path], {**document, **request})
    app = build(Settings.model_validate({"ledger": {"path": tmp_path / "ledger.jsonl"}}))
    for body in (ASKED[path], {"kind": 1}):
        answer = await Caller(app).post(path, body)
        shape = described["responses"][str(answer.status)]["content"]["application/json"]["schema"]
        jsonschema.validate(json.loads(answer.body), {**document, **shape})


async def test_health_is_as_described(tmp_path: Path) -> None:
    document = openapi.document()
    app = build(Settings.model_validate({"ledger": {"path": tmp_path / "ledger.jsonl"}}))
    for path in ("/", "/livez", "/readyz"):
        answer = await Caller(app).call("GET", path)
        shape = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**document, **shape})
