"""Fields that come again are read once; what is kept is bounded and goes by the value."""

from __future__ import annotations

from typing import Any

from proxy.surfaces.sections import MOST_KEPT, Section, Sections


class Reader:
    """Reads a field and remembers that it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def read(self, name: str, value: Any) -> Section:
        self.asked.append(value)
        return f"{name}: {value}", ()


def test_a_stable_field_is_read_once_for_each_value() -> None:
    reader = Reader()
    sections = Sections(reader.read, frozenset({"tools"}))
    for value in ([1], [1], [2]):
        assert sections.read("tools", value) == (f"tools: {value}", ())
    assert reader.asked == [[1], [2]]


def test_any_other_field_is_read_each_time() -> None:
    reader = Reader()
    sections = Sections(reader.read, frozenset({"tools"}))
    for _ in range(2):
        sections.read("metadata", 1)
    assert reader.asked == [1, 1]


def test_no_more_than_so_many_are_kept() -> None:
    reader = Reader()
    sections = Sections(reader.read, frozenset({"tools"}))
    for value in (0, *range(MOST_KEPT + 1), MOST_KEPT):
        sections.read("tools", value)
    assert len(reader.asked) == MOST_KEPT + 1
    assert len(sections._kept) == 1
