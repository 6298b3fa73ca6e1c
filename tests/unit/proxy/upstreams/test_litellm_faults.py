"""litellm's exceptions in our own words."""

from __future__ import annotations

import pytest

from proxy.upstreams.litellm_faults import translated

SECRET = "provider says: sk-very-secret and your prompt was 'hello'"


def an_exception(*names: str, **attributes: object) -> Exception:
    """An exception of a class named like litellm's, with its ancestors."""
    made: type[Exception] = Exception
    for name in reversed(names):
        made = type(name, (made,), {})
    error = made(SECRET)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    ("names", "status", "code"),
    [
        (("AuthenticationError", "APIStatusError"), 401, "invalid_api_key"),
        (("PermissionDeniedError",), 403, "permission_denied"),
        (("NotFoundError",), 404, "model_not_found"),
        (("LiteLLMUnknownProvider", "BadRequestError"), 404, "model_not_found"),
        (("RateLimitError",), 429, "rate_limit_exceeded"),
        (("ContextWindowExceededError", "BadRequestError"), 400, "context_length_exceeded"),
        (("UnsupportedParamsError", "BadRequestError"), 400, "unsupported_parameter"),
        (("UnprocessableEntityError",), 422, "invalid_request"),
        (("BadRequestError",), 400, "invalid_request"),
    ],
)
def test_statuses_keep_their_meaning(names: tuple[str, ...], status: int, code: str) -> None:
    """The most special class decides; the words are ours."""
    error = translated(an_exception(*names))
    assert (error.code, error.status) == ("upstream_error", status)
    assert f'"code":"{code}"'.encode() in (error.body or b"")


@pytest.mark.parametrize(
    "error",
    [
        an_exception("ContentPolicyViolationError", "BadRequestError"),
        an_exception("BadRequestError", code="content_filter"),
        an_exception("BadRequestError", code="content_policy_violation"),
    ],
)
def test_the_providers_filter_is_marked(error: Exception) -> None:
    """By class, or by the code inside a plain 400."""
    assert translated(error).provider_filter
    assert translated(error).status == 400


def test_a_long_request_is_found_by_its_code() -> None:
    """Where litellm gave it no class of its own."""
    error = translated(an_exception("BadRequestError", code="context_length_exceeded"))
    assert b"context window" in (error.body or b"")


@pytest.mark.parametrize(
    ("names", "code", "status"),
    [
        (("Timeout", "APITimeoutError", "APIConnectionError"), "upstream_timeout", 504),
        (("APIConnectionError",), "upstream_unreachable", 502),
        (("InternalServerError", "APIStatusError"), "upstream_error", 502),
        (("ServiceUnavailableError",), "upstream_error", 502),
        (("ValueError",), "upstream_error", 502),
        (("MidStreamFallbackError", "ServiceUnavailableError"), "upstream_cut_off", 502),
    ],
)
def test_faults_of_the_provider_are_bad_gateways(names: tuple[str, ...], code: str, status: int) -> None:
    """5xx become 502, time-outs 504, a break in mid-stream a cut-off."""
    error = translated(an_exception(*names))
    assert (error.code, error.status, error.body) == (code, status, None)


def test_a_timeout_in_mid_stream_is_a_timeout() -> None:
    """litellm wraps it."""
    inner = an_exception("Timeout")
    assert translated(an_exception("MidStreamFallbackError", original_exception=inner)).status == 504


def test_the_time_to_come_back_is_kept() -> None:
    """As numbers only: the header is provider text too."""
    given = {"retry-after": "7", "retry-after-ms": "sk-very-secret", "x-other": "1"}
    error = translated(an_exception("RateLimitError", litellm_response_headers=given))
    assert error.headers == (("retry-after", "7"),)


@pytest.mark.parametrize("name", ["AuthenticationError", "BadRequestError", "RateLimitError", "APIError"])
def test_no_word_of_the_provider_goes_on(name: str) -> None:
    """Not in the body, not in the headers, not in the exception's own text."""
    error = translated(an_exception(name, code=SECRET, litellm_response_headers={"retry-after": SECRET}))
    assert "secret" not in f"{error} {error.body!r} {error.headers}"
