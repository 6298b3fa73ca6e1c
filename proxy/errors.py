"""The errors a client can meet, in one shallow tree.

    GatehouseError                    type, status, code          when
    ├── BadRequest                    400 invalid_request         the request is not what it claims to be
    │   └── PolicyViolation           content_policy_violation    blocked, and an error is to say so
    ├── Unauthorised                  401 invalid_api_key         no key, or a wrong one
    ├── Forbidden                     403 permission_denied       the key may not do this
    ├── NotFound                      404 unsupported_route       no such route, model or decision
    ├── MethodNotAllowed              405 method_not_allowed      the route exists, the method does not
    ├── RequestTimeout                408 request_timeout         the body did not arrive in time
    ├── PayloadTooLarge               413 payload_too_large       the body is over the limit
    ├── UnsupportedMediaType          415 unsupported_media_type  not JSON, or compressed
    ├── RateLimited                   429 rate_limit_exceeded     the tenant's budget is used up
    ├── InternalError                 500 internal_error          a fault of Gatehouse itself
    ├── UpstreamFailed                502 upstream_unreachable    the model server did not answer as asked
    ├── GuardUnavailable              503 guard_unavailable       a guard gave no measurement; fails closed
    └── DeadlineExceeded              504 deadline_exceeded       the exchange ran out of time

Messages are written here and by the raising code; they never carry prompt, reply or key text. Each surface
renders them in its own error shape; `openai_error` is OpenAI's.
"""

from __future__ import annotations

from math import ceil
from typing import ClassVar

import orjson


class GatehouseError(Exception):
    """Base of everything that Gatehouse itself answers with an error status.

    `retry_after`: seconds after which the client may try again, None where trying again is no use.
    `param`: the request field at fault, if there is one.
    """

    status: int = 500
    kind: ClassVar[str] = "server_error"
    default_code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.param = param
        self.retry_after = retry_after

    def body(self) -> bytes:
        """The error in OpenAI's shape."""
        return openai_error(self.message, self.kind, self.param, self.code)

    def headers(self) -> list[tuple[str, str]]:
        """Headers that belong to the error: `retry-after` in whole seconds, at least one."""
        if self.retry_after is None:
            return []
        return [("retry-after", str(max(1, ceil(self.retry_after))))]


class BadRequest(GatehouseError):
    """The request cannot be read as what it claims to be."""

    status = 400
    kind = "invalid_request_error"
    default_code = "invalid_request"


class PolicyViolation(BadRequest):
    """A blocked request or answer, where an error is wanted or no text can stand in; says the canned text."""

    default_code = "content_policy_violation"


def bad_field(field: str, problem: str) -> BadRequest:
    """A field of the request is not what it has to be; `param` names it.

    `problem` goes on after its name.
    """
    return BadRequest(f"'{field}' {problem}.", param=field, code="invalid_value")


class Unauthorised(GatehouseError):
    """No key, or a wrong one."""

    status = 401
    kind = "authentication_error"
    default_code = "invalid_api_key"


class Forbidden(GatehouseError):
    """The key is known and may not do this."""

    status = 403
    kind = "permission_error"
    default_code = "permission_denied"


class NotFound(GatehouseError):
    """No such route, model or decision. Only listed routes exist: nothing is tunnelled."""

    status = 404
    kind = "not_found_error"
    default_code = "unsupported_route"


class MethodNotAllowed(GatehouseError):
    """The route exists, the method does not. `allow` lists what does."""

    status = 405
    kind = "invalid_request_error"
    default_code = "method_not_allowed"

    def __init__(self, allow: str) -> None:
        super().__init__(f"This route answers {allow} only.")
        self.allow = allow

    def headers(self) -> list[tuple[str, str]]:
        """The `allow` header that goes with a 405."""
        return [("allow", self.allow)]


class RequestTimeout(GatehouseError):
    """The body did not arrive in time."""

    status = 408
    kind = "invalid_request_error"
    default_code = "request_timeout"


class PayloadTooLarge(GatehouseError):
    """The body is over the limit, by its declared or its real length."""

    status = 413
    kind = "invalid_request_error"
    default_code = "payload_too_large"


class UnsupportedMediaType(GatehouseError):
    """Not `application/json` in UTF-8, or compressed."""

    status = 415
    kind = "invalid_request_error"
    default_code = "unsupported_media_type"


class RateLimited(GatehouseError):
    """The tenant's budget is used up; `retry_after` says for how long."""

    status = 429
    kind = "rate_limit_error"
    default_code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message, retry_after=retry_after)


class InternalError(GatehouseError):
    """A fault of Gatehouse itself. The message names the decision id and nothing else."""


class UpstreamFailed(GatehouseError):
    """The model server did not answer as asked: 502, or the status that belongs to the code."""

    kind = "server_error"
    default_code = "upstream_unreachable"

    def __init__(self, message: str, *, code: str | None = None, status: int = 502) -> None:
        super().__init__(message, code=code)
        self.status = status if 400 <= status <= 599 else 502


class GuardUnavailable(GatehouseError):
    """A guard gave no measurement and the policy fails closed. An outage, never a verdict."""

    status = 503
    kind = "server_error"
    default_code = "guard_unavailable"

    def __init__(
        self, message: str = "A guard that the policy requires is unavailable.", *, retry_after: float = 5.0
    ) -> None:
        super().__init__(message, retry_after=retry_after)


class DeadlineExceeded(GatehouseError):
    """The exchange ran out of time before an answer was ready."""

    status = 504
    kind = "server_error"
    default_code = "deadline_exceeded"


def openai_error(message: str, kind: str, param: str | None, code: str | None) -> bytes:
    """An error body in OpenAI's shape: all four keys, always."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})
