"""A visit: whose request it is, told by a digest of its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import BadRequest, Unauthorised
from proxy.tenants.visit import CONSTITUTION_HEADER, POLICY_HEADER, Tenants
from tests.kits.tenant_kit import KEYS, bearer, tenants_of

TWO = """
    tenants:
      acme:
        keys: {web: "{acme}", batch: {digest: "{acme2}", policy: strict}}
        selectable: {constitutions: [none]}
        upstream: {url: "http://127.0.0.1:9/v1", key: "${ACME}"}
      blue: {keys: {web: "{blue}"}, policy: strict}
"""
ENVIRON = {"ACME": "sk-the-upstreams"}


@pytest.fixture
def tenants(tmp_path: Path) -> Tenants:
    return tenants_of(tmp_path, TWO, ENVIRON, selectable_policies=["strict"])


def test_a_key_tells_the_tenant_and_may_have_a_policy_of_its_own(tenants: Tenants) -> None:
    named = {}
    for name in KEYS:
        visit = tenants.greet(bearer(name))
        named[name] = (visit.tenant, visit.bundle("chat_completions", "m").policy.name)
    assert named == {"acme": ("acme", "default"), "acme2": ("acme", "strict"), "blue": ("blue", "strict")}


def test_a_virtual_key_stays_in_the_house_and_the_tenant_s_own_goes_on(tenants: Tenants) -> None:
    visit = tenants.greet({**bearer("acme"), "accept": "*/*"})
    assert dict(visit.headers) == {"accept": "*/*"}
    assert (visit.onward.url, visit.onward.key) == ("http://127.0.0.1:9/v1", "sk-the-upstreams")
    assert KEYS["acme"] not in repr(visit)
    assert "sk-the-upstreams" not in repr(visit)


def test_who_shows_no_key_is_the_default_tenant_and_keeps_its_own_key(tenants: Tenants) -> None:
    """Its Authorization may be the upstream's, which is relayed."""
    visit = tenants.greet({"authorization": "Bearer sk-proj-somebody"})
    assert visit.tenant == "default"
    assert visit.headers["authorization"] == "Bearer sk-proj-somebody"
    assert tenants.greet({}).tenant == "default"


def test_a_key_that_looks_like_ours_and_is_not_goes_nowhere(tenants: Tenants) -> None:
    """A revoked key must not be relayed to an upstream."""
    with pytest.raises(Unauthorised) as caught:
        tenants.greet({"authorization": "Bearer sk-gh-revoked"})
    assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
    assert "revoked" not in caught.value.message


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer sk-proj-somebody"}, {"authorization": "Basic eA=="}]
)
def test_where_tenants_are_required_others_are_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    tenants = tenants_of(tmp_path, TWO, ENVIRON, **{"tenants.required": True})
    with pytest.raises(Unauthorised):
        tenants.greet(headers)
    assert tenants.greet(bearer("blue")).tenant == "blue"


@pytest.mark.parametrize("name", ["strict", "default", " strict "])
def test_listed_policies_may_be_chosen_by_who_shows_no_key(tenants: Tenants, name: str) -> None:
    """A policy on the list, or the default by its name, rules where it is asked for."""
    visit = tenants.greet({POLICY_HEADER: name})
    assert visit.bundle("chat_completions", "m").policy.name == name.strip()


@pytest.mark.parametrize("name", ["monitor", "", "../strict", "STRICT"])
def test_any_other_policy_is_refused_and_not_ignored(tenants: Tenants, name: str) -> None:
    """Whoever asks for a policy gets it or an error; the error does not repeat the name."""
    with pytest.raises(BadRequest) as caught:
        tenants.greet({POLICY_HEADER: name}).bundle("chat_completions", "m")
    assert caught.value.code == "policy_not_selectable"
    assert not name or name not in caught.value.message


def test_a_tenant_s_clients_choose_from_its_own_list(tenants: Tenants) -> None:
    """The platform's list is for who shows no key."""
    asked = {**bearer("acme"), CONSTITUTION_HEADER: "none"}
    assert tenants.greet(asked).bundle("chat_completions", "m").constitution.name == "none"
    with pytest.raises(BadRequest):
        tenants.greet({**bearer("acme"), POLICY_HEADER: "strict"}).bundle("chat_completions", "m")


def test_embeddings_may_have_a_policy_of_their_own(tmp_path: Path) -> None:
    """It rules where the client asks for none; whoever asks for a policy gets that one."""
    more = {"selectable_policies": ["strict"], "embeddings_policy": "monitor"}
    own = tenants_of(tmp_path, "{}", **more)
    assert own.greet({}).bundle("embeddings", "m").policy.name == "monitor"
    assert own.greet({}).bundle("chat_completions", "m").policy.name == "default"
    assert own.greet({POLICY_HEADER: "strict"}).bundle("embeddings", "m").policy.name == "strict"


def test_a_visit_keeps_the_snapshot_that_it_met(tenants: Tenants, tmp_path: Path) -> None:
    visit = tenants.greet(bearer("blue"))
    tenants.snapshot = tenants_of(tmp_path, "{}", policy="monitor").snapshot
    assert visit.bundle("chat_completions", "m").policy.name == "strict"
    assert tenants.greet({}).bundle("chat_completions", "m").policy.name == "monitor"


def test_a_virtual_key_stays_here_in_whichever_header_it_stands(tenants: Tenants) -> None:
    visit = tenants.greet({"x-api-key": KEYS["acme"], "accept": "*/*"})
    assert visit.tenant == "acme"
    assert visit.headers == {"accept": "*/*"}


def test_a_virtual_key_beside_another_key_is_found_and_neither_goes_on(tenants: Tenants) -> None:
    visit = tenants.greet({"authorization": "Bearer sk-proj-somebody", "x-api-key": KEYS["acme"]})
    assert (visit.tenant, visit.headers) == ("acme", {})


def test_clients_with_other_credentials_are_told_apart(tenants: Tenants) -> None:
    clients = {tenants.greet({"authorization": f"Basic {each}"}).client for each in ("eA==", "eQ==")}
    assert len(clients) == 2
