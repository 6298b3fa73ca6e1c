"""`POST /beta/litellm_basic_guardrail_api`: LiteLLM's generic guardrail hook.

LiteLLM sends `texts` with `input_type` `request` or `response`, and beside them images, tools, tool calls and
the messages that the texts were taken from. Everything in the body but its bookkeeping is judged. Answers are
`NONE` or `BLOCKED` with the canned text as reason; an error status makes LiteLLM fail closed by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from policies.bundle import PolicyBundle
from proxy.errors import bad_field
from proxy.exchange.exchange import Exchange, VerdictOnly
from proxy.exchange.ports import ReplyHead, Ruling
from proxy.surfaces.checks import check_messages
from proxy.surfaces.connection import Connection
from proxy.surfaces.extract import Extractor
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.leaves import Found
from proxy.surfaces.reading import Limits
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.verdicts.answering import NoModel, VerdictDownstream
from proxy.surfaces.verdicts.summary import summarise

PATH = "/beta/litellm_basic_guardrail_api"
_BOOKKEEPING_WORDS = """
    input_type litellm_call_id litellm_trace_id request_data request_headers litellm_version model
    additional_provider_specific_params texts images structured_messages
"""
_BOOKKEEPING = frozenset(_BOOKKEEPING_WORDS.split())


class LitellmGuardrail(Surface):
    """See `guarded_route.Surface`."""

    name = "litellm_guardrail"

    def __init__(self, headers: VerdictHeaders | None = None) -> None:
        self._headers = headers or VerdictHeaders()
        self._extractor = Extractor()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is to be judged.

        Raises:
            BadRequest: a body that LiteLLM does not send.
        """
        body = call.body
        texts, images = _texts(body, "texts", limits), _texts(body, "images", limits)
        beside = Found()
        for name, value in body.items():
            if name not in _BOOKKEEPING:
                beside.walk(value, name, name)
        unread = [Uncovered("image", f"images[{i}]") for i in range(len(images))] + beside.uncovered
        context, parts = self._context(body, limits)
        model = body.get("model")
        if body.get("input_type") == "response":
            conversation = context
            answers = (*texts, *(["\n".join(beside.texts)] if beside.texts else []))
            unseen = tuple((0, part.kind) for part in unread)
            asked = VerdictOnly(answers, on_input=False, unread=unseen)
        elif body.get("input_type") == "request":
            turns = _input_turns(context, texts, beside.texts)
            conversation = Conversation(turns, (*context.uncovered, *unread))
            asked = VerdictOnly()
        else:
            raise bad_field("input_type", "must be request or response")
        return Asked(
            model=model if type(model) is str else "",
            conversation=conversation,
            codec=NoModel(),
            target=PATH,
            parts=parts + len(texts) + len(unread),
            verdict_only=asked,
        )

    def _context(self, body: Mapping[str, Any], limits: Limits) -> tuple[Conversation, int]:
        messages = body.get("structured_messages")
        if not messages:
            return Conversation(()), 0
        check_messages(messages, limits, "structured_messages")
        return self._extractor.read({"messages": messages})

    def downstream(self, exchange: Exchange, connection: Connection) -> VerdictDownstream:
        """The client of one question."""
        return VerdictDownstream(exchange, connection, self._headers, render)


def _input_turns(context: Conversation, texts: tuple[str, ...], beside: list[str]) -> tuple[Turn, ...]:
    """The messages where LiteLLM sends them, and every text that is not in one of them.

    Such a text could be anybody's, so it is read as part of what the user says last.
    """
    spoken = "\n".join(turn.text for turn in context.turns)
    missing = "\n\n".join(text for text in texts if text not in spoken)
    turns = [Turn("request.tools", "\n".join(beside), Origin.OPERATOR)] if beside else []
    turns += context.turns
    last = max((i for i, turn in enumerate(turns) if turn.origin is Origin.USER), default=-1)
    if missing and last >= 0:
        turns[last] = replace(turns[last], text=f"{turns[last].text}\n\n{missing}")
    elif missing:
        turns.append(Turn("user", missing, Origin.USER))
    return tuple(turns)


def _texts(body: Mapping[str, Any], name: str, limits: Limits) -> tuple[str, ...]:
    found = body.get(name) or []
    if type(found) is not list or not all(type(text) is str for text in found):
        raise bad_field(name, "must be a list of texts")
    if len(found) > limits.messages:
        raise bad_field(name, f"must not hold more than {limits.messages} texts")
    return tuple(found)


def render(exchange: Exchange, head: ReplyHead, ruling: Ruling) -> bytes:  # noqa: ARG001
    """`NONE`, or `BLOCKED` with the text that the client may see."""
    found = summarise(exchange, ruling)
    if not found.blocks:
        return orjson.dumps({"action": "NONE"})
    return orjson.dumps({"action": "BLOCKED", "blocked_reason": found.message or found.verdict.category})
