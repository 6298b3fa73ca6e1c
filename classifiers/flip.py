"""The smallest change that takes a score below an operating point: up to three words removed or masked.

The search is greedy: the best word is kept while the next one is sought. What it finds was measured, and
no word of it is idle; a smaller set of words that are harmless one by one may escape it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Literal

from classifiers.margin import Margin

Place = tuple[int, int]
"""Start and end of a word in the text."""
ScoreWith = Callable[[str, tuple[Place, ...]], float]
"""Score of the text with another word in the places given; infinite where it may not be measured any more."""

MOST_WORDS = 3
NEUTRAL_WORD = "something"


@dataclass(frozen=True, slots=True)
class Flip:
    """Words without which the text scores `score`, under `threshold` of the operating point `point`.

    `places` are in the order of the text. Masked words have `NEUTRAL_WORD` in their place.
    """

    point: str
    threshold: float
    by: Literal["removal", "masking"]
    places: tuple[Place, ...]
    score: float


def find_flip(margin: Margin, words: Sequence[Place], score_with: ScoreWith) -> Flip | None:
    """The smallest set found among `words` that takes the score under the margin's threshold.

    Masking is tried where no removal is enough. `score_with` is asked for the same places more than once.
    """
    ways: tuple[tuple[Literal["removal", "masking"], str], ...] = (
        ("removal", ""),
        ("masking", NEUTRAL_WORD),
    )
    for by, word in ways:
        score = partial(score_with, word)
        if places := _smallest(words, margin.threshold, score):
            return Flip(margin.point, margin.threshold, by, places, score(places))
    return None


Score = Callable[[tuple[Place, ...]], float]


def _smallest(words: Sequence[Place], threshold: float, score: Score) -> tuple[Place, ...]:
    chosen: tuple[Place, ...] = ()
    for _ in range(min(MOST_WORDS, len(words))):
        wider = [tuple(sorted((*chosen, word))) for word in words if word not in chosen]
        chosen = min(wider, key=score)
        if score(chosen) < threshold:
            return _without_idle_words(chosen, threshold, score)
    return ()


def _without_idle_words(places: tuple[Place, ...], threshold: float, score: Score) -> tuple[Place, ...]:
    for smaller in combinations(places, len(places) - 1):
        if smaller and score(smaller) < threshold:
            return _without_idle_words(smaller, threshold, score)
    return places
