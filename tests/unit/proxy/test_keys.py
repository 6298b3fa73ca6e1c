"""Digest keys: shared where replicas share a seal, fresh where nothing is shared."""

from __future__ import annotations

import pytest

from proxy.keys import (
    DIGEST,
    LEAST_KEY_CHARACTERS,
    digest_key,
    end_user_key,
    key_digest,
    new_key,
    presented_keys,
)
from proxy.ledger.redact import scrub
from proxy.settings import load_settings

SEAL = {"redis.seal_key": "a seal that replicas share, 32 b."}
LEDGER = {"ledger.key": "the key of the ledger, 32 bytes."}


def test_without_a_seal_every_start_has_another_key() -> None:
    settings = load_settings({}, None, {})
    assert digest_key(settings) != digest_key(settings)
    assert len(digest_key(settings)) == 32


def test_replicas_with_one_seal_have_one_key() -> None:
    assert digest_key(load_settings(SEAL, None, {})) == digest_key(load_settings(SEAL, None, {}))


def test_end_users_are_told_by_the_ledgers_key_over_restarts() -> None:
    assert end_user_key(load_settings(LEDGER, None, {})) == end_user_key(load_settings(LEDGER, None, {}))
    assert end_user_key(load_settings(LEDGER | SEAL, None, {})) != digest_key(load_settings(SEAL, None, {}))


def test_without_a_ledger_key_end_users_are_told_by_the_seal() -> None:
    settings = load_settings(SEAL, None, {})
    assert end_user_key(settings) == digest_key(settings)


def test_a_new_key_is_long_has_no_twin_and_is_masked_wherever_it_is_printed() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= LEAST_KEY_CHARACTERS
    key = keys.pop()
    assert key not in scrub(f"failed with {key}.")


def test_a_digest_says_nothing_but_which_key_it_is() -> None:
    key = new_key()
    assert DIGEST.fullmatch(key_digest(key))
    assert key_digest(key) == key_digest(key) != key_digest(key + "x")


@pytest.mark.parametrize(
    ("header", "key"),
    [("Bearer k", "k"), ("bearer  k ", "k"), ("Basic k", ""), ("k", ""), ("", "")],
)
def test_a_key_is_what_stands_behind_bearer(header: str, key: str) -> None:
    assert presented_keys({"authorization": header}) == ((key,) if key else ())
    assert presented_keys({}) == ()


def test_a_key_may_stand_in_either_header_or_in_both() -> None:
    assert presented_keys({"x-api-key": " one "}) == ("one",)
    assert presented_keys({"authorization": "Bearer two", "x-api-key": "one"}) == ("two", "one")
