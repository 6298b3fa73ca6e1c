"""Redaction: keyed digests for what identifies, masks for what must never be printed."""

from __future__ import annotations

import hmac
import re

_MASK = "[redacted]"
_LONGEST = 8_192
"""Characters of a text that are looked at; the rest is cut off."""
_SECRETS = re.compile(
    r"""
      (?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}
    | (?P<name>["']?\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?)[^"'\r\n,;}]+
    | (?P<field>["']?\b(?:x-)?(?:api[-_]?key|access[-_]?token|secret|password|passwd|token)["']?
        \s*[:=]\s*["']?)[^\s"',;&}]+
    | \b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|glpat|xoxb|xoxp)[-_][A-Za-z0-9_-]{8,}
    | \bAKIA[0-9A-Z]{12,}
    | \bAIza[\w-]{20,}
    | \beyJ[\w-]{8,512}\.[\w-]{4,}(?:\.[\w-]*)?
    | (?P<user>\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@]{1,512}@
    | (?P<query>\?)[\w.~%-]{1,64}=[^\s"'<>]*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def keyed_digest(text: str, key: bytes, length: int = 16) -> str:
    """Hex digest of `length` bytes that nobody can guess texts against without the key."""
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")[:length].hex()


def scrub(text: str) -> str:
    """The text with credentials, URL user parts and query strings masked."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    return mask_secrets(text)[0]


def mask_secrets(text: str) -> tuple[str, int]:
    """The whole text with the same things masked, and how many there were."""
    return _SECRETS.subn(_masked, text)


def one_line(text: str) -> str:
    """The text with line breaks, terminal escapes and direction marks spelled out, so that it cannot
    forge a log line."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _masked(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind is None:
        return _MASK
    if kind == "user":
        return f"{found['user']}{_MASK}@"
    return f"{found[kind]}{_MASK}"
