"""Finding the request that a reply most likely answers, by shared rare words.

Some sources publish replies without their requests. A reply that is trained without one would teach the
exchange model to expect harm only where no request stands, so each gets the pool's closest request.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_WORD = re.compile(r"[a-z]{3,}")


def words_of(text: str) -> set[str]:
    """Lower-case words of three letters or more, among the first 600 characters."""
    return set(_WORD.findall(text[:600].lower()))


def match_requests(replies: Sequence[str], requests: Sequence[str]) -> list[str]:
    """Return for each reply the request with the highest word overlap; ``""`` where nothing is shared.

    Weights are inverse document frequencies over the requests; the score is divided by the request's own
    weight, so that long requests do not win by length.
    """
    bags = [words_of(request) for request in requests]
    frequency = Counter(word for bag in bags for word in bag)
    weight = {word: math.log(len(requests) / count) for word, count in frequency.items()}
    holders: dict[str, list[int]] = defaultdict(list)
    for number, bag in enumerate(bags):
        for word in bag:
            if frequency[word] < len(requests) // 20 + 2:
                holders[word].append(number)
    sizes = [1.0 + sum(weight[word] for word in bag) for bag in bags]
    return [_best(words_of(reply), requests, holders, weight, sizes) for reply in replies]


def _best(
    words: set[str],
    requests: Sequence[str],
    holders: dict[str, list[int]],
    weight: dict[str, float],
    sizes: list[float],
) -> str:
    scores: dict[int, float] = defaultdict(float)
    for word in words & holders.keys():
        for number in holders[word]:
            scores[number] += weight[word] / sizes[number]
    return requests[max(scores, key=lambda number: (scores[number], -number))] if scores else ""
