"""Digests address content: equal content, equal digest, whatever was derived from it."""

from __future__ import annotations

from dataclasses import replace

from policies.digest import addressed, digest_of, short
from policies.loader import load_bundle
from policies.rules import resolve


def test_the_order_of_keys_does_not_count() -> None:
    assert digest_of({"a": 1, "b": "é"}) == digest_of({"b": "é", "a": 1})


def test_what_is_derived_does_not_count_and_what_is_written_does() -> None:
    policy = load_bundle("default").policy
    points = {
        each: {"flag": 0.3, "block": 0.5} for rule in policy.rules for each in (*rule.labels, *rule.also)
    }
    points |= {label: {"flag": 0.3, "block": 0.5} for label in policy.benign_below}
    classifiers = {rule.classifier: points for rule in policy.rules}
    resolved = resolve(policy, classifiers)
    assert addressed(replace(resolved, benign_below=policy.benign_below)).digest == policy.digest
    assert addressed(replace(policy, version="9")).digest != policy.digest


def test_a_short_digest_still_says_what_it_is() -> None:
    assert short(digest_of({})) == digest_of({})[: len("sha256:") + 12]
