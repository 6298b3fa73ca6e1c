"""Events as a corridor would tell them, for tests of whatever listens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.verdict import ALLOWED, Stage
from proxy.exchange.events import ExchangeClosed, LedgerEvent, VerdictGiven
from proxy.exchange.exchange import Delivery, ReplyOrigin, Usage


def an_exchange_closed(decision: str = "gh-1", **changes: Any) -> ExchangeClosed:
    """The last word on an ordinary exchange, with changes."""
    event = ExchangeClosed(
        exchange=decision,
        surface="chat_completions",
        tenant="default",
        model="gpt-x",
        policy="default",
        policy_digest="sha256:" + "a" * 64,
        constitution="default@1.0",
        constitution_digest="sha256:" + "b" * 64,
        stream=False,
        delivery=Delivery.BUFFERED,
        outcome="completed",
        status=200,
        reply=ReplyOrigin.UPSTREAM,
        started=1.0,
        total_seconds=0.5,
        upstream_seconds=0.4,
        review_seconds=0.0,
        first_byte_seconds=0.45,
        input_verdict=ALLOWED,
        output_verdicts=(ALLOWED,),
        refusals=("comply",),
        suspected_over_refusal=False,
        coverage=1.0,
        uncovered=(),
        scores={"harm": 0.25},
        usage=Usage(10, 20, 0),
        constitution_tokens=300,
        models=("gatehouse-input@0.1.0",),
        finish=("stop",),
        overhead_seconds=0.05,
        input_screened=True,
        output_screened=True,
    )
    return replace(event, **changes)


def an_exchange(decision: str = "gh-1", **changes: Any) -> list[LedgerEvent]:
    """All events of an ordinary exchange in their order."""
    return [
        VerdictGiven(decision, Stage.DURING_CALL, ALLOWED, 0.004),
        VerdictGiven(decision, Stage.POST_CALL, ALLOWED, 0.002),
        an_exchange_closed(decision, **changes),
    ]
