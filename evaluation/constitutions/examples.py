"""A constitution's own examples and tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.constitutions.judging import Critic, judge
from policies.constitution import Constitution, compile_constitution


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What was expected of an exchange and what was found: a verdict on `clause`, or what it breaks."""

    clause: str
    request: str
    expected: str
    got: str

    @property
    def passed(self) -> bool:
        """Whether they are the same."""
        return self.expected == self.got


def run_examples(critic: Critic, constitution: Constitution) -> tuple[ExampleResult, ...]:
    """Every example of every clause, in the mode it belongs to, then every test of the file."""
    return (*_examples(critic, constitution), *_tests(critic, constitution))


def _examples(critic: Critic, constitution: Constitution) -> Iterator[ExampleResult]:
    for mode in ("regular", *constitution.modes):
        compiled = compile_constitution(constitution, mode)
        own = {each.id for each in constitution.modes.get(mode, constitution.principles)}
        for clause in (each for each in compiled.principles if each.id in own):
            for example in clause.examples:
                got = judge(critic, compiled, example.request, example.reply).verdict(clause.id)
                yield ExampleResult(clause.id, example.request, example.verdict, got)


def _tests(critic: Critic, constitution: Constitution) -> Iterator[ExampleResult]:
    compiled = compile_constitution(constitution)
    for test in constitution.tests:
        judged = judge(critic, compiled, test.request, test.reply)
        got = _listed(judged.breaks) if judged.read else "unread"
        yield ExampleResult("", test.request, _listed(test.breaks), got)


def _listed(clauses: frozenset[str] | tuple[str, ...]) -> str:
    return "breaks " + ", ".join(sorted(clauses)) if clauses else "keeps all"
