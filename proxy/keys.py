"""Keys of digests: what is remembered of texts and people is keyed, so that nobody can look a digest up."""

from __future__ import annotations

import secrets

from proxy.settings import Settings


def digest_key(settings: Settings) -> bytes:
    """Key of all digests: shared by replicas where `redis.seal_key` is set, else a fresh one."""
    seal = settings.redis.seal_key
    return seal.get_secret_value().encode() if seal is not None else secrets.token_bytes(32)


def end_user_key(settings: Settings) -> bytes:
    """The ledger's key where there is one, so that digests of end users stay the same over restarts."""
    key = settings.ledger.key
    return key.get_secret_value().encode() if key is not None else digest_key(settings)
