"""A behavioural diff of two policies: which recorded exchanges would be decided otherwise, by which rule.

For Python only: the readings are the caller's. `gatehouse candidate report` compares on what was served.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from classifiers.classification import Conversation
from policies.policy import Policy
from policies.rules import KINDS, judge
from policies.verdict import Action, Failure, Reading, Stage, Verdict

_EMPTY = Conversation(())


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one stage saw. Without content (`conversation` empty) only score rules can be compared."""

    id: str
    stage: Stage
    readings: tuple[Reading, ...]
    conversation: Conversation = _EMPTY
    text: str = ""
    failure: Failure | None = None
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class Flip:
    """One record that two policies decide differently. `rule` is the one that decides the graver side."""

    id: str
    stage: Stage
    before: Action
    after: Action
    rule: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`unseen`: rules that content-free records cannot exercise, so that no flip is no proof for them."""

    total: int
    flips: tuple[Flip, ...]
    unseen: tuple[str, ...] = ()

    def by_rule(self) -> dict[str, tuple[Flip, ...]]:
        """Flips under the rule that causes them, most flips first."""
        rules = {flip.rule for flip in self.flips}
        grouped = {rule: tuple(flip for flip in self.flips if flip.rule == rule) for rule in rules}
        return dict(sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0])))


def compare(
    before: Policy, after: Policy, records: Iterable[Recorded], *, enforced: bool = True
) -> Comparison:
    """Judge every record under both policies. With `enforced` off, monitored rules count as well."""
    seen = list(records)
    flips = [flip for record in seen if (flip := _flip(before, after, record, enforced)) is not None]
    blind = any(not record.conversation.turns and not record.text for record in seen)
    return Comparison(len(seen), tuple(flips), _readers_of_text(before, after) if blind else ())


def _flip(before: Policy, after: Policy, record: Recorded, enforced: bool) -> Flip | None:
    old, new = _judged(before, record), _judged(after, record)
    was, now = (old.action, new.action) if enforced else (old.would, new.would)
    if was is now:
        return None
    graver = new if now.severity > was.severity else old
    rule = graver.rule if enforced else graver.would_rule
    return Flip(record.id, record.stage, was, now, rule)


def _judged(policy: Policy, record: Recorded) -> Verdict:
    return judge(
        policy,
        record.stage,
        record.readings,
        conversation=record.conversation,
        text=record.text,
        failure=record.failure,
        flagged=record.flagged,
    )


def _readers_of_text(*policies: Policy) -> tuple[str, ...]:
    found = (
        rule.id
        for policy in policies
        for rule in policy.rules
        if rule.mode != "off" and KINDS[rule.kind].wakes_on == "text"
    )
    return tuple(dict.fromkeys(found))
