"""Bundles."""

from __future__ import annotations

from dataclasses import replace

from policies.loader import load_bundle


def test_a_bundle_holds_what_its_policy_names() -> None:
    """Constitution and replies come along under the names that the policy gives."""
    bundle = load_bundle("default")
    assert (bundle.policy.constitution, bundle.constitution.name) == ("default", "default")
    assert (bundle.policy.replies, bundle.replies.name) == ("default", "default")


def test_a_bundle_speaks_the_languages_of_its_replies_and_of_its_clauses() -> None:
    bundle = load_bundle("default")
    clause = replace(bundle.constitution.principles[0], canned=(("nl", "Nee."),))
    dutch = replace(bundle, constitution=replace(bundle.constitution, principles=(clause,)))
    assert set(dutch.languages) == {*bundle.replies.texts, "nl"}


def test_without_its_constitution_a_bundle_rules_alike_and_leads_nobody() -> None:
    """For requests that no text can be put before: nothing is sent, nothing can be cited in a review."""
    bundle = load_bundle("default")
    bare = bundle.without_constitution()
    assert (bare.policy, bare.replies) == (bundle.policy, bundle.replies)
    assert (bare.constitution.text, bare.constitution.tokens, bare.constitution.principles) == ("", 0, ())
