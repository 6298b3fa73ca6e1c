"""The bite test: every clause is turned round and taken out, and the verdicts must follow.

Two opposite rules (the clause, its `bite.opposite`) cross its examples, of which one keeps it and one
breaks it (four items at least): neither the rule nor the exchange alone predicts the verdict. Without
the clause nothing may be held against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from evaluation.constitutions.judging import Critic, judge
from policies.constitution import CompiledConstitution, Constitution, Principle, compile_constitution


@dataclass(frozen=True, slots=True)
class BiteItem:
    """One question to the critic. `rule`: own, opposite or removed; `got` may be `unread`."""

    clause: str
    rule: str
    request: str
    reply: str
    expected: str
    got: str

    @property
    def followed(self) -> bool:
        """Whether the verdict followed the rule."""
        return self.got == self.expected


@dataclass(frozen=True, slots=True)
class ClauseBite:
    """All items of one clause. `problems`: what keeps it from being tested at all."""

    clause: str
    items: tuple[BiteItem, ...]
    problems: tuple[str, ...] = ()

    @property
    def crossed(self) -> tuple[BiteItem, ...]:
        """Items under the clause and its opposite."""
        return tuple(item for item in self.items if item.rule != "removed")

    @property
    def bites(self) -> bool:
        """Whether every verdict followed the rule, and the clause's removal too."""
        return not self.problems and all(item.followed for item in self.items)


def bite(critic: Critic, constitution: Constitution) -> tuple[ClauseBite, ...]:
    """Every clause, the style clauses of modes too, in their order of priority."""
    compiled = compile_constitution(constitution)
    found = [_clause_bite(critic, compiled, each) for each in compiled.principles]
    for mode, principles in constitution.modes.items():
        toned = compile_constitution(constitution, mode)
        own = {each.id for each in principles}
        found += [_clause_bite(critic, toned, each) for each in toned.principles if each.id in own]
    return tuple(found)


def _clause_bite(critic: Critic, compiled: CompiledConstitution, clause: Principle) -> ClauseBite:
    name = clause.id if compiled.mode == "regular" else f"{clause.id}+{compiled.mode}"
    problems = tuple(_untestable(clause))
    if problems:
        return ClauseBite(name, (), problems)
    return ClauseBite(name, tuple(_items(critic, compiled, clause)))


def _untestable(clause: Principle) -> Iterator[str]:
    if clause.bite is None:
        yield "it has no opposite"
    verdicts = [example.verdict for example in clause.examples]
    if "keep" not in verdicts or "break" not in verdicts:
        yield "it needs an example that keeps it and one that breaks it"
    if not clause.critique or not clause.revision:
        yield "it needs a critique and a revision request"


def _items(critic: Critic, compiled: CompiledConstitution, clause: Principle) -> Iterator[BiteItem]:
    rules = {"own": compiled, "opposite": _turned(compiled, clause), "removed": _without(compiled, clause)}
    for rule, constitution in rules.items():
        for example in clause.examples:
            expected = _expected(rule, example.verdict)
            got = judge(critic, constitution, example.request, example.reply).verdict(clause.id)
            yield BiteItem(clause.id, rule, example.request, example.reply, expected, got)


def _expected(rule: str, verdict: str) -> str:
    if rule == "removed":
        return "keep"
    return verdict if rule == "own" else {"keep": "break", "break": "keep"}[verdict]


def _turned(compiled: CompiledConstitution, clause: Principle) -> CompiledConstitution:
    """The opposite in the clause's place. Critique, examples and checks speak for the clause: they go."""
    opposite = clause.bite.opposite if clause.bite is not None else ""
    turned = replace(clause, behaviour=opposite, limit="", critique="", revision="", examples=(), checks=())
    principles = tuple(turned if each.id == clause.id else each for each in compiled.principles)
    return replace(compiled, principles=principles)


def _without(compiled: CompiledConstitution, clause: Principle) -> CompiledConstitution:
    return replace(compiled, principles=tuple(each for each in compiled.principles if each.id != clause.id))
