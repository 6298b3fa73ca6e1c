"""Where the reading stands: what decided to come here, and what is repeated."""

from __future__ import annotations

import ast

from policies.decision_code.frames import Frame, Loop, joined_scopes, root_of, set_in
from policies.decision_code.purpose import Purpose
from policies.decision_code.values import Mark, Value

AGE = frozenset((Mark("age", "minimum", 1),))


def test_what_decided_over_a_branch_is_forgotten_behind_it() -> None:
    frame = Frame(Purpose("f", frozenset()), {})
    with frame.under(AGE), frame.inside(Loop(1, frozenset("x"))):
        assert frame.control == AGE
        assert frame.accumulates("y") == {1}
        assert frame.accumulates("x") == frozenset()
    assert not frame.control
    assert not frame.numbers()


def test_a_minimum_that_changes_a_number_is_a_use() -> None:
    frame = Frame(Purpose("f", frozenset()), {}, control=AGE)
    assert [mark.kind for mark in frame.forced(plain=True)] == ["minimum"]
    assert [mark.kind for mark in frame.forced(plain=False)] == ["used"]


def test_names_after_two_ways_may_be_either() -> None:
    both = joined_scopes({"a": Value(words=frozenset("x"))}, {"a": Value(words=frozenset("y"))})
    assert both["a"].words == {"x", "y"}


def test_roots_and_names_that_are_set() -> None:
    assert root_of(ast.parse("df.a['b'].c", mode="eval").body) == "df"
    assert root_of(ast.parse("f().a", mode="eval").body) == ""
    assert set_in(ast.parse("a = 1\nb += 1\nc, d = 1, 2").body) == {"a", "c", "d"}


def test_an_element_knows_its_collection_while_its_loop_is_under_way() -> None:
    frame = Frame(Purpose("f", frozenset()), {})
    with frame.inside(Loop(1, frozenset(), "people")):
        assert frame.collection_of(Value(loops=frozenset((1,)))) == "people"
        assert not frame.collection_of(Value(loops=frozenset((2,))))
    assert not frame.collection_of(Value(loops=frozenset((1,))))


def test_functions_defined_before_see_what_is_bound_later() -> None:
    scope: dict[str, Value] = {}
    frame = Frame(Purpose("f", frozenset()), scope)
    frame.become({"x": Value(words=frozenset("x"))})
    assert scope["x"].words == {"x"}
