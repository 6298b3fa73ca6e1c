"""Digest keys: shared where replicas share a seal, fresh where nothing is shared."""

from __future__ import annotations

from proxy.keys import digest_key, end_user_key
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
