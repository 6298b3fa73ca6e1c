"""The shadow of an exchange: what a candidate policy would have decided on the same measurements.

It is fed while the exchange walks and judged when it closes, after the client has its answer: nothing is
measured for it and nobody waits for it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from policies.candidate import Decision, Difference, differ, input_verdict, reads_together
from policies.policy import Policy
from policies.rules import judge
from policies.verdict import Action, Failure, Reading, Stage, Verdict
from proxy.exchange.events import CandidateJudged
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import Screening

_log = logging.getLogger("gatehouse.candidate")


@dataclass(frozen=True, slots=True)
class _Choice:
    """The last that was judged of a choice of the answer."""

    text: str
    screening: Screening
    unseen: tuple[str, ...]


@dataclass(slots=True)
class Shadow:
    """`joins`: the serving policy has turns read together; a candidate alone cannot ask for that."""

    exchange: Exchange
    candidate: Policy
    joins: bool
    _readings: dict[tuple[str, str, int], Reading] = field(default_factory=dict)
    _failure: Failure | None = None
    _choices: dict[int, _Choice] = field(default_factory=dict)

    def saw_input(self, screening: Screening) -> None:
        """A stage of the input was measured."""
        for reading in screening.readings:
            self._readings[reading.classifier, reading.origin, reading.index] = reading
        self._failure = self._failure or screening.failure

    def saw_output(self, index: int, text: str, screening: Screening, unseen: tuple[str, ...]) -> None:
        """A choice, or the part of it that has arrived, was measured."""
        self._choices[index] = _Choice(text, screening, unseen)

    def compared(self, served: Decision) -> CandidateJudged:
        """What is told of the candidate. A candidate that cannot be judged says nothing, and hurts nobody."""
        try:
            found = differ(served, self._decision())
        except Exception as error:  # noqa: BLE001 - the exchange has its record, whatever a candidate does
            _log.error("candidate %s: %s", self.candidate.name, type(error).__name__)
            action = served.gravest[0].action
            found = Difference("unmeasured", "", "", action, action)
        policy = self.candidate
        return CandidateJudged(
            self.exchange.id,
            policy.label,
            policy.digest,
            found.result,
            found.side,
            found.rule,
            found.live,
            found.candidate,
        )

    def _decision(self) -> Decision:
        exchange, candidate = self.exchange, self.candidate
        failure = self._failure
        if not self.joins and reads_together(candidate):
            failure = failure or Failure.NOT_RUN
        verdict = input_verdict(candidate, tuple(self._readings.values()), exchange.conversation, failure)
        if verdict.action is Action.BLOCK:
            return Decision(verdict)
        flagged = exchange.fetched or verdict.would.severity > 0
        return Decision(verdict, tuple(self._judged(each, flagged) for each in self._choices.values()))

    def _judged(self, choice: _Choice, flagged: bool) -> Verdict:
        return judge(
            self.candidate,
            Stage.POST_CALL,
            choice.screening.readings,
            conversation=self.exchange.conversation,
            text=choice.text,
            failure=choice.screening.failure,
            flagged=flagged,
            unseen=choice.unseen,
        )
