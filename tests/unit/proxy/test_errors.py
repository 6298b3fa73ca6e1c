"""Errors speak OpenAI's shape, whole, and the tree in the docstring is the tree in the code."""

from __future__ import annotations

import orjson
import pytest

from proxy import errors
from proxy.errors import GatehouseError, MethodNotAllowed, RateLimited, UpstreamFailed, openai_error


def kinds() -> list[type[GatehouseError]]:
    return GatehouseError.__subclasses__()


def test_all_four_keys_are_always_there() -> None:
    assert orjson.loads(openai_error("m", "t", None, None)) == {
        "error": {"message": "m", "type": "t", "param": None, "code": None}
    }


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_the_drawn_tree_is_the_real_one(kind: type[GatehouseError]) -> None:
    (line,) = [row for row in str(errors.__doc__).splitlines() if f"─ {kind.__name__} " in row]
    status = 502 if kind is UpstreamFailed else kind.status
    assert f" {status} {kind.default_code} " in line


def test_a_body_carries_what_the_error_was_raised_with() -> None:
    error = errors.BadRequest("bad field", code="invalid_value", param="n")
    body = orjson.loads(error.body())["error"]
    assert body == {
        "message": "bad field",
        "type": "invalid_request_error",
        "param": "n",
        "code": "invalid_value",
    }


@pytest.mark.parametrize(("seconds", "header"), [(0.1, "1"), (1.0, "1"), (1.2, "2"), (30.0, "30")])
def test_retry_after_is_whole_seconds_and_at_least_one(seconds: float, header: str) -> None:
    assert RateLimited("later", retry_after=seconds).headers() == [("retry-after", header)]


def test_a_405_says_what_is_allowed() -> None:
    assert MethodNotAllowed("POST").headers() == [("allow", "POST")]


@pytest.mark.parametrize(("status", "shown"), [(504, 504), (502, 502), (200, 502), (0, 502)])
def test_an_upstream_failure_is_never_shown_as_a_success(status: int, shown: int) -> None:
    assert UpstreamFailed("x", status=status).status == shown
