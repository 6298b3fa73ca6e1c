"""Scope: what a constitution's assistant is for, told to the model as one clause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.constitution import Bite, Example, Principle

SCOPE = "scope"
"""Id of the clause that a scope becomes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Topics that are taken up (none: all), topics that are not, and sources that answers may rest on.

    `examples` and `bite` are those of the clause.
    """

    topics_in: tuple[str, ...] = ()
    topics_out: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    bite: Bite | None = None


def narrowed(scopes: Iterable[Scope]) -> Scope | None:
    """Scopes of a chain, the most general first: what is out stays out, the last lists of the others hold."""
    found: Scope | None = None
    for scope in scopes:
        before = found or Scope()
        found = Scope(
            scope.topics_in or before.topics_in,
            tuple(dict.fromkeys((*before.topics_out, *scope.topics_out))),
            scope.sources or before.sources,
            scope.examples or before.examples,
            scope.bite or before.bite,
        )
    return found


def scope_clause(scope: Scope) -> Principle:
    """The clause of a scope, with what a critic asks and how a draft is mended."""
    wanted = f"Help with {_listed(scope.topics_in)}." if scope.topics_in else "Help with any other topic."
    sources = f" Rely on {_listed(scope.sources)}, and say when they do not answer." if scope.sources else ""
    left_out = _listed(scope.topics_out, last="or")
    if left_out:
        limit = f"Do not take up {left_out}; say so in one sentence and name who can help."
    else:
        limit = "For anything else say in one sentence who can help."
    return Principle(
        id=SCOPE,
        title="Scope",
        behaviour=wanted + sources,
        limit=limit,
        critique="Does the draft take up something outside this scope, or rest on other sources?",
        revision="Keep what is in scope; in place of the rest say in one sentence who can help.",
        examples=scope.examples,
        bite=scope.bite,
    )


def _listed(items: tuple[str, ...], last: str = "and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
