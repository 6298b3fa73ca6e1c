"""Trials of the audit: a text before and after a word comes into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from classifiers.training.carriers import WordLists


@dataclass(frozen=True, slots=True)
class Trial:
    """``word`` is what came into the text."""

    word: str
    before: str
    after: str


def insertions(words: Sequence[str], texts: Sequence[str]) -> Iterator[Trial]:
    """Each word in each text: at its start, middle and end in turn, one place a text."""
    for number, word in enumerate(words):
        for place, text in enumerate(texts):
            parts = text.split(" ")
            parts.insert((0, (len(parts) + 1) // 2, len(parts))[(number + place) % 3], word)
            yield Trial(word, text, " ".join(parts))


def substitutions(classes: Mapping[str, Sequence[str]], texts: Sequence[str]) -> Iterator[Trial]:
    """Each word that stands in a text, replaced by another of its class; the others come in turn."""
    for words in classes.values():
        for number, word in enumerate(words):
            others = [*words[number + 1 :], *words[:number]]
            standing = [text for text in texts if _pattern(word).search(text)] if others else []
            for turn, text in enumerate(standing):
                other = others[turn % len(others)]
                yield Trial(other, text, _pattern(word).sub(lambda _, new=other: new, text, count=1))


def identities(words: WordLists) -> Iterator[Trial]:
    """Each term in each template of its kind, against the first term of that kind."""
    for kind, (plain, *terms) in words.identity.items():
        for term in terms:
            for template in words.templates[kind]:
                yield Trial(term, template.replace("{x}", plain), template.replace("{x}", term))


def _pattern(word: str) -> re.Pattern[str]:
    edge = r"\b" if word[0].isalnum() else ""
    return re.compile(f"{edge}{re.escape(word)}{edge}", re.IGNORECASE)
