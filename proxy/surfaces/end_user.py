"""Who stands behind a client: the identifier a request brings, as a keyed digest.

Requests name their end user in `safety_identifier`, `user` (the older name) or `metadata.user_id` (messages).
An operator can count by the digest, in records only, and nobody can tell from it who it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from proxy.ledger.redact import keyed_digest

IdentifierMode = Literal["relay", "hash"]
_NAMES = ("safety_identifier", "user")
_PLACES = frozenset({*_NAMES, "metadata"})


@dataclass(frozen=True, slots=True)
class EndUsers:
    """`key`: of the digests, so that they cannot be guessed. `mode` `hash`: digests go upstream instead."""

    key: bytes
    mode: IdentifierMode = "relay"

    def digest(self, body: Mapping[str, Any]) -> str:
        """Hex digest of the request's end user, `""` where it names none."""
        if _PLACES.isdisjoint(body):
            return ""
        metadata = body.get("metadata")
        below = metadata.get("user_id") if type(metadata) is dict else None
        named = next((n for n in (*map(body.get, _NAMES), below) if type(n) is str and n), "")
        return self._hashed(named) if named else ""

    def onward(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """The body with digests in place of identifiers, None where it goes on as it is."""
        if self.mode == "relay":
            return None
        changed: dict[str, Any] = {
            name: self._hashed(body[name]) for name in _NAMES if type(body.get(name)) is str
        }
        metadata = body.get("metadata")
        if type(metadata) is dict and type(metadata.get("user_id")) is str:
            changed["metadata"] = {**metadata, "user_id": self._hashed(metadata["user_id"])}
        return {**body, **changed} if changed else None

    def _hashed(self, name: str) -> str:
        return keyed_digest(f"end user\0{name}", self.key)
