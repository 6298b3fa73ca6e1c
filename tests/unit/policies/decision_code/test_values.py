"""Marks keep what they came from and where they decide."""

from __future__ import annotations

from policies.decision_code.values import (
    MOST_MARKS,
    Mark,
    Value,
    bounded,
    joined,
    of_population,
    used,
    weighed,
    within,
)


def test_the_line_of_the_first_use_stays() -> None:
    mark = Mark("age", "carried", 1, path=(1,)).used(3).used(7)
    assert (mark.line, mark.path) == (3, (1, 3, 7))


def test_a_legal_minimum_survives_a_choice_but_no_computation() -> None:
    marks = [Mark("age", "minimum", 1)]
    assert [each.kind for each in weighed(marks, 2)] == ["minimum"]
    assert [each.kind for each in used(marks, 2)] == ["used"]


def test_marks_of_elements_describe_their_collection() -> None:
    inside = within([Mark("age", "used", 1)], 7)
    assert all(mark.population for mark in of_population(inside, 7))
    assert not any(mark.population for mark in of_population(inside, 8))


def test_there_are_never_too_many_marks() -> None:
    marks = frozenset(Mark("age", "used", line) for line in range(500))
    assert len(bounded(marks)) == MOST_MARKS


def test_a_value_that_may_be_several_has_the_marks_of_all() -> None:
    both = joined([Value(words=frozenset("a")), Value(frozenset((Mark("age", "used", 1),)), owner="A")])
    assert both.words == {"a"}
    assert both.owner == "A"
    assert len(both.marks) == 1
