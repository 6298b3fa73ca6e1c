"""Which headers cross the house, in either direction. Everything not listed here stays outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

# Hop-by-hop headers, Host, Content-Length, cookies and Gatehouse's own `x-gatehouse-*` are absent on
# purpose. `accept-encoding` is fixed by the adapter: bytes are relayed as they come.
_REQUEST = (
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "idempotency-key",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-client-request-id",
)
_OF_AN_ACCOUNT = frozenset({"openai-organization", "openai-project"})
"""What a key may spend on: for its holder to choose."""
_ANSWER = frozenset({"content-type", "retry-after", "retry-after-ms", "x-should-retry"})
_ANSWER_PREFIXES = ("anthropic-", "openai-", "x-ratelimit-")
ANTHROPIC_VERSION = "2023-06-01"
"""The version that is asked for where the client names none; Anthropic's servers refuse a call without."""


def for_upstream(
    headers: Mapping[str, str],
    credentials: Mapping[str, str],
    content_type: str = "application/json",
    *,
    tenant: str | None = None,
) -> dict[str, str]:
    """Headers of the call from the client's own (names in lower case), with those that say who asks.

    `tenant`: whose client asks with a key that is not its own. It does not choose what that key is spent on,
    and its idempotency keys are apart from those of other tenants.
    """
    kept = {"content-type": content_type, "accept-encoding": "identity"}
    for name in _REQUEST:
        value = headers.get(name)
        if value is not None and (tenant is None or name not in _OF_AN_ACCOUNT):
            kept[name] = value
    if tenant is not None and "idempotency-key" in kept:
        prefix = hashlib.blake2b(tenant.encode(), digest_size=8).hexdigest()
        kept["idempotency-key"] = f"{prefix}-{kept['idempotency-key']}"
    return {**kept, **credentials}


def for_client(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers of the answer that the client may see, names in lower case.

    The upstream's `x-request-id` is given twice: as itself, and as `x-upstream-request-id` for a
    surface that puts its own id in the first. Anthropic's `request-id` is given as the second.
    """
    kept: list[tuple[str, str]] = []
    for given, value in headers:
        name = given.lower()
        if name in _ANSWER or name.startswith(_ANSWER_PREFIXES):
            if value.isascii():
                kept.append((name, value))
        elif name == "x-request-id" and value.isascii():
            kept.append((name, value))
            kept.append(("x-upstream-request-id", value))
        elif name == "request-id" and value.isascii():
            kept.append(("x-upstream-request-id", value))
    return tuple(kept)
