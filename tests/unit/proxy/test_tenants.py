"""Tenants: the policy that rules a request."""

from __future__ import annotations

import pytest

from policies.loader import load_bundle
from proxy.errors import BadRequest
from proxy.tenants import POLICY_HEADER, Tenants, make_tenants


@pytest.fixture(scope="module")
def tenants() -> Tenants:
    return make_tenants(load_bundle("default"), {"strict": load_bundle("strict")})


def test_nobody_has_to_choose(tenants: Tenants) -> None:
    """Without the header the default policy rules."""
    found = tenants.resolve({})
    assert (found.name, found.bundle.policy.name) == ("default", "default")


@pytest.mark.parametrize("name", ["strict", "default", " strict "])
def test_listed_policies_may_be_chosen(tenants: Tenants, name: str) -> None:
    """A policy on the list, or the default by its name, rules where it is asked for."""
    assert tenants.resolve({POLICY_HEADER: name}).bundle.policy.name == name.strip()


@pytest.mark.parametrize("name", ["monitor", "", "../strict", "STRICT"])
def test_any_other_policy_is_refused_and_not_ignored(tenants: Tenants, name: str) -> None:
    """Whoever asks for a policy gets it or an error; the error does not repeat the name."""
    with pytest.raises(BadRequest) as caught:
        tenants.resolve({POLICY_HEADER: name})
    assert caught.value.code == "policy_not_selectable"
    assert not name or name not in caught.value.message


def test_every_serving_policy_is_listed_once_with_the_default_first(tenants: Tenants) -> None:
    """Metrics and checks see all policies that may rule."""
    assert [bundle.policy.name for bundle in tenants.bundles()] == ["default", "strict"]


def test_embeddings_may_have_a_policy_of_their_own(tenants: Tenants) -> None:
    """It rules where the client asks for none; whoever asks for a policy gets that one."""
    own = make_tenants(tenants.default.bundle, {"strict": load_bundle("strict")}, load_bundle("monitor"))
    assert own.resolve({}, embeds=True).bundle.policy.name == "monitor"
    assert own.resolve({}).bundle.policy.name == "default"
    assert own.resolve({POLICY_HEADER: "strict"}, embeds=True).bundle.policy.name == "strict"
    assert tenants.resolve({}, embeds=True).bundle.policy.name == "default"
    assert [bundle.policy.name for bundle in own.bundles()] == ["default", "strict", "monitor"]
