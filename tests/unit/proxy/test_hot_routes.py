"""The list of guarded routes: what it names by default, and what a setting adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.app import Gatehouse, build
from proxy.settings import load_settings
from proxy.upstreams.scripted import ScriptedUpstream
from tests.kits.surface_kit import Caller


@pytest.fixture
def house(tmp_path: Path) -> Any:
    def made(**changes: object) -> Gatehouse:
        chosen = {"ledger.path": tmp_path / f"{len(changes)}.jsonl", "log.access": 0}
        return build(load_settings({**chosen, **changes}, None, {}), upstream=ScriptedUpstream(0))

    return made


def test_nothing_that_cannot_be_read_is_relayed_by_default(house: Any) -> None:
    assert not [path for path in house().routes if path.startswith(("/audio", "/images"))]


def test_a_named_family_adds_its_routes(house: Any) -> None:
    added = set(house(relay=["audio"]).routes) - set(house().routes)
    assert added == {"/audio/speech", "/audio/transcriptions", "/audio/translations"}


def test_embeddings_may_have_a_policy_of_their_own(house: Any) -> None:
    visit = house(embeddings_policy="monitor").tenants.greet({})
    assert visit.bundle("embeddings", "m").policy.name == "monitor"
    assert visit.bundle("chat_completions", "m").policy.name == "default"


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("POST", "/v1/messages/batches", 404, "not_found_error"),
        ("GET", "/messages/batches/b_1/results", 404, "not_found_error"),
        ("GET", "/v1/messages", 405, "invalid_request_error"),
        ("DELETE", "/v1/messages/count_tokens", 405, "invalid_request_error"),
    ],
)
async def test_where_messages_have_no_route_the_error_is_anthropic_s(
    house: Any, method: str, path: str, status: int, kind: str
) -> None:
    answer = await Caller(house().front).call(method, path)
    told = answer.json()
    assert (answer.status, told["type"], told["error"]["type"]) == (status, "error", kind)
    assert told["request_id"] == answer.header("request-id") == answer.header("x-request-id")
