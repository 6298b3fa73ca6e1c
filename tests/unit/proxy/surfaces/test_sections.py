"""Fields beside the messages: whose words they are, and that those which come again are read once."""

from __future__ import annotations

from typing import Any

from classifiers.classification import Origin, Turn, Uncovered
from proxy.surfaces.leaves import Found
from proxy.surfaces.sections import MOST_KEPT, Sections

KNOWN = frozenset({"model", "tools", "metadata", "template", "n"})


class Reader:
    """Reads bodies and remembers which values it walked."""

    def __init__(self) -> None:
        self.walked: list[Any] = []
        self._sections = Sections(
            KNOWN,
            frozenset({"model"}),
            frozenset({"tools"}),
            users=frozenset({"template"}),
            prepare=self._prepare,
        )

    def _prepare(self, name: str, value: Any, found: Found) -> Any:
        self.walked.append(value)
        if name == "template":
            found.uncovered.append(Uncovered("prompt_template", name))
        return value

    def read(self, **body: Any) -> tuple[list[Turn], list[Uncovered], int]:
        turns: list[Turn] = []
        uncovered: list[Uncovered] = []
        return turns, uncovered, self._sections.read(body, turns, uncovered)

    def kept(self) -> int:
        return len(self._sections._kept)


def test_every_field_with_text_is_a_turn_of_whose_words_it_is() -> None:
    turns, uncovered, parts = Reader().read(model="m", n=2, metadata={"a": "b c"}, template="d e", odd=1)
    assert turns == [
        Turn("request.metadata", "a\nb c", Origin.OPERATOR),
        Turn("request.template", "d e", Origin.USER),
        Turn("request.extra", "odd", Origin.OPERATOR),
    ]
    assert uncovered == [Uncovered("prompt_template", "template")]
    assert parts == 4


def test_a_stable_field_is_read_once_for_each_value() -> None:
    reader = Reader()
    for value in (["a b"], ["a b"], ["c d"]):
        assert [turn.text for turn in reader.read(tools=value)[0]] == value
    assert reader.walked == [["a b"], ["c d"]]


def test_any_other_field_is_read_each_time() -> None:
    reader = Reader()
    for _ in range(2):
        reader.read(metadata="a b")
    assert reader.walked == ["a b", "a b"]


def test_no_more_than_so_many_are_kept() -> None:
    reader = Reader()
    for value in (0, *range(MOST_KEPT + 1), MOST_KEPT):
        reader.read(tools=[value])
    assert len(reader.walked) == MOST_KEPT + 1
    assert reader.kept() == 1
