"""Placement: which policy applies to a request, who said so, and what was kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatehouse.placement import PlacementError, place, render
from policies.lattice import NOTHING, Says
from proxy.keys import key_digest
from proxy.tenants.snapshot import Snapshot
from tests.kits.tenant_kit import KEYS, snapshot_of

TWO = """
    by_model: {"small-*": {policy: strict}}
    tenants:
      acme:
        policy: monitor
        keys: {web: {digest: "{acme}", constitution: support-desk}}
        models: [gpt-*]
        selectable: {policies: [strict]}
        candidate: strict
      blue: {by_route: {embeddings: {policy: strict}}}
"""


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return snapshot_of(tmp_path, TWO)


@pytest.mark.parametrize("key", [KEYS["acme"], key_digest(KEYS["acme"]), "acme/web"])
def test_a_key_is_known_by_itself_its_digest_and_its_name(snapshot: Snapshot, key: str) -> None:
    found = place(snapshot, key=key, model="gpt-5", route="responses", wish=NOTHING)
    assert (found.tenant, found.key, found.allowed) == ("acme", "web", True)
    shown = render(found)
    assert "Policy monitor" in shown
    assert "named by tenant acme" in shown
    assert "Constitution support-desk" in shown
    assert "named by key web" in shown
    assert "Candidate strict" in shown
    assert KEYS["acme"] not in shown


def test_what_the_platform_holds_is_told_rule_by_rule(snapshot: Snapshot) -> None:
    found = place(snapshot, tenant="acme", wish=NOTHING)
    assert found.applied.floor == "default"
    told = found.as_json()
    assert told["held"]
    assert all(each.startswith("default.") for each in told["held"])
    assert "It keeps the hard rules of default: default." in render(found)


def test_every_place_that_spoke_is_told_widest_first(snapshot: Snapshot) -> None:
    found = place(snapshot, tenant="acme", model="small-1", wish=Says("strict"))
    told = [(each["place"], each["of"], each["policy"]) for each in found.as_json()["why"]]
    assert told == [
        ("platform", "", "default"),
        ("model", "small-*", "strict"),
        ("tenant", "acme", "monitor"),
        ("header", "", "strict"),
    ]
    assert not found.allowed
    assert "403" in render(found)


def test_a_wish_in_vain_is_told(snapshot: Snapshot) -> None:
    found = place(snapshot, tenant="blue", route="embeddings", wish=Says("monitor"))
    assert (found.applied.policy, found.applied.refused) == ("strict", "policy")
    assert "400" in render(found)


@pytest.mark.parametrize(
    ("name", "ordinary", "flagged", "checks"),
    [
        ("default", "live", "buffered", "held"),
        ("strict", "buffered", "buffered", "all"),
        ("monitor", "observe", "observe", "none"),
    ],
)
def test_it_is_told_how_streams_are_delivered_and_which_answers_fixed_checks_see(
    tmp_path: Path, name: str, ordinary: str, flagged: str, checks: str
) -> None:
    """A live stream has left before a check could see it, and nobody should have to find that out."""
    found = place(snapshot_of(tmp_path, "tenants: {}", policy=name), wish=NOTHING)
    told = found.as_json()
    assert (told["streams"], told["fixed_checks"]) == ({"ordinary": ordinary, "flagged": flagged}, checks)
    shown = render(found)
    assert f"Streams are delivered {ordinary}" in shown
    assert ("after a flagged request buffered" in shown) is (name == "default")
    assert ("review.evidence: always" in shown) is (checks == "held")


@pytest.mark.parametrize("asked", [{"key": "sk-gh-nobody"}, {"tenant": "nobody"}])
def test_an_unknown_key_is_an_error_that_does_not_repeat_it(
    snapshot: Snapshot, asked: dict[str, str]
) -> None:
    with pytest.raises(PlacementError) as caught:
        place(snapshot, wish=NOTHING, **asked)
    assert "sk-gh-nobody" not in str(caught.value)
    assert "acme" in str(caught.value)


def test_an_unknown_route_is_told_with_the_routes_there_are(snapshot: Snapshot) -> None:
    with pytest.raises(PlacementError, match=r"no route 'chat'; there are: .*chat_completions"):
        place(snapshot, route="chat", wish=NOTHING)
