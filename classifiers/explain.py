"""Which words gave a score: each is left out in turn, and the fall of the score is its weight.

Says what a classifier reacted to, not why. Costs one classification for each word or group of words;
long texts are cut into groups first, and only the weightiest groups are looked into.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from classifiers.classification import Classifier

MAX_CALLS = 64
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Explanation:
    """`spans`: (start, end, weight) in the text as given, weightiest first; weights are falls of the score.

    `score`: of the whole text; `calls`: classifications spent.
    """

    label: str
    score: float
    spans: tuple[tuple[int, int, float], ...]
    calls: int


def explain(
    classifier: Classifier, text: str, label: str, request: str = "", *, max_calls: int = MAX_CALLS
) -> Explanation:
    """Weigh the words of a text for one label, with at most `max_calls` classifications (at least 4).

    Raises:
        ValueError: the classifier has no such label.
        ClassifierError: as from `classify`.
    """
    if label not in classifier.labels:
        raise ValueError(f"{classifier.name} has no label {label}")
    probe = _Probe(classifier, text, label, request, max(4, max_calls))
    words = [match.span() for match in _WORD.finditer(text)]
    weighed = probe.weigh(_grouped(words, max(1, probe.left // 2 if len(words) > probe.left else probe.left)))
    while probe.left > 1:
        coarse = max((item for item in weighed if len(item[0]) > 1), key=_weight, default=None)
        if coarse is None or coarse[1] <= 0:
            break
        weighed.remove(coarse)
        weighed += probe.weigh(_grouped(coarse[0], min(8, probe.left)))
    spans = [(group[0][0], group[-1][1], weight) for group, weight in weighed]
    spans.sort(key=lambda span: (-span[2], span[0]))
    return Explanation(label, probe.base, tuple(spans), probe.calls)


Group = list[tuple[int, int]]


class _Probe:
    """Classifies a text with parts left out, and counts."""

    def __init__(self, classifier: Classifier, text: str, label: str, request: str, budget: int) -> None:
        self._classifier = classifier
        self._text = text
        self._label = label
        self._request = request
        self._budget = budget
        self.calls = 0
        self.base = self._score(text)

    @property
    def left(self) -> int:
        """Classifications that may still be spent."""
        return self._budget - self.calls

    def weigh(self, groups: list[Group]) -> list[tuple[Group, float]]:
        """Fall of the score when each group is left out."""
        return [(group, self.base - self._without(group)) for group in groups if self.left > 0]

    def _without(self, group: Group) -> float:
        return self._score(self._text[: group[0][0]] + self._text[group[-1][1] :])

    def _score(self, text: str) -> float:
        self.calls += 1
        return self._classifier.classify(text, self._request).scores[self._label]


def _weight(item: tuple[Group, float]) -> float:
    return item[1]


def _grouped(words: Group, groups: int) -> list[Group]:
    """Words in at most so many neighbouring groups of nearly equal size."""
    size = -(-len(words) // max(1, groups)) or 1
    return [words[place : place + size] for place in range(0, len(words), size)]
