"""What is said in place of a draft that must not leave: a clause's own words, else the policy's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from policies.constitution import CompiledConstitution, Principle
from policies.replies import CannedReplies, tags

StandInKind = Literal["safe_partial", "canned"]


@dataclass(frozen=True, slots=True)
class StandIn:
    """Words for the client. `safe_partial`: in place of the part that broke a clause; `canned`: of it all."""

    kind: StandInKind = "canned"
    text: str = ""


def stand_in(
    constitution: CompiledConstitution,
    replies: CannedReplies,
    cited: Collection[str],
    *,
    category: str,
    language: str,
    decision: str,
) -> StandIn:
    """The words for a draft that was withheld because of some clauses, or only by its category.

    The language comes first (`de-AT`, then `de`, then `en`), as it does for canned replies. In it the clause
    that decides first speaks, then the policy's safe-partial replies of clauses and category, then its canned
    one.
    """
    clauses = [principle for principle in constitution.principles if principle.id in cited]
    for tag in tags(language):
        for found in _spoken(clauses, replies, category, tag):
            return StandIn(found.kind, replies.appealable(found.text, tag, decision))
    return StandIn()


def _spoken(
    clauses: Sequence[Principle], replies: CannedReplies, category: str, tag: str
) -> Iterator[StandIn]:
    """Everything that could be said in a language, the most fitting first."""
    for clause in clauses:
        yield from (StandIn("safe_partial", text) for known, text in clause.safe_partial if known == tag)
        yield from (StandIn("canned", text) for known, text in clause.canned if known == tag)
    partials = replies.partials.get(tag, {})
    for key in (*(clause.id for clause in clauses), category):
        if key in partials:
            yield StandIn("safe_partial", partials[key])
    if tag in replies.texts:
        yield StandIn("canned", replies.unfinished(category, tag))
