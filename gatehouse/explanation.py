"""Explanation: what each word does to a score, by leaving it out and measuring again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from classifiers.classification import Classifier

_WORDS = re.compile(r"\S+")
MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class WordShare:
    """A word and how much lower the label's score is without it (negative: higher)."""

    word: str
    start: int
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`words` are in the order of the text; empty where the text has more than `MOST_WORDS`."""

    model: str
    scores: dict[str, float]
    label: str
    words: tuple[WordShare, ...]


def explain(classifier: Classifier, text: str, label: str = "", request: str = "") -> Explanation:
    """Scores of a text, and what its words do for one label (default: the highest).

    Costs one run of the classifier for every word.

    Raises:
        ClassifierError: the classifier failed.
        KeyError: it has no such label.
    """
    whole = classifier.classify(text, request)
    scores = dict(whole.scores)
    chosen = label or max(scores, key=lambda name: scores[name])
    base = scores[chosen]
    found = list(_WORDS.finditer(text))
    shares = []
    for word in found if len(found) <= MOST_WORDS else ():
        without = text[: word.start()] + text[word.end() :]
        less = classifier.classify(without, request).scores[chosen]
        shares.append(WordShare(word[0], word.start(), base - less))
    return Explanation(whole.model, scores, chosen, tuple(shares))


def render(explanation: Explanation) -> str:
    """The explanation as text for a terminal: all scores, then the words that matter most."""
    lines = [explanation.model]
    for label, score in sorted(explanation.scores.items(), key=lambda item: -item[1]):
        lines.append(f"  {score:6.4f}  {label}")
    if not explanation.words:
        return "\n".join([*lines, f"(more than {MOST_WORDS} words: no word shares)"])
    lines.append(f"What {explanation.label} loses without each word:")
    strongest = sorted(explanation.words, key=lambda word: -abs(word.share))[:20]
    lines += [f"  {word.share:+.4f}  {word.word}" for word in strongest]
    return "\n".join(lines)
