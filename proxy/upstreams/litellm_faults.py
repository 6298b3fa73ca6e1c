"""litellm's exceptions in our own words. Pure: it knows their names, not their classes.

They carry what the provider said, and providers have been seen to echo keys (measured on 1.106), so a
fault is recognised by class and code, and no text of it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.exchange.ports import UpstreamError
from proxy.upstreams import faults


@dataclass(frozen=True, slots=True)
class _Fault:
    status: int
    code: str
    message: str


_FILTERED = _Fault(400, "content_policy_violation", "The provider's content filter turned the request down.")
_TOO_LONG = _Fault(400, "context_length_exceeded", "The request is longer than the model's context window.")
_BY_CODE = {
    "content_filter": _FILTERED,
    "content_policy_violation": _FILTERED,
    "context_length_exceeded": _TOO_LONG,
}
# Looked up along the exception's classes, so the most special name wins.
_BY_CLASS = {
    "ContentPolicyViolationError": _FILTERED,
    "ContextWindowExceededError": _TOO_LONG,
    "LiteLLMUnknownProvider": _Fault(404, "model_not_found", "There is no such model."),
    "AuthenticationError": _Fault(
        401, "invalid_api_key", "The provider did not accept Gatehouse's key for it."
    ),
    "PermissionDeniedError": _Fault(403, "permission_denied", "The provider does not permit this call."),
    "NotFoundError": _Fault(404, "model_not_found", "The provider has no such model."),
    "RateLimitError": _Fault(429, "rate_limit_exceeded", "The provider's rate limit is used up."),
    "UnsupportedParamsError": _Fault(
        400, "unsupported_parameter", "The provider does not take a parameter of this request."
    ),
    "UnprocessableEntityError": _Fault(422, "invalid_request", "The provider could not process the request."),
    "BadRequestError": _Fault(400, "invalid_request", "The provider turned the request down as invalid."),
}
_RETRY_HEADERS = ("retry-after", "retry-after-ms")


def translated(error: Exception) -> UpstreamError:
    """Our word for an exception of litellm, by its class and code; never its text."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if "MidStreamFallbackError" in names:
        inner = getattr(error, "original_exception", None)
        return UpstreamError.timed_out() if "Timeout" in _names(inner) else UpstreamError.cut_off()
    if "Timeout" in names or "APITimeoutError" in names:
        return UpstreamError.timed_out()
    if "APIConnectionError" in names:
        return UpstreamError.unreachable()
    fault = _BY_CODE.get(str(getattr(error, "code", ""))) if "BadRequestError" in names else None
    fault = fault or next((_BY_CLASS[name] for name in names if name in _BY_CLASS), None)
    if fault is None:
        return UpstreamError("upstream_error", 502, headers=_retry_headers(error))
    return faults.own_error(
        fault.status, fault.code, fault.message, _retry_headers(error), provider_filter=fault is _FILTERED
    )


def _names(error: object) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _retry_headers(error: Exception) -> list[tuple[str, str]]:
    """When the provider said to come back. Only numbers: the value is provider text too."""
    given = getattr(error, "litellm_response_headers", None)
    if not isinstance(given, Mapping):
        return []
    pairs = [(name, str(given.get(name, ""))) for name in _RETRY_HEADERS]
    return [(name, value) for name, value in pairs if value.isdecimal()]
