"""Shapes of everything that Gatehouse says itself on chat completions. Pure.

A blocked answer has one of three shapes, chosen by the policy's `block_style` and by what the client can
parse (measured with ten clients; see `docs/explanation/blocked-replies.md`):

| shape | what it is | when |
|---|---|---|
| message | text as content, `content_filter` | plain chat: visible in every client, honest, no retries |
| refusal | content null, text as `refusal`, `stop` | the client parses the answer (JSON, forced tool) |
| error | HTTP 400, `content_policy_violation` | only where a policy asks for it |

Content and refusal are never both filled: some clients print both. Log-probabilities of replaced text are
null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from policies.policy import BlockStyle
from policies.verdict import Action, Verdict
from proxy.exchange.exchange import Exchange, Replacement, ReplyOrigin, Usage
from proxy.exchange.ports import Ruling

CATEGORIES: dict[str, tuple[str, ...]] = {
    "harassment": ("toxic_reply",),
    "harassment/threatening": (),
    "hate": ("hte",),
    "hate/threatening": (),
    "illicit": ("ncr", "iwp"),
    "illicit/violent": ("iwp",),
    "self-harm": ("ssh",),
    "self-harm/instructions": (),
    "self-harm/intent": (),
    "sexual": ("sxc", "src", "cse"),
    "sexual/minors": ("cse",),
    "violence": ("vcr",),
    "violence/graphic": (),
}
"""OpenAI's thirteen moderation categories and the labels of ours that speak of the same thing.

A category's score is the highest of its labels; one without a label is never flagged. All labels appear
under their own names too: `harm`, `jailbreak`, `prompt_injection`, `dfm` (defamation), `spc` (specialised
advice), `prv` (privacy), `ipv` (intellectual property), `harm_delivered` and whatever else a user's own model
measures have no OpenAI category.
"""

_REFUSAL_KINDS = frozenset({"comply", "partial", "refuse", "unable"})


class Shape(StrEnum):
    """How a blocked answer looks."""

    MESSAGE = "message"
    REFUSAL = "refusal"
    ERROR = "error"


def block_shape(style: BlockStyle, structured: bool) -> Shape:
    """The shape for a policy's style and a client that does or does not parse the answer."""
    if style != "auto":
        return Shape(style)
    return Shape.REFUSAL if structured else Shape.MESSAGE


@dataclass(frozen=True, slots=True)
class Identity:
    """What all parts of one answer share. `created`: seconds since the epoch."""

    id: str
    created: int
    model: str

    @classmethod
    def canned(cls, exchange: Exchange, now: float, prefix: str = "chatcmpl-") -> Identity:
        """For an answer that no upstream gave."""
        return cls(f"{prefix}{exchange.id}", int(now), exchange.model)

    @classmethod
    def of(cls, data: Mapping[str, Any], fallback: Identity) -> Identity:
        """The upstream's own, where it is well-formed."""
        found = (data.get("id"), data.get("created"), data.get("model"))
        if type(found[0]) is str and found[0] and type(found[1]) is int and type(found[2]) is str:
            return cls(found[0], found[1], found[2])
        return fallback


def replaced_message(replacement: Replacement, shape: Shape) -> tuple[dict[str, Any], str]:
    """Message and finish reason that stand in for a choice."""
    text = replacement.text
    if replacement.origin is ReplyOrigin.REVISED:
        return {"role": "assistant", "content": text, "refusal": None}, "stop"
    if shape is Shape.REFUSAL:
        return {"role": "assistant", "content": None, "refusal": text}, "stop"
    return {"role": "assistant", "content": text, "refusal": None}, "content_filter"


