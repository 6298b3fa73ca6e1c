"""The snapshot: what rules a request, and what a tenant may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.lattice import Says
from proxy.errors import BadRequest, Forbidden
from proxy.tenants.snapshot import _COMBINATIONS_KEPT, Snapshot
from tests.kits.tenant_kit import snapshot_of

TWO = """
    tenants:
      acme:
        policy: strict
        models: [gpt-*]
        routes: [chat_completions]
        by_model: {gpt-5-mini: {policy: default}}
        selectable: {policies: [monitor], constitutions: [none]}
      blue: {constitution: support-desk, candidate: strict}
"""


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return snapshot_of(tmp_path, TWO)


def test_each_tenant_and_model_has_its_own_policy(snapshot: Snapshot) -> None:
    assert snapshot.bundle("default").policy.name == "default"
    assert snapshot.bundle("acme", model="gpt-5").policy.name == "strict"
    assert snapshot.bundle("acme", model="gpt-5-mini").policy.name == "default"


def test_a_constitution_is_chosen_apart_from_the_policy(snapshot: Snapshot) -> None:
    found = snapshot.bundle("blue")
    assert (found.policy.name, found.constitution.name) == ("default", "support-desk")
    wished = snapshot.bundle("acme", model="gpt-5", wish=Says(constitution="none"))
    assert (wished.policy.name, wished.constitution.name) == ("strict", "none")


def test_a_tenant_s_policy_keeps_the_platform_s_hard_rules(snapshot: Snapshot) -> None:
    """Its clients may choose the monitoring policy; what the platform blocks is blocked all the same."""
    found = snapshot.bundle("acme", model="gpt-5", wish=Says("monitor")).policy
    assert found.name == "monitor"
    held = {rule.id for rule in found.rules if rule.mode == "enforce"}
    assert held
    assert all(each.startswith("default.") for each in held)


def test_a_policy_that_the_platform_lets_loosen_is_left_as_it_is(tmp_path: Path) -> None:
    free = snapshot_of(tmp_path, "may_loosen: [monitor]\ntenants: {acme: {policy: monitor}}")
    assert free.bundle("acme").policy.name == "monitor"
    assert not [rule for rule in free.bundle("acme").policy.rules if rule.mode == "enforce"]


def test_what_the_platform_itself_names_needs_no_leave(tmp_path: Path) -> None:
    """A policy of the settings for a route, or for clients without a key, is served as it was written."""
    found = snapshot_of(tmp_path, "{}", embeddings_policy="monitor", selectable_policies=["monitor"])
    for bundle in (
        found.bundle("default", route="embeddings"),
        found.bundle("default", wish=Says("monitor")),
    ):
        assert not [rule for rule in bundle.policy.rules if rule.mode == "enforce"]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Says("strict"), "policy_not_selectable"),
        (Says(constitution="default"), "constitution_not_selectable"),
    ],
)
def test_a_wish_that_is_not_on_the_list_is_refused_without_repeating_it(
    snapshot: Snapshot, wish: Says, code: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        snapshot.bundle("acme", model="gpt-5", wish=wish)
    assert caught.value.code == code
    assert "strict" not in caught.value.message


def test_a_tenant_asks_listed_models_and_uses_listed_routes_only(snapshot: Snapshot) -> None:
    with pytest.raises(Forbidden) as caught:
        snapshot.bundle("acme", model="llama")
    assert caught.value.code == "model_not_allowed"
    with pytest.raises(Forbidden) as caught:
        snapshot.tenants["acme"].check_route("embeddings")
    assert caught.value.code == "route_not_allowed"
    snapshot.tenants["acme"].check_route("chat_completions")
    assert snapshot.bundle("blue", model="llama").policy.name == "default"


def test_a_candidate_is_judged_beside_another_policy_and_never_beside_itself(tmp_path: Path) -> None:
    candidate = snapshot_of(tmp_path, TWO).bundle("blue").candidate
    assert candidate is not None
    assert candidate.name == "strict"
    own = snapshot_of(tmp_path, "tenants: {blue: {policy: strict, candidate: strict}}")
    assert own.bundle("blue").candidate is None


def test_what_was_asked_before_is_the_same_value_and_strangers_cannot_fill_the_memory(
    snapshot: Snapshot,
) -> None:
    first = snapshot.bundle("default", model="m")
    assert snapshot.bundle("default", model="m") is first
    for number in range(_COMBINATIONS_KEPT + 10):
        snapshot.bundle("default", model=f"m{number}")
    assert len(snapshot._known) <= _COMBINATIONS_KEPT


def test_every_serving_policy_is_listed_once_with_the_default_first(snapshot: Snapshot) -> None:
    """Metrics see all policies that may rule or are judged."""
    found = [bundle.policy for bundle in snapshot.bundles()]
    assert found[0].name == "default"
    assert {policy.name for policy in found} == {"default", "monitor", "strict"}
    assert len({policy.digest for policy in found}) == len(found)
