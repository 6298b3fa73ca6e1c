"""What changes from one constitution to another: verdicts that flip, and the version that this asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from evaluation.constitutions.borderline import BorderlineExchange
from evaluation.constitutions.judging import Critic, judge
from policies.constitution import CompiledConstitution, Principle

Change = Literal["none", "patch", "minor", "major"]
CHANGES: tuple[Change, ...] = ("none", "patch", "minor", "major")
"""Parts of a semantic version, the smallest change first."""


@dataclass(frozen=True, slots=True)
class Flip:
    """One verdict that is another one: `keep`, `break`, `unread`, or `-` where there is no such clause."""

    exchange: str
    clause: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Flips by clause, what changed in the clauses themselves, and the change of version that both ask for.

    `declared` is None where two constitutions of different names are compared: siblings have no version
    in common.
    """

    exchanges: int
    flips: tuple[Flip, ...]
    unread: int
    clauses: tuple[str, ...]
    needed: Change
    declared: Change | None

    @property
    def honest(self) -> bool:
        """Whether the version says at least as much as changed; what was not read cannot be vouched for."""
        if self.declared is None:
            return not self.unread
        return not self.unread and CHANGES.index(self.declared) >= CHANGES.index(self.needed)


def compare(
    critic: Critic,
    before: CompiledConstitution,
    after: CompiledConstitution,
    corpus: Iterable[BorderlineExchange],
) -> Comparison:
    """Both constitutions on every exchange of the corpus."""
    rows = tuple(corpus)
    found = tuple(flip for row in rows for flip in _flips(critic, before, after, row))
    flips = tuple(flip for flip in found if "unread" not in (flip.before, flip.after))
    changes = tuple(clause_changes(before, after))
    related = before.name == after.name
    return Comparison(
        exchanges=len(rows),
        flips=flips,
        unread=len(found) - len(flips),
        clauses=tuple(text for _, text in changes),
        needed=_needed(before, after, flips, [size for size, _ in changes]),
        declared=declared_change(before.version, after.version) if related else None,
    )


def declared_change(before: str, after: str) -> Change:
    """The part of a semantic version that was raised; a version that went back declares nothing."""
    old, new = _numbers(before), _numbers(after)
    if new <= old:
        return "patch" if new == old and before != after else "none"
    if new[0] > old[0]:
        return "major"
    return "minor" if new[1] > old[1] else "patch"


def clause_changes(before: CompiledConstitution, after: CompiledConstitution) -> Iterator[tuple[Change, str]]:
    """What happened to clauses, with the change of version that it asks for."""
    old = {clause.id: clause for clause in before.principles}
    new = {clause.id: clause for clause in after.principles}
    for name in sorted(old.keys() - new.keys()):
        yield "major", f"{name}: removed"
    for name in sorted(new.keys() - old.keys()):
        yield "minor", f"{name}: new, {new[name].authority}"
    for name in (each for each in old if each in new):
        yield from _changes(old[name], new[name])
    if [name for name in before.priority if name in new] != [name for name in after.priority if name in old]:
        yield "major", "the order of priority"


def _changes(old: Principle, new: Principle) -> Iterator[tuple[Change, str]]:
    if old.authority != new.authority:
        yield "major", f"{old.id}: {old.authority} is now {new.authority}"
    if (old.behaviour, old.limit, old.definitions) != (new.behaviour, new.limit, new.definitions):
        yield "patch", f"{old.id}: another wording"
    if old.checks != new.checks:
        yield "minor", f"{old.id}: other checks"


def _needed(
    before: CompiledConstitution, after: CompiledConstitution, flips: tuple[Flip, ...], sizes: list[Change]
) -> Change:
    least: Change = "none" if before.digest == after.digest else "patch"
    flipped: list[Change] = ["minor"] if flips else []
    return max((least, *sizes, *flipped), key=CHANGES.index)


def _flips(
    critic: Critic, before: CompiledConstitution, after: CompiledConstitution, row: BorderlineExchange
) -> Iterator[Flip]:
    judged = [judge(critic, each, row.test.request, row.test.reply) for each in (before, after)]
    if not all(each.read for each in judged):
        yield Flip(row.id, "", *("keep" if each.read else "unread" for each in judged))
        return
    for clause in dict.fromkeys((*before.priority, *after.priority)):
        verdicts = [
            each.verdict(clause) if clause in constitution.priority else "-"
            for each, constitution in zip(judged, (before, after), strict=True)
        ]
        if "break" in verdicts and verdicts[0] != verdicts[1]:
            yield Flip(row.id, clause, *verdicts)


def _numbers(version: str) -> tuple[int, int, int]:
    numbers = [int(each) for each in re.findall(r"\d+", version.partition("-")[0])]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch
