"""agentgateway's guardrail webhook: `POST /request` before a model is called, `POST /response` after.

The answer's action is told by its fields: none pass, `body` as text with `status_code` rejects, `body` as an
object masks. A blocked answer is masked by the canned text rather than rejected: gateways of older versions
read a rejected answer as passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import orjson

from classifiers.classification import Conversation
from policies.bundle import PolicyBundle
from proxy.errors import bad_field
from proxy.exchange.exchange import Exchange, Piece, VerdictOnly
from proxy.exchange.ports import ReplyHead, Ruling
from proxy.surfaces.chat_completions.spoken import Spoken, read_beside, read_unknown
from proxy.surfaces.checks import check_messages
from proxy.surfaces.connection import Connection
from proxy.surfaces.extract import Extractor, read_content
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.leaves import Found
from proxy.surfaces.reading import Limits
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.verdicts.answering import NoModel, Render, VerdictDownstream
from proxy.surfaces.verdicts.summary import summarise

Side = Literal["request", "response"]
HOOKS: dict[Side, str] = {"request": "/request", "response": "/response"}
PREFIX = "/agentgateway"
_REJECTED = 403


class Agentgateway(Surface):
    """See `guarded_route.Surface`. `side`: which of the two hooks it is."""

    name = "agentgateway"

    def __init__(self, side: Side, headers: VerdictHeaders | None = None) -> None:
        self._side = side
        self._headers = headers or VerdictHeaders()
        self._extractor = Extractor()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is to be judged.

        Raises:
            BadRequest: a body that agentgateway does not send.
        """
        inner = call.body.get("body")
        if type(inner) is not dict:
            raise bad_field("body", "must be an object")
        rest = {name: value for name, value in call.body.items() if name != "body"}
        if self._side == "request":
            check_messages(inner.get("messages"), limits)
            lowered = [_lowered(message) for message in inner["messages"]]
            conversation, parts = self._extractor.read({**rest, **inner, "messages": lowered})
            asked = VerdictOnly()
        else:
            asked = _answered({**rest, **inner}, limits)
            conversation, parts = Conversation(()), len(asked.answers)
        return Asked(
            model="",
            conversation=conversation,
            codec=NoModel(),
            target=call.path,
            parts=parts,
            verdict_only=asked,
        )

    def downstream(self, exchange: Exchange, connection: Connection) -> VerdictDownstream:
        """The client of one question."""
        render: Render = render_request if self._side == "request" else render_response
        return VerdictDownstream(exchange, connection, self._headers, render)


def _lowered(message: dict[str, Any]) -> dict[str, Any]:
    """Roles come in the spelling of their provider (`User`, `ASSISTANT`)."""
    role = message.get("role")
    return {**message, "role": role.lower()} if type(role) is str else message


def _answered(body: Mapping[str, Any], limits: Limits) -> VerdictOnly:
    choices = body.get("choices")
    if type(choices) is not list or not all(type(choice) is dict for choice in choices):
        raise bad_field("body.choices", "must be a list of objects")
    if len(choices) > limits.choices:
        raise bad_field("body.choices", f"must not hold more than {limits.choices} choices")
    pieces = Spoken()
    for index, choice in enumerate(choices):
        _read_choice(index, choice, pieces)
    read_beside(body, pieces)
    texts: list[list[str]] = [[] for _ in choices or pieces[:1]]
    for piece in pieces:
        texts[piece.choice].append(piece.text)
    return VerdictOnly(tuple(map("\n".join, texts)), on_input=False, unread=tuple(pieces.unread))


def _read_choice(index: int, choice: Mapping[str, Any], pieces: Spoken) -> None:
    message = choice.get("message")
    said = message if type(message) is dict else {}
    found = Found()
    content = read_content(said.get("content"), "", found)
    pieces.extend(Piece(index, "content", text) for text in (content, *found.texts) if text)
    pieces.unread.extend((index, part.kind) for part in found.uncovered)
    for name, value in said.items():
        if name != "content" and not (name == "role" and str(value).lower() in ("assistant", "model")):
            read_unknown(index, name, value, pieces)
    for name, value in choice.items():
        if name != "message" or value is not said:
            read_unknown(index, name, value, pieces)


def render_request(exchange: Exchange, head: ReplyHead, ruling: Ruling) -> bytes:  # noqa: ARG001
    """Pass, or reject with the canned text."""
    found = summarise(exchange, ruling)
    action: dict[str, Any] = {}
    if found.blocks:
        action = {"body": found.message, "status_code": _REJECTED, "reason": found.verdict.category}
    return orjson.dumps({"action": action})


def render_response(exchange: Exchange, head: ReplyHead, ruling: Ruling) -> bytes:  # noqa: ARG001
    """Pass, or the choices with canned texts in place of what must not leave."""
    replaced = dict(ruling.replacements)
    if not replaced:
        return orjson.dumps({"action": {}})
    choices = [_choice(choice, replaced.get(i)) for i, choice in enumerate(exchange.body["body"]["choices"])]
    reason = next(iter(replaced.values())).category
    return orjson.dumps({"action": {"body": {"choices": choices}, "reason": reason}})


def _choice(choice: dict[str, Any], replacement: Any) -> dict[str, Any]:
    if replacement is None:
        return choice
    message = choice.get("message")
    role = message.get("role") if type(message) is dict else None
    return {"message": {"role": role if type(role) is str else "assistant", "content": replacement.text}}
