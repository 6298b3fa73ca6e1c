"""Scopes and the clause they become."""

from __future__ import annotations

from policies.scope import Scope, narrowed, scope_clause


def test_a_scope_is_told_as_one_clause_with_a_critique() -> None:
    """Topics in, topics out, sources."""
    clause = scope_clause(Scope(("orders", "returns", "use"), ("law", "health"), ("the manual",)))
    assert clause.behaviour == (
        "Help with orders, returns and use. Rely on the manual, and say when they do not answer."
    )
    assert clause.limit.startswith("Do not take up law or health;")
    assert clause.critique
    assert clause.revision


def test_without_topics_in_all_others_are_welcome() -> None:
    """A scope may only rule out."""
    assert scope_clause(Scope(topics_out=("law",))).behaviour == "Help with any other topic."
    assert "anything else" in scope_clause(Scope(("bread",))).limit


def test_what_is_out_stays_out() -> None:
    """The last lists of topics and sources hold."""
    first, then = Scope(("a",), ("x",), ("s",)), Scope(("b",), ("y",))
    assert narrowed((first, then)) == Scope(("b",), ("x", "y"), ("s",))
    assert narrowed(()) is None
