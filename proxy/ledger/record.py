"""Decision records: what the events of an exchange come to, as plain JSON values without content.

The record of an exchange is told by its `ExchangeClosed`; stages, guard failures, critique rounds and
replacements that were told before are gathered into it. Lists are in the order of events.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from policies.verdict import Verdict
from proxy.exchange.coverage import Coverage
from proxy.exchange.events import (
    CandidateJudged,
    CritiqueRound,
    ExchangeClosed,
    ExchangeOpened,
    FeedbackGiven,
    GuardFailed,
    LedgerEvent,
    RefusalSeen,
    ReplyReplaced,
    RequestRejected,
    VerdictGiven,
)
from proxy.exchange.exchange import Usage
from proxy.ledger.redact import one_line, scrub

Record = dict[str, Any]
_LONGEST_NAME = 128
_CANDIDATE = ("policy", "policy_digest", "result", "side", "rule", "live", "candidate")
_NAMES_KEPT = 1_024


class RecordBook:
    """Gathers events into records. `pending` bounds the exchanges under way that are remembered; the
    oldest beyond it loses its gathered details, never its record."""

    def __init__(self, pending: int = 8_192) -> None:
        self._pending_limit = pending
        self._details: OrderedDict[str, dict[str, list[Record]]] = OrderedDict()
        self._opened: dict[str, Record] = {}
        self._names: dict[str, str] = {}

    def add(self, at: float, event: LedgerEvent) -> Record | None:
        """The record this event completes, if it does. `at`: seconds since the epoch."""
        if isinstance(event, ExchangeClosed):
            self._opened.pop(event.exchange, None)
            details = self._details.pop(event.exchange, {})
            return closed_record(at, event, self._name(event.model), details)
        if isinstance(event, FeedbackGiven):
            return feedback_record(at, event)
        if isinstance(event, ExchangeOpened):
            self._opened[event.exchange] = opened_record(at, event)
        elif not isinstance(event, RequestRejected):
            self._note(event)
        return None

    def started(self) -> list[Record]:
        """Start records of exchanges that are still under way, each once."""
        records = list(self._opened.values())
        self._opened.clear()
        return records

    def _name(self, text: str) -> str:
        known = self._names.get(text)
        if known is None:
            if len(self._names) >= _NAMES_KEPT:
                self._names.clear()
            known = self._names[text] = printable_name(text)
        return known

    def _note(self, event: _Detail) -> None:
        details = self._details.get(event.exchange)
        if details is None:
            details = self._details[event.exchange] = {}
            if len(self._details) > self._pending_limit:
                self._details.popitem(last=False)
        name, detail = _detail(event)
        details.setdefault(name, []).append(detail)


def closed_record(at: float, event: ExchangeClosed, model: str, details: dict[str, list[Record]]) -> Record:
    """The one record of an exchange. Durations (`us`) in whole microseconds; `model` is fit to print."""
    record: Record = {
        "kind": "exchange",
        "at": round(at, 3),
        "id": event.exchange,
        "surface": event.surface,
        "tenant": event.tenant,
        "model": model,
        "policy": event.policy,
        "policy_digest": event.policy_digest,
        "constitution": event.constitution,
        "constitution_digest": event.constitution_digest,
        "classifiers": event.models,
        "stream": event.stream,
        "delivery": event.delivery,
        "outcome": event.outcome,
        "status": event.status,
        "reply": event.reply,
        "language": event.language,
        "input": _verdict(event.input_verdict),
        "input_screened": event.input_screened,
        "output": [_verdict(verdict) for verdict in event.output_verdicts],
        "output_screened": event.output_screened,
        "scores": event.scores,
        "output_scores": event.output_scores,
        "refusals": event.refusals,
        "suspected_over_refusal": event.suspected_over_refusal,
        "coverage": round(event.coverage, 4),
        "uncovered": event.uncovered,
        "input_text": _text(event.input_text),
        "output_text": _text(event.output_text),
        "output_uncovered": event.output_uncovered,
        "withheld": event.withheld,
        "lane": event.lane,
        "evidence": event.evidence,
        "input_unsupported": event.input_unsupported,
        "output_unsupported": event.output_unsupported,
        "end_user": event.end_user,
        "finish": event.finish,
        "usage": _usage(event.usage),
        "constitution_tokens": event.constitution_tokens,
        "review_tokens": event.review_tokens,
        "us": _durations(event),
        **details,
    }
    if event.error:
        record["error"] = event.error
    return record


def opened_record(at: float, event: ExchangeOpened) -> Record:
    """What stays of an exchange that a crash cut short."""
    return {
        "kind": "opened",
        "at": round(at, 3),
        "id": event.exchange,
        "surface": event.surface,
        "tenant": event.tenant,
        "policy": event.policy,
        "policy_digest": event.policy_digest,
        "stream": event.stream,
    }


def feedback_record(at: float, event: FeedbackGiven) -> Record:
    """An opinion on a decision; `id` joins it to the record of the exchange."""
    record: Record = {
        "kind": "feedback",
        "at": round(at, 3),
        "id": printable_name(event.exchange),
        "tenant": event.tenant,
        "feedback": event.kind,
        "comment_length": event.comment_length,
    }
    if event.comment:
        record["comment"] = event.comment
    return record


def _durations(event: ExchangeClosed) -> Record:
    first = event.first_byte_seconds
    return {
        "total": _micro(event.total_seconds),
        "upstream": _micro(event.upstream_seconds),
        "review": _micro(event.review_seconds),
        "overhead": _micro(event.overhead_seconds),
        "first_byte": None if first is None else _micro(first),
    }


def _verdict(verdict: Verdict) -> Record:
    if verdict.rule == "" and verdict.failure is None and not verdict.flagged:
        return {"action": verdict.action, "would": verdict.would}
    return {
        "action": verdict.action,
        "would": verdict.would,
        "category": verdict.category,
        "rule": verdict.rule,
        "score": verdict.score,
        "threshold": verdict.threshold,
        "failure": verdict.failure,
        "flagged": verdict.flagged,
        "index": verdict.index,
    }


def _usage(usage: Usage | None) -> Record | None:
    if usage is None:
        return None
    return {
        "prompt": usage.prompt_tokens,
        "completion": usage.completion_tokens,
        "cached": usage.cached_tokens,
    }


_Detail = VerdictGiven | GuardFailed | RefusalSeen | CritiqueRound | ReplyReplaced | CandidateJudged


def _detail(event: _Detail) -> tuple[str, Record]:
    match event:
        case VerdictGiven():
            action, spent = event.verdict.action, _micro(event.seconds)
            return "stages", {"stage": event.stage, "action": action, "us": spent, "cached": event.cached}
        case GuardFailed():
            return "guard_failures", {"stage": event.stage, "failure": event.failure, "mode": event.mode}
        case RefusalSeen():
            seen = {"origin": event.origin, "refusal": event.kind, "category": event.category}
            return "refusals_seen", {**seen, "suspected": event.suspected}
        case CandidateJudged():
            told = {name: getattr(event, name) for name in _CANDIDATE}
            return "candidate", told
        case ReplyReplaced():
            return "replaced", {
                "choice": event.choice,
                "origin": event.origin,
                "category": event.category,
                "late": event.late,
            }
    return "rounds", {
        "outcome": event.outcome,
        "us": _micro(event.seconds),
        "findings": event.findings,
        "void_findings": event.void_findings,
        "trigger": event.trigger,
        "critic": event.critic,
        "delivered": event.delivered,
        "rounds": event.rounds,
        "evidence": event.evidence,
        "critiques": event.critiques,
        "unreadable": event.unreadable,
        "canary": event.canary,
        "critique_usage": _usage(event.critique_usage),
        "revision_usage": _usage(event.revision_usage),
    }


def _text(coverage: Coverage) -> Record:
    return {
        "characters": coverage.characters,
        "judged": coverage.judged,
        "unread": dict(coverage.unread),
    }


def _micro(seconds: float) -> int:
    return int(seconds * 1_000_000)


def printable_name(text: str) -> str:
    """A name that a client chose: short, on one line, without a key in it."""
    return one_line(scrub(text[:_LONGEST_NAME]))
