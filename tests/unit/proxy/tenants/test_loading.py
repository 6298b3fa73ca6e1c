"""Loading a snapshot: all or nothing, every problem at once, one digest for all of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policies.loader import SHIPPED
from policies.policy import PolicyError
from tests.kits.tenant_kit import snapshot_of


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    text = """
        tenants:
          a: {policy: nowhere, constitution: lost, upstream: {key: "${UNSET}"}}
          b: {candidate: missing, by_route: {embeddings: {policy: gone}}}
    """
    with pytest.raises(PolicyError) as caught:
        snapshot_of(tmp_path, text)
    found = "\n".join(caught.value.problems)
    for word in ("nowhere", "lost", "UNSET", "missing", "gone"):
        assert word in found, word


def test_an_upstream_s_key_comes_from_where_the_file_points(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("sk-from-a-file\n")
    text = f"""
        upstreams: {{eu: {{url: "http://127.0.0.1:9/v1", key: "file:{secret}"}}}}
        tenants: {{a: {{upstream: eu}}, b: {{upstream: {{key: "${{B}}"}}}}, c: {{}}}}
    """
    tenants = snapshot_of(tmp_path, text, {"B": "sk-from-outside"}).tenants
    reached = {name: (each.onward.url, each.onward.key) for name, each in tenants.items()}
    assert reached["a"] == ("http://127.0.0.1:9/v1", "sk-from-a-file")
    assert reached["b"] == ("", "sk-from-outside")
    assert reached["c"] == reached["default"] == ("", None)


def test_consent_is_given_by_a_tenant_and_by_default_by_nobody(tmp_path: Path) -> None:
    tenants = snapshot_of(tmp_path, "tenants: {a: {consent: {preferences: true}}, b: {}}").tenants
    assert {name for name, each in tenants.items() if each.consents} == {"a"}


def test_the_digest_is_that_of_everything_that_was_read(tmp_path: Path) -> None:
    library = tmp_path / "own"
    for kind in ("policies", "constitutions", "replies"):
        shutil.copytree(SHIPPED / kind, library / kind)
    text = "tenants: {a: {policy: strict, constitution: support-desk}}"

    def digest(said: str = text) -> str:
        return snapshot_of(tmp_path, said, policies_dir=library).digest

    seen = [digest()]
    assert digest() == seen[0]
    for file in ("policies/strict.yaml", "constitutions/support-desk.yaml"):
        path = library / file
        path.write_text(path.read_text().replace('version: "', 'version: "9', 1))
        seen.append(digest())
    replies = library / "replies/default.yaml"
    replies.write_text(replies.read_text().replace("closing: ", "closing: Well. ", 1))
    seen.append(digest())
    seen.append(digest(text.replace("}}", ", consent: {preferences: true}}}")))
    assert len(set(seen)) == len(seen)
