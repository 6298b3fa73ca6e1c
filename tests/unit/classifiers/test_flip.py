"""The smallest flip: what it names was measured, and no word of it is idle."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from classifiers.flip import NEUTRAL_WORD, Flip, Place, find_flip
from classifiers.margin import margins_of

A, B, C, D = ((0, 1), (2, 3), (4, 5), (6, 7))
(BLOCK,) = margins_of(0.9, {"block": 0.5})


class Table:
    """Scores from a table of places; 0.9 for places that are not in it. Keeps what it was asked."""

    def __init__(self, removed: Mapping[tuple[Place, ...], float], masked: float = 0.9) -> None:
        self.removed = removed
        self.masked = masked
        self.asked: set[tuple[str, tuple[Place, ...]]] = set()

    def __call__(self, word: str, places: tuple[Place, ...]) -> float:
        self.asked.add((word, places))
        return self.masked if word else self.removed.get(places, 0.9)


def test_one_word_is_preferred() -> None:
    found = find_flip(BLOCK, [A, B], Table({(A,): 0.4, (B,): 0.3, (A, B): 0.0}))
    assert found == Flip("block", 0.5, "removal", (B,), 0.3)


@pytest.mark.parametrize(
    ("removed", "places"),
    [
        ({(C,): 0.8, (A, C): 0.2}, (A, C)),
        ({(C,): 0.8, (B, C): 0.7, (A, B, C): 0.2}, (A, B, C)),
    ],
)
def test_words_are_added_one_by_one(
    removed: dict[tuple[Place, ...], float], places: tuple[Place, ...]
) -> None:
    """Places come in the order of the text, however they were found."""
    found = find_flip(BLOCK, [C, B, A], Table(removed))
    assert found is not None
    assert (found.places, found.score) == (places, 0.2)


def test_an_idle_word_is_dropped_again() -> None:
    """The greedy way led over C, but A and B are enough."""
    found = find_flip(BLOCK, [A, B, C], Table({(C,): 0.6, (A, C): 0.55, (A, B, C): 0.1, (A, B): 0.2}))
    assert found == Flip("block", 0.5, "removal", (A, B), 0.2)


def test_masking_is_tried_where_no_removal_is_enough() -> None:
    scores = Table({}, masked=0.1)
    found = find_flip(BLOCK, [A, B], scores)
    assert found == Flip("block", 0.5, "masking", (A,), 0.1)
    assert (NEUTRAL_WORD, (A,)) in scores.asked


def test_no_more_than_three_words_are_taken() -> None:
    scores = Table({(A, B, C, D): 0.0})
    assert find_flip(BLOCK, [A, B, C, D], scores) is None
    assert max(len(places) for _, places in scores.asked) == 3


def test_what_may_not_be_measured_is_no_flip() -> None:
    assert find_flip(BLOCK, [A, B], lambda _word, _places: float("inf")) is None


def test_a_text_without_words_has_no_flip() -> None:
    assert find_flip(BLOCK, [], Table({})) is None
