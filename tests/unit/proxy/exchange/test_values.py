"""Values compare, hash and copy like frozen dataclasses, and have no room for other fields."""

from __future__ import annotations

from dataclasses import field, fields, replace

import pytest

from proxy.exchange.values import value


@value(frozen=True, slots=True)
class Point:
    east: int
    north: int = 0
    tags: tuple[str, ...] = field(default_factory=tuple)


def test_equal_values_are_one_key_of_a_dictionary() -> None:
    assert {Point(1): "here"}[Point(1, 0)] == "here"
    assert Point(1) != Point(2)


def test_a_changed_copy_leaves_the_original() -> None:
    before = Point(1, 2, ("a",))
    assert replace(before, north=3) == Point(1, 3, ("a",))
    assert before == Point(1, 2, ("a",))
    assert [each.name for each in fields(before)] == ["east", "north", "tags"]


def test_a_field_that_is_not_there_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        Point(1).height = 3  # type: ignore[attr-defined]
