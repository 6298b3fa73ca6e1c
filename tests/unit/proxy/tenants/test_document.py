"""The file of tenants: what it may say, and that it says no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.policy import PolicyError
from proxy.tenants.document import read_tenants
from tests.kits.tenant_kit import KEYS, written


def problems(folder: Path, text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        read_tenants(written(folder, text))
    return "\n".join(caught.value.problems)


def test_a_digest_alone_is_a_key(tmp_path: Path) -> None:
    found = read_tenants(written(tmp_path, 'tenants: {acme: {keys: {web: "{acme}"}}}'))
    assert found.tenants["acme"].keys["web"].per_minute == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tenants: {acme: {polcy: strict}}", "tenants.acme.polcy: unknown key"),
        ("tenants: {acme: {routes: [chat]}}", "is no route"),
        ("tenants: {acme: {by_route: {chat: {policy: strict}}}}", "is no route"),
        ("tenants: {acme: {upstream: eu}}", "no upstream 'eu'"),
        ("tenants: {acme: {upstream: {url: 'ftp://a'}}}", "http:// or https://"),
        ("tenants: {acme: {upstream: {url: 'http://u:p@a/v1'}}}", "credentials"),
        ("tenants: {acme: {limits: {per_minute: -1}}}", "limits.per_minute"),
        ('tenants: {default: {keys: {web: "{acme}"}}}', "who shows no key"),
        ('tenants: {a: {keys: {x: "{acme}"}}, b: {keys: {y: "{acme}"}}}', "the same key as tenants.a.keys.x"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    found = problems(tmp_path, text)
    assert said in found
    assert "tenants.yaml" in found


def test_keys_do_not_stand_in_the_file_and_are_not_repeated(tmp_path: Path) -> None:
    """Neither a client's nor an upstream's: a problem names the place, never the value."""
    key = KEYS["acme"]
    found = problems(tmp_path, f"tenants: {{a: {{keys: {{web: {key}}}, upstream: {{key: {key}}}}}}}")
    assert "tenants.a.upstream.key" in found.replace("upstream.UpstreamDocument", "upstream")
    assert key not in found
