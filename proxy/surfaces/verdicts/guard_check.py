"""`POST /guard/check`: the verdict on a conversation, an answer, or both.

Body: `messages` (as in chat completions) or `input` (a string); `output`, a string or a list of strings, to
have an answer judged together with its request; `model`, the name that refusals are read for. With `output`
the conversation is context unless `"judge": "both"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from policies.bundle import PolicyBundle
from proxy.errors import bad_field
from proxy.exchange.coverage import Coverage
from proxy.exchange.exchange import Exchange, VerdictOnly
from proxy.exchange.ports import ReplyHead, Ruling
from proxy.surfaces.checks import check_messages, check_model
from proxy.surfaces.connection import Connection
from proxy.surfaces.extract import Extractor
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.reading import Limits
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.verdicts.answering import NoModel, VerdictDownstream
from proxy.surfaces.verdicts.summary import summarise, verdict_body

PATH = "/guard/check"
_JUDGED = ("input", "output", "both")
_OWN = frozenset({"input", "output", "judge", "model"})


class GuardCheck(Surface):
    """See `guarded_route.Surface`."""

    name = "guard_check"

    def __init__(self, headers: VerdictHeaders | None = None) -> None:
        self._headers = headers or VerdictHeaders()
        self._extractor = Extractor()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is to be judged.

        Raises:
            BadRequest: neither a conversation nor an answer, or not in a form that can be read.
        """
        body = call.body
        answers = _answers(body.get("output"), limits)
        conversation, parts = self._extractor.read({**_others(body), "messages": _messages(body, limits)})
        return Asked(
            model=check_model(body.get("model"), needed=False),
            conversation=conversation,
            codec=NoModel(),
            target=PATH,
            parts=parts,
            verdict_only=VerdictOnly(answers, on_input=_on_input(body, bool(answers))),
        )

    def downstream(self, exchange: Exchange, connection: Connection) -> VerdictDownstream:
        """The client of one question."""
        return VerdictDownstream(exchange, connection, self._headers, render)


def _others(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in _OWN}


def _messages(body: Mapping[str, Any], limits: Limits) -> list[Any]:
    text, messages = body.get("input"), body.get("messages")
    if text is not None and messages is not None:
        raise bad_field("input", "and 'messages' exclude each other")
    if messages is not None:
        check_messages(messages, limits)
        found: list[Any] = messages
        return found
    if text is None and body.get("output") is not None:
        return []
    if type(text) is not str or not text:
        raise bad_field("input", "must be a text, where there are no 'messages'")
    return [{"role": "user", "content": text}]


def _answers(value: Any, limits: Limits) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = [value] if type(value) is str else value
    if type(texts) is not list or not texts or not all(type(text) is str for text in texts):
        raise bad_field("output", "must be a text or a list of texts")
    if len(texts) > limits.choices:
        raise bad_field("output", f"must not hold more than {limits.choices} texts")
    return tuple(texts)


def _on_input(body: Mapping[str, Any], answered: bool) -> bool:
    judged = body.get("judge", "output" if answered else "input")
    if judged not in _JUDGED:
        raise bad_field("judge", f"must be one of {', '.join(_JUDGED)}")
    if judged != "input" and not answered:
        raise bad_field("output", f"is needed where 'judge' is {judged}")
    return bool(judged != "output")


def render(exchange: Exchange, head: ReplyHead, ruling: Ruling) -> bytes:
    """The verdict in full; see docs/reference/api.md."""
    found, policy = summarise(exchange, ruling), exchange.bundle.policy
    asked = exchange.verdict_only or VerdictOnly()
    judged = asked.on_input or bool(asked.answers)
    return orjson.dumps(
        {
            "id": exchange.id,
            "object": "guard.verdict",
            **(verdict_body(found.verdict) if judged else {}),
            "side": found.side,
            "message": found.message or None,
            "input": verdict_body(ruling.input_verdict) if exchange.conversation.turns else None,
            "output": [verdict_body(verdict) for verdict in ruling.output_verdicts],
            "scores": {"input": dict(ruling.scores), "output": dict(ruling.output_scores)},
            "coverage": {"input": _share(head.coverage), "output": _share(ruling.output_coverage)},
            "uncovered": [{"kind": part.kind, "path": part.path} for part in exchange.conversation.uncovered],
            "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        }
    )


def _share(coverage: Coverage | None) -> float | None:
    """Share of a side's text that was judged, None where there is none."""
    return coverage.share if coverage is not None else None
