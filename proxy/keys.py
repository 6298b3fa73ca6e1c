"""Keys: those of digests, and virtual keys that clients hold.

What is remembered of texts and people is keyed, so that nobody can look a digest up. A virtual key is kept
as a plain SHA-256: it has 256 bits of chance in it, so there is nothing to guess, a slow hash would only
slow down every request, and looking a digest up in a table tells a stranger nothing about the keys.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping

from proxy.settings import Settings

KEY_PREFIX = "sk-gh-"
"""Starts as OpenAI's keys do, so that clients take it and scanners of secrets find it."""
LEAST_KEY_CHARACTERS = 32
"""A key of somebody's own making needs so many: a short one could be guessed from its digest."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def new_key() -> str:
    """A fresh virtual key of 256 bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def key_digest(key: str) -> str:
    """What is kept of a virtual key: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


KEY_HEADERS = frozenset({"authorization", "x-api-key"})
"""Headers that a client's key may stand in; Azure's `api-key` is read as `authorization` before."""


def presented_keys(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The keys that a client sends (lower-case header names): of every header that one may stand in."""
    scheme, _, bearer = headers.get("authorization", "").strip().partition(" ")
    found = [bearer.strip()] if scheme.lower() == "bearer" else []
    if "x-api-key" in headers:
        found.append(headers["x-api-key"].strip())
    return tuple(filter(None, found))


def digest_key(settings: Settings) -> bytes:
    """Key of all digests: shared by replicas where `redis.seal_key` is set, else a fresh one."""
    seal = settings.redis.seal_key
    return seal.get_secret_value().encode() if seal is not None else secrets.token_bytes(32)


def end_user_key(settings: Settings) -> bytes:
    """The ledger's key where there is one, so that digests of end users stay the same over restarts."""
    key = settings.ledger.key
    return key.get_secret_value().encode() if key is not None else digest_key(settings)
