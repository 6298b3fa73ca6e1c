"""Texts that say nearly the same, by shingles: which ones to keep, and which belong together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

SIMILAR = 0.8
"""Share of shingles in common from which two texts are nearly the same (Jaccard)."""
_WORDS = 4
_HASHES, _BANDS = 48, 12
_PRIME = (1 << 61) - 1
_WORD = re.compile(r"\w+")

Shingles = frozenset[int]


def normalised(text: str) -> str:
    """Lower-case words alone, one space between them."""
    return " ".join(_WORD.findall(text.casefold()))


def shingles(text: str) -> Shingles:
    """Hashes of runs of four words, or of eight characters where there are few (scripts without spaces)."""
    words = normalised(text).split()
    if len(words) < 2 * _WORDS:
        plain = " ".join(words)
        runs = {plain[n : n + 8] for n in range(max(1, len(plain) - 7))}
    else:
        runs = {" ".join(words[n : n + _WORDS]) for n in range(len(words) - _WORDS + 1)}
    return frozenset(_hash(run) for run in runs)


def similarity(first: Shingles, second: Shingles) -> float:
    """Jaccard's, 0 to 1."""
    return len(first & second) / len(first | second) if first or second else 1.0


def clusters(texts: Sequence[str]) -> list[int]:
    """For each text the number of the first text that it is linked to, directly or over others."""
    found = [shingles(text) for text in texts]
    roots = list(range(len(texts)))
    for first, second in _candidates(found):
        if root(roots, first) != root(roots, second) and similarity(found[first], found[second]) >= SIMILAR:
            link(roots, first, second)
    return [root(roots, place) for place in range(len(texts))]


def root(roots: list[int], place: int) -> int:
    """The number that stands for a group."""
    while roots[place] != place:
        roots[place] = roots[roots[place]]
        place = roots[place]
    return place


def link(roots: list[int], first: int, second: int) -> None:
    """Make one group of two; the lower number stands for it."""
    low, high = sorted((root(roots, first), root(roots, second)))
    roots[high] = low


def _candidates(found: Sequence[Shingles]) -> Iterable[tuple[int, int]]:
    """Pairs of which a band of minimal hashes is the same: each text with the first of its bucket."""
    rows = _HASHES // _BANDS
    signatures = [_signature(each) for each in found]
    for band in range(_BANDS):
        buckets: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for place, signature in enumerate(signatures):
            buckets[signature[band * rows : (band + 1) * rows]].append(place)
        for bucket in buckets.values():
            yield from ((bucket[n - 1], bucket[n]) for n in range(1, len(bucket)))
            yield from ((bucket[0], place) for place in bucket[2:])


def _signature(found: Shingles) -> tuple[int, ...]:
    return tuple(min(((a * each + b) % _PRIME for each in found), default=0) for a, b in _FACTORS)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest())


_FACTORS = tuple((_hash(f"a{n}") | 1, _hash(f"b{n}")) for n in range(_HASHES))
