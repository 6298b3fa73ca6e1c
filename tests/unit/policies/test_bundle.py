"""Bundles."""

from __future__ import annotations

from policies.loader import load_bundle


def test_a_bundle_holds_what_its_policy_names() -> None:
    """Constitution and replies come along under the names that the policy gives."""
    bundle = load_bundle("default")
    assert (bundle.policy.constitution, bundle.constitution.name) == ("default", "default")
    assert (bundle.policy.replies, bundle.replies.name) == ("default", "default")
