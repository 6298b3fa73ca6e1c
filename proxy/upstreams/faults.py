"""What can go wrong with an upstream, as `UpstreamError`s with our own codes and statuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from proxy.errors import openai_error
from proxy.exchange.exchange import Delta
from proxy.exchange.ports import UpstreamError

MAX_ERROR_BYTES = 256 * 1024
"""Largest error body that is relayed."""

# Azure names its filter `content_filter`, OpenAI's image and text endpoints the other two.
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation", "moderation_blocked"})


_WRITTEN = frozenset({"failed_generation"})
"""Fields of errors that hold the model's own words: Groq's, for a tool call that was none."""

UNREADABLE = (TypeError, RecursionError)
"""What codecs raise on values of another type than the API has, or nested without measure."""


def read(reader: Callable[[bytes], Delta], raw: bytes) -> Delta:
    """What a codec reads; what has another shape than it takes is invalid."""
    try:
        return reader(raw)
    except UNREADABLE:
        raise UpstreamError.invalid() from None


def refused(
    status: int, raw: bytes = b"", headers: Sequence[tuple[str, str]] = (), secret: str | None = None
) -> UpstreamError:
    """An error status of the upstream, 400 to 599, with its body where that may be relayed.

    A body is relayed byte for byte when it is a JSON object; anything else (a proxy's HTML page, a
    cut-off body) is left out and the surface words the error itself. So is a body in which `secret`
    (the key that Gatehouse holds for the upstream) stands: providers echo keys in their errors. What the
    model had written is taken out, because no guard has read it.
    """
    payload = _json_object(raw)
    error = payload.get("error") if payload is not None else None
    if type(error) is dict and not _WRITTEN.isdisjoint(error):
        told = {name: value for name, value in error.items() if name not in _WRITTEN}
        raw = orjson.dumps({**(payload or {}), "error": told})
    leaks = secret is not None and secret.encode() in raw
    return UpstreamError(
        "upstream_error",
        status,
        body=None if payload is None or leaks else raw,
        headers=headers,
        provider_filter=status == 400 and is_provider_filter(payload),
    )


def own_error(
    status: int,
    code: str,
    message: str,
    headers: Sequence[tuple[str, str]] = (),
    *,
    provider_filter: bool = False,
) -> UpstreamError:
    """An error status in our own words, for adapters whose provider's words must not be relayed."""
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    body = openai_error(message, kind, None, code)
    return UpstreamError("upstream_error", status, body, headers=headers, provider_filter=provider_filter)


_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def is_provider_filter(payload: dict[str, Any] | None) -> bool:
    """True when an error payload says that the provider's own content filter refused."""
    error = payload.get("error") if payload else None
    if not isinstance(error, dict):
        return False
    inner = error.get("innererror")
    codes = (error.get("code"), error.get("type"), inner.get("code") if isinstance(inner, dict) else None)
    return any(isinstance(code, str) and _known_filter(code) for code in codes)


def _known_filter(code: str) -> bool:
    return code in _FILTER_CODES or code == "ResponsibleAIPolicyViolation"


def _json_object(raw: bytes) -> dict[str, Any] | None:
    try:
        payload = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return payload if isinstance(payload, dict) else None
