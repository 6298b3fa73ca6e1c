"""Which words gave a score: each is left out in turn, and the fall of the score is its weight.

Says what a classifier reacted to, not why. Costs one classification for each word or group of words;
long texts are cut into groups first, and only the weightiest groups are looked into. What is kept are
places in the text, never the text itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from classifiers.classification import Classifier
from classifiers.flip import Flip, Place, find_flip
from classifiers.margin import Margin, highest_reached, leading_label, log_odds, margins_of

MAX_CALLS = 160
FLIP_CALLS = 40
"""Classifications kept back for the smallest flip."""
FLIP_WORDS = 8
"""The flip is sought among so many of the weightiest words."""
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Span:
    """A word or group of neighbouring words: where it stands, and how far the score falls without it.

    `weight` is the fall in score, `log_odds` the same fall in log-odds; negative where the score rises.
    """

    start: int
    end: int
    words: int
    weight: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a classifier makes of a text for one label.

    `scores`: of all labels; `score`: of this one. `margins`: highest operating point first. `spans`:
    weightiest first. `flip`: the smallest change that takes the score under the highest point it reaches,
    None where it reaches none or no change was found. `push`: for a score under all points, the word
    that pushes it most towards them. `calls`: classifications spent.
    """

    model: str
    label: str
    score: float
    scores: Mapping[str, float]
    margins: tuple[Margin, ...]
    spans: tuple[Span, ...]
    flip: Flip | None
    push: Span | None
    calls: int


def explain(
    classifier: Classifier, text: str, label: str = "", request: str = "", *, max_calls: int = MAX_CALLS
) -> Explanation:
    """Weigh the words of a text for one label, with at most `max_calls` classifications (at least 4).

    `label`: by default the highest relative to its block point; `request`: what the text answers.

    Raises:
        ValueError: the classifier has no such label.
        ClassifierError: as from `classify`.
    """
    if label and label not in classifier.labels:
        raise ValueError(f"{classifier.name} has no label {label}")
    whole = classifier.classify(text, request)
    chosen = label or leading_label(whole.scores, classifier.thresholds)
    margins = margins_of(whole.scores[chosen], classifier.thresholds.get(chosen, {}))
    reached = highest_reached(margins)
    probe = _Probe(classifier, text, request, chosen, whole.scores[chosen], max(4, max_calls))
    spans = _weigh(probe, reserve=min(FLIP_CALLS, probe.left // 3) if reached else 0)
    words = [span for span in spans if span.words == 1]
    heaviest = [(span.start, span.end) for span in words[:FLIP_WORDS]]
    return Explanation(
        model=whole.model,
        label=chosen,
        score=probe.score,
        scores=dict(whole.scores),
        margins=margins,
        spans=spans,
        flip=find_flip(reached, heaviest, probe.score_with) if reached else None,
        push=words[0] if margins and not reached and words and words[0].weight > 0 else None,
        calls=probe.calls,
    )


Group = list[Place]


class _Probe:
    """Classifies variants of one text within a budget, each once."""

    def __init__(
        self, classifier: Classifier, text: str, request: str, label: str, score: float, budget: int
    ) -> None:
        self._classifier = classifier
        self._request = request
        self._label = label
        self._budget = budget
        self._known: dict[tuple[str, tuple[Place, ...]], float] = {}
        self.text = text
        self.score = score
        self.calls = 1

    @property
    def left(self) -> int:
        """Classifications that may still be spent."""
        return self._budget - self.calls

    def score_with(self, word: str, places: tuple[Place, ...]) -> float:
        """Score with `word` in some places, which are in order; infinite once the budget is spent."""
        if (word, places) not in self._known:
            if self.left <= 0:
                return math.inf
            self.calls += 1
            variant = _replaced(self.text, places, word)
            scores = self._classifier.classify(variant, self._request).scores
            self._known[word, places] = scores[self._label]
        return self._known[word, places]

    def weigh(self, group: Group) -> Span:
        """How far the score falls without neighbouring words."""
        start, end = group[0][0], group[-1][1]
        without = self.score_with("", ((start, end),))
        fall = log_odds(self.score) - log_odds(without)
        return Span(start, end, len(group), self.score - without, fall)


def _weigh(probe: _Probe, reserve: int) -> tuple[Span, ...]:
    """Weights of all words, in groups where there are many; `reserve` classifications are not spent."""
    words = [match.span() for match in _WORD.finditer(probe.text)]
    room = probe.left - reserve
    groups = _grouped(words, room // 2 if len(words) > room else room)
    weighed = [(probe.weigh(group), group) for group in groups]
    while (room := probe.left - reserve) > 1:
        coarse = max((item for item in weighed if item[0].words > 1), key=_weight, default=None)
        if coarse is None or coarse[0].weight <= 0:
            break
        weighed.remove(coarse)
        weighed += [(probe.weigh(group), group) for group in _grouped(coarse[1], min(8, room))]
    return tuple(sorted((span for span, _ in weighed), key=lambda span: (-span.weight, span.start)))


def _weight(item: tuple[Span, Group]) -> float:
    return item[0].weight


def _grouped(words: Group, groups: int) -> list[Group]:
    """Words in at most so many neighbouring groups of nearly equal size."""
    size = -(-len(words) // max(1, groups)) or 1
    return [words[place : place + size] for place in range(0, len(words), size)]


def _replaced(text: str, places: tuple[Place, ...], word: str) -> str:
    pieces, done = [], 0
    for start, end in places:
        pieces += [text[done:start], word]
        done = end
    return "".join([*pieces, text[done:]])
