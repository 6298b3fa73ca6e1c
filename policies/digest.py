"""Content addresses: the digest of a policy covers everything that was written, defaults included."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from hashlib import sha256
from typing import Any

from policies.policy import Policy

_DERIVED = frozenset({"limits", "also_limits"})
_LEFT_OUT = frozenset({"digest", "changes", "plans", "rules"})


def addressed(policy: Policy) -> Policy:
    """The policy with the digest of its content."""
    return replace(policy, digest=digest_of(_content(policy)))


def digest_of(content: Any) -> str:
    """`sha256:` and the digest of plain values in canonical JSON."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + sha256(canonical.encode()).hexdigest()


def short(digest: str) -> str:
    """Enough of a digest to tell two apart."""
    return digest[:19]


def _content(policy: Policy) -> dict[str, Any]:
    content = {item.name: getattr(policy, item.name) for item in fields(policy) if item.name not in _LEFT_OUT}
    content["review"] = asdict(policy.review)
    content["rules"] = [
        {key: value for key, value in asdict(rule).items() if key not in _DERIVED} for rule in policy.rules
    ]
    return content
