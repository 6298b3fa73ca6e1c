"""What a review leaves for training: conversation, draft, critique and revision, as plain texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from classifiers.classification import Conversation, Turn
from policies.critique import ReviewOutcome, ReviewResult
from policies.verdict import Verdict
from proxy.exchange.exchange import Exchange

LONGEST_PAIR = 256 * 1024
"""Characters of all texts of a pair; longer ones are not kept."""


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """A reviewed answer with its texts: content, which leaves memory for tenants that consent and no others.

    `messages`: role and text of the conversation in its order; `delivered`: `draft`, `revision`, or what took
    their place; `risk`: score that led to the review; `end_user`: keyed digest, empty where nobody was named;
    `client`: see `Exchange.client`.
    """

    exchange: str
    choice: int
    tenant: str
    model: str
    language: str
    messages: tuple[tuple[str, str], ...]
    draft: str
    critique: str
    revision: str
    outcome: ReviewOutcome
    delivered: str
    category: str
    risk: float
    end_user: str
    client: str = field(repr=False)
    policy: str
    policy_digest: str
    constitution: str
    constitution_digest: str

    @property
    def size(self) -> int:
        """Characters of all its texts."""
        texts = (self.draft, self.critique, self.revision, *(text for _, text in self.messages))
        return sum(map(len, texts))


class PairKeeper(Protocol):
    """Keeps pairs of tenants that consent; must not block and must not raise."""

    def consents(self, exchange: Exchange) -> bool:
        """Whether texts of this exchange may be kept."""

    def keep(self, pair: PreferencePair) -> None:
        """Take one pair."""


def pair_of(
    exchange: Exchange, choice: int, draft: str, verdict: Verdict, result: ReviewResult
) -> PreferencePair:
    """The pair that a review of one choice leaves."""
    policy, constitution = exchange.bundle.policy, exchange.bundle.constitution
    return PreferencePair(
        exchange=exchange.id,
        choice=choice,
        tenant=exchange.tenant,
        model=exchange.model,
        language=exchange.language,
        messages=tuple(messages(exchange.conversation)),
        draft=draft,
        critique=result.critique,
        revision=result.revision,
        outcome=result.outcome,
        delivered=result.deliver,
        category=verdict.category,
        risk=verdict.score or 0.0,
        end_user=exchange.end_user,
        client=exchange.client,
        policy=policy.label,
        policy_digest=policy.digest,
        constitution=constitution.label,
        constitution_digest=constitution.digest,
    )


def messages(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """Messages of a conversation; parts of one are joined by blank lines, and what is none is left out."""
    together: list[Turn] = []
    for turn in (*conversation.turns, None):
        if together and (turn is None or turn.place != together[-1].place or turn.place < 0):
            yield together[0].role, "\n\n".join(each.text for each in together)
            together = []
        if turn is not None and (turn.place >= 0 or turn.role in ("user", "system", "assistant")):
            together.append(turn)
