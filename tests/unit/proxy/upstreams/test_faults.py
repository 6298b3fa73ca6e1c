"""Faults: our own codes and statuses, and what of an error body is relayed."""

from __future__ import annotations

import orjson
import pytest

from proxy.exchange.ports import UpstreamError
from proxy.upstreams import faults


def error_body(**fields: object) -> bytes:
    return orjson.dumps({"error": {"message": "no", "type": "x", "param": None, "code": None, **fields}})


@pytest.mark.parametrize(
    ("made", "code", "status"),
    [
        (UpstreamError.unreachable, "upstream_unreachable", 502),
        (UpstreamError.timed_out, "upstream_timeout", 504),
        (UpstreamError.invalid, "upstream_invalid", 502),
        (UpstreamError.cut_off, "upstream_cut_off", 502),
    ],
)
def test_faults_of_the_way_have_no_body(made: object, code: str, status: int) -> None:
    """The upstream said nothing that could be relayed."""
    error = made()  # type: ignore[operator]
    assert (error.code, error.status, error.body) == (code, status, None)


def test_a_json_error_is_relayed_byte_for_byte() -> None:
    """Status, body and headers as the upstream gave them."""
    raw = b'{"error":  {"message": "slow down"}}'
    error = faults.refused(429, raw, [("retry-after", "3")])
    assert (error.code, error.status, error.body) == ("upstream_error", 429, raw)
    assert error.headers == (("retry-after", "3"),)


@pytest.mark.parametrize("raw", [b"<html>bad gateway</html>", b"", b'{"error": ', b"[1]", b"\xff\xfe"])
def test_anything_but_a_json_object_is_left_out(raw: bytes) -> None:
    """The status is kept, the body is not."""
    error = faults.refused(502, raw)
    assert (error.status, error.body) == (502, None)


def test_a_body_with_our_key_in_it_is_left_out() -> None:
    """Providers echo keys; ours does not go to a client."""
    raw = error_body(message="wrong key sk-ours")
    assert faults.refused(401, raw, secret="sk-ours").body is None
    assert faults.refused(401, raw, secret="sk-other").body == raw


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "content_filter"},
        {"code": "content_policy_violation"},
        {"type": "content_filter"},
        {"innererror": {"code": "ResponsibleAIPolicyViolation"}},
    ],
)
def test_a_providers_filter_is_recognised(fields: dict[str, object]) -> None:
    """In the shapes of OpenAI and Azure, with status 400 only."""
    assert faults.refused(400, error_body(**fields)).provider_filter
    assert not faults.refused(500, error_body(**fields)).provider_filter


@pytest.mark.parametrize("raw", [error_body(code="invalid"), b"{}", b'{"error": "text"}', b"x"])
def test_another_error_is_no_filter(raw: bytes) -> None:
    """Only known codes are."""
    assert not faults.refused(400, raw).provider_filter


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (502, "server_error"),
    ],
)
def test_own_errors_have_openais_four_keys(status: int, kind: str) -> None:
    """Message, type, param and code, whatever the status."""
    error = faults.own_error(status, "some_code", "Words of ours.")
    assert orjson.loads(error.body or b"") == {
        "error": {"message": "Words of ours.", "type": kind, "param": None, "code": "some_code"}
    }


def test_an_error_brings_no_words_of_the_model() -> None:
    raw = b'{"error":{"message":"no tool call","code":"tool_use_failed","failed_generation":"what it wrote"}}'
    assert faults.refused(400, raw).body == b'{"error":{"message":"no tool call","code":"tool_use_failed"}}'
