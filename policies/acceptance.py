"""The acceptance test of a revision: less risk, no refusal, content kept, sane length, nothing leaked.

Critiques are often inaccurate even when the revision helps, and a revision can make a fine draft
worse; so a revision is guilty until it passes every check here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from policies.policy import ReviewBudget

Rejection = Literal[
    "rejected_risk", "rejected_evidence", "rejected_refusal", "rejected_retention", "rejected_length"
]
ROOM = 400
"""Characters that a revision of a short draft may have whatever the ratio says."""

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['-][^\W\d_]+)*")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_LEAK = re.compile(r'"(?:findings|severity)"\s{0,4}:|\[\[[^\]\n]{0,80}(?:BEGINS|ENDS)\]\]', re.IGNORECASE)
_STOP_WORDS = """
about after also been before being between both cannot could does doing each from further have
having here into itself just more most only other over same should some such than that their them
then there these they this those through under until very were what when where which while will with
would your aber auch dass eine einem einen einer haben kann nicht oder sein sich sind wird wenn como
esta este para pero porque puede sobre avec cette dans elle mais nous pour vous sont leur plus
"""
_STOP = frozenset(_STOP_WORDS.split())


def leaks(draft: str, revision: str, nonce: str) -> bool:
    """The revision carries the critic's machinery: the nonce, or boundaries and verdict keys of its own."""
    if nonce and nonce in revision:
        return True
    return _LEAK.search(revision) is not None and _LEAK.search(draft) is None


def length_fits(draft: str, revision: str, budget: ReviewBudget) -> bool:
    """The revision's length is within the budget's band of ratios to the draft's."""
    longest = max(budget.max_length_ratio * len(draft), ROOM)
    return budget.min_length_ratio * len(draft) <= len(revision) <= longest


def risk_fell(before: float, after: float, review_at: float, block_at: float, margin: float) -> bool:
    """Under the review threshold, or lower by the margin; never at or over the block threshold."""
    return after < block_at and (after < review_at or before - after >= margin)


def retention(draft: str, revision: str, condemned: Iterable[str]) -> float:
    """Share of the draft's content that the revision keeps, [0, 1].

    Content is numbers (twice the weight), names (capitalised inside a sentence, twice) and words of
    four letters and more; what stood in condemned quotes may go. A draft without content counts as kept.
    """
    weights = _content(draft)
    for quote in condemned:
        for key in _content(quote):
            weights.pop(key, None)
    total = sum(weights.values())
    if not total:
        return 1.0
    kept = _content(revision).keys()
    return sum(weight for key, weight in weights.items() if key in kept) / total


def _content(text: str) -> dict[str, int]:
    """Content keys of a text with their weights."""
    found: dict[str, int] = {}
    for match in _WORD.finditer(text):
        word = match.group()
        if word[0].isdigit():
            found[word] = 2
        elif _WIDE.match(word):
            found.update(dict.fromkeys(_pairs(word), 1))
        elif word[0].isupper() and not _opens_sentence(text, match.start()):
            found[word.casefold()] = 2
        elif len(word) >= 4 and word.casefold() not in _STOP:
            found.setdefault(word.casefold(), 1)
    return found


def _pairs(word: str) -> Iterable[str]:
    """Scripts without spaces: pairs of neighbouring characters stand for words."""
    return (word[i : i + 2] for i in range(max(1, len(word) - 1)))


def _opens_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 4) : start].rstrip(" \t\"'*_#-(")
    return not before or before[-1] in ".!?:\n"
