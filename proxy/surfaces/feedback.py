"""`POST /v1/feedback`: somebody who saw a decision says what was wrong (or right) with it.

Body: `{"decision_id": "gh-…", "kind": "wrong_block", "comment": "…"}`. The comment's text is not kept, only
how long it was, unless the house was built with `keep_comments`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import orjson

from proxy.errors import BadRequest, GatehouseError, NotFound
from proxy.exchange.ports import ClientLeft
from proxy.surfaces.connection import Connection
from proxy.surfaces.decision_id import DecisionIds, is_decision_id
from proxy.surfaces.guarded_route import refuse
from proxy.surfaces.reading import (
    Limits,
    Receive,
    Scope,
    Send,
    check_media_type,
    parse_object,
    read_body,
    read_headers,
)

FeedbackKind = Literal["wrong_block", "wrong_pass", "bad_revision", "thumbs_up", "thumbs_down"]
KINDS: tuple[str, ...] = get_args(FeedbackKind)
MOST_COMMENT_CHARS = 4000
_LIMITS = Limits(body_bytes=64 * 1024, body_seconds=10.0, depth=4)
_FIELDS = frozenset({"decision_id", "kind", "comment"})


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's word on one decision. `comment` is empty unless comments are kept."""

    decision: str
    kind: FeedbackKind
    tenant: str
    comment_length: int = 0
    comment: str = ""


class FeedbackRoute:
    """The route as an ASGI handler.

    `tenant_for` authenticates by headers and raises a `GatehouseError` to refuse; `record` is told each
    feedback; `known` (plain or async) says whether a tenant has a decision of that id, if that can be said.
    """

    def __init__(
        self,
        tenant_for: Callable[[Mapping[str, str]], str],
        record: Callable[[Feedback], None],
        *,
        known: Callable[[str, str], bool | Awaitable[bool]] | None = None,
        keep_comments: bool = False,
        new_id: Callable[[], str] | None = None,
    ) -> None:
        self._tenant_for = tenant_for
        self._record = record
        self._known = known
        self._keep_comments = keep_comments
        self._new_id = new_id or DecisionIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        connection = Connection(receive, send)
        try:
            await self._answer(scope, receive, connection)
        except GatehouseError as error:
            await refuse(connection, self._new_id(), error)
        except ClientLeft:
            return

    async def _answer(self, scope: Scope, receive: Receive, connection: Connection) -> None:
        headers = read_headers(scope)
        tenant = self._tenant_for(headers)
        check_media_type(headers)
        raw = await read_body(headers, receive, _LIMITS)
        feedback = self._feedback(tenant, parse_object(raw, _LIMITS))
        if not await self._is_known(tenant, feedback.decision):
            raise NotFound("There is no such decision.", code="unknown_decision", param="decision_id")
        self._record(feedback)
        answer = {"object": "feedback", "decision_id": feedback.decision, "kind": feedback.kind}
        await connection.answer(200, [(b"content-type", b"application/json")], orjson.dumps(answer))

    async def _is_known(self, tenant: str, decision: str) -> bool:
        if self._known is None:
            return True
        known = self._known(tenant, decision)
        return await known if inspect.isawaitable(known) else known

    def _feedback(self, tenant: str, body: Mapping[str, Any]) -> Feedback:
        unknown = sorted(body.keys() - _FIELDS)
        if unknown:
            raise BadRequest(f"Only {', '.join(sorted(_FIELDS))} are known fields.", code="unknown_field")
        decision, kind, comment = body.get("decision_id"), body.get("kind"), body.get("comment") or ""
        if type(decision) is not str or not is_decision_id(decision):
            raise BadRequest("'decision_id' must be the id of a decision.", param="decision_id")
        if kind not in KINDS:
            raise BadRequest(f"'kind' must be one of {', '.join(KINDS)}.", param="kind")
        if type(comment) is not str or len(comment) > MOST_COMMENT_CHARS:
            problem = f"'comment' must be a text of at most {MOST_COMMENT_CHARS} characters."
            raise BadRequest(problem, param="comment")
        return Feedback(decision, kind, tenant, len(comment), comment if self._keep_comments else "")