class ChatForm:
    """How Gatehouse's own answers and chunks are written. `prefix`: of ids; `whole`, `piece`: names."""

    prefix = "chatcmpl-"
    whole = "chat.completion"
    piece = "chat.completion.chunk"

    def replaced_choice(self, index: int, replacement: Replacement, shape: Shape) -> dict[str, Any]:
        """A choice with nothing left of the answer it replaces."""
        message, finish = replaced_message(replacement, shape)
        return {"index": index, "message": message, "logprobs": None, "finish_reason": finish}

    def chunk_choice(self, index: int, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        """One choice of a chunk."""
        return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}

    def said(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """The delta that says a whole choice."""
        message = choice.get("message") or {}
        delta = {name: value for name, value in message.items() if value is not None}
        calls = delta.get("tool_calls")
        if type(calls) is list:
            delta["tool_calls"] = [{"index": place, **call} for place, call in enumerate(calls)]
        return delta

    def completion(
        self, identity: Identity, choices: Sequence[Mapping[str, Any]], usage: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A whole completion of Gatehouse's own."""
        return {**self._head(identity, self.whole), "choices": list(choices), "usage": usage}

    def chunk(self, identity: Identity, choices: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
        """One chunk of a stream. `more`: `usage` or `moderation`."""
        return {**self._head(identity, self.piece), "choices": list(choices), **more}

    @staticmethod
    def _head(identity: Identity, name: str) -> dict[str, Any]:
        return {"id": identity.id, "object": name, "created": identity.created, "model": identity.model}


CHAT = ChatForm()


def usage_body(usage: Usage | None) -> dict[str, Any]:
    """Usage in the wire's form; zeros where no model was called."""
    known = usage or Usage()
    body: dict[str, Any] = {
        "prompt_tokens": known.prompt_tokens,
        "completion_tokens": known.completion_tokens,
        "total_tokens": known.prompt_tokens + known.completion_tokens,
    }
    if known.cached_tokens:
        body["prompt_tokens_details"] = {"cached_tokens": known.cached_tokens}
    return body


def moderation(exchange: Exchange, ruling: Ruling) -> dict[str, Any]:
    """The `moderation` field: both sides, each results or the reason why there are none."""
    policy = exchange.bundle.policy
    model = f"gatehouse/{policy.name}@{policy.version}"
    output = tuple((k, v) for k, v in ruling.output_scores if k not in _REFUSAL_KINDS)
    ran = bool(ruling.scores) or ruling.input_verdict.action is not Action.ALLOW
    return {
        "input": _side(model, (ruling.input_verdict,), ruling.scores, ran),
        "output": _side(model, ruling.output_verdicts, output, ruling.evaluated_output),
    }


def _side(
    model: str, verdicts: Sequence[Verdict], scores: Sequence[tuple[str, float]], evaluated: bool
) -> dict[str, Any]:
    failure = next((verdict.failure for verdict in verdicts if verdict.failure is not None), None)
    if failure is not None or not evaluated:
        reason = "not_evaluated" if failure in (None, "not_run") else f"guard_{failure}"
        return {"type": "error", "code": reason, "message": "No guard has judged this side."}
    return {
        "type": "moderation_results",
        "model": model,
        "results": [moderation_result(model, verdicts, dict(scores))],
    }


def moderation_result(model: str, verdicts: Sequence[Verdict], labels: Mapping[str, float]) -> dict[str, Any]:
    """OpenAI's categories and our own labels of one text: scores, and what the policy flags."""
    flagged = {label for verdict in verdicts for label in verdict.flagged}
    scores = {
        category: max((labels.get(label, 0.0) for label in ours), default=0.0)
        for category, ours in CATEGORIES.items()
    }
    categories = {category: not flagged.isdisjoint(ours) for category, ours in CATEGORIES.items()}
    scores |= labels
    categories |= {label: label in flagged for label in (*labels, *sorted(flagged - labels.keys()))}
    for label in flagged:
        scores.setdefault(label, 0.0)
    return {
        "type": "moderation_result",
        "model": model,
        "flagged": bool(flagged) or any(verdict.action is not Action.ALLOW for verdict in verdicts),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": {
            name: [] if name in CATEGORIES and labels.keys().isdisjoint(CATEGORIES[name]) else ["text"]
            for name in categories
        },
    }
