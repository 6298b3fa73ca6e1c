"""A stored answer is ruled by the policy of the model that wrote it, whatever rules other requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifiers.testing import MARKER
from proxy.app import build
from proxy.settings import load_settings
from proxy.surfaces.named_events import event_frame
from proxy.upstreams.http_upstream import HttpUpstream
from tests.kits.marked_house import IN, OUT, POLICY, MarkedHouse, http_answer, sent_marker
from tests.kits.surface_kit import Answer, Caller
from tests.kits.tenant_kit import bearer, written
from tests.unit.proxy.surfaces.responses import wire

TENANTS = """
by_model: {{risky-1: {{policy: {strict}}}}}
tenants: {{acme: {{keys: {{web: "{{acme}}"}}, models: [m]}}}}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MarkedHouse]:
    made = MarkedHouse(tmp_path)
    made.app.ledger._sinks[0].close()
    for name, rules in (("strict", f"{IN}, {OUT}"), ("loose", IN)):
        text = POLICY.format(rules=rules, constitution="default", replies="default", more="")
        (tmp_path / f"{name}.yaml").write_text(text.replace("name: marked", f"name: {name}"))
    upstream = HttpUpstream("http://upstream.test/v1", "sk-of-the-house")
    upstream.pool = made.pool  # type: ignore[assignment]
    chosen = {
        "policy": str(tmp_path / "loose.yaml"),
        "models": dict(made.app.settings.models),
        "ledger.path": tmp_path / "fetched.jsonl",
        "log.access": 0,
        "tenants.file": written(tmp_path, TENANTS.format(strict=tmp_path / "strict.yaml")),
    }
    made.begin(build(load_settings(chosen, None, {}), upstream=upstream))
    with made:
        yield made


def fetch(house: MarkedHouse, model: str, query: str = "") -> Answer:
    said = wire.response(wire.message(f"so: {MARKER}"), model=model)
    raw, kind = json.dumps(said).encode(), "application/json"
    if query:
        events = [
            {"type": "response.created", "sequence_number": 0, "response": wire.begun(model=model)},
            {"type": "response.completed", "sequence_number": 1, "response": said},
        ]
        raw, kind = b"".join(map(event_frame, events)), "text/event-stream"
    house.answer = lambda _: [http_answer(raw, kind)]
    rows = list(bearer("acme").items())
    return house.run(Caller(house.app).call("GET", f"/v1/responses/resp_1{query}", rows, [b""]))


@pytest.mark.parametrize("query", ["", "?stream=true"])
@pytest.mark.parametrize(("model", "policy"), [("risky-1", "strict"), ("m", "loose")])
def test_the_policy_of_the_answer_s_model_rules_it(
    house: MarkedHouse, model: str, policy: str, query: str
) -> None:
    answer = fetch(house, model, query)
    assert bool(sent_marker(answer)) is (policy == "loose"), answer.body
    assert (answer.header("x-gatehouse-policy") or "").startswith(policy)
