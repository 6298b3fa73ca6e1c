"""What a ruling comes to: one action with its reasons, which every hook renders its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policies.verdict import Action, Verdict
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import Ruling


@dataclass(frozen=True, slots=True)
class Summary:
    """`verdict` decided; `side` is where (`input` or `output`); `message`: the canned text of a block."""

    verdict: Verdict
    side: str
    message: str

    @property
    def blocks(self) -> bool:
        """Whether the text must not pass."""
        return self.verdict.action is Action.BLOCK


def summarise(exchange: Exchange, ruling: Ruling) -> Summary:
    """The weightiest verdict of those that were asked for; of equal ones that of the input."""
    asked = exchange.verdict_only
    sides = [("output", verdict) for verdict in ruling.output_verdicts]
    if asked is None or asked.on_input:
        sides.insert(0, ("input", ruling.input_verdict))
    side, verdict = max(
        sides, key=lambda entry: entry[1].action.severity, default=("input", ruling.input_verdict)
    )
    message = ruling.replacements[0][1].text if ruling.replacements else ""
    return Summary(verdict, side, message)


def verdict_body(verdict: Verdict) -> dict[str, Any]:
    """One verdict; `failure` set means that a guard gave no measurement."""
    return {
        "action": verdict.action.value,
        "would": verdict.would.value,
        "category": verdict.category or None,
        "rule": verdict.rule or None,
        "reason": verdict.reason or None,
        "score": verdict.score,
        "threshold": verdict.threshold,
        "flagged": list(verdict.flagged),
        "failure": None if verdict.failure is None else verdict.failure.value,
    }
