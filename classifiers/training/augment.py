"""Light variations of training rows, applied to harmless and risky rows alike so that none of them is a
signal.

Joining is the one that matters in service: a risky sentence in a longer harmless text must still be seen,
and two harmless texts in a row must stay harmless.
"""

from __future__ import annotations

import random
from dataclasses import replace

from classifiers.training.examples import Example

_OPENERS = (
    "hi, ",
    "hello! ",
    "please ",
    "hey ",
    "ok ",
    "quick question: ",
    "so ",
    "thanks. ",
    "one more thing: ",
)
_CLOSERS = (" thanks", " please", " thank you!", " asap", "??", " :)", "!", "...")


def vary(example: Example, rng: random.Random) -> Example:
    """Return the example with a small surface change, or as it is."""
    text = example.text
    draw = rng.random()
    if draw < 0.06:
        text = rng.choice(_OPENERS) + text
    elif draw < 0.12:
        text = text.rstrip() + rng.choice(_CLOSERS)
    elif draw < 0.20:
        text = text.rstrip(" .?!")
    elif draw < 0.26:
        text = swap_letters(text, rng)
    return replace(example, text=text or example.text)


def swap_letters(text: str, rng: random.Random) -> str:
    """Make one typing mistake: two neighbouring letters change places."""
    spots = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not spots:
        return text
    spot = rng.choice(spots)
    return text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]


def join(first: Example, second: Example) -> Example:
    """Return two texts as one; a label is the larger of both, unknown only where it is not settled by a 1."""
    names = set(first.targets) | set(second.targets)
    merged = {}
    for name in names:
        values = [example.targets[name] for example in (first, second) if name in example.targets]
        if len(values) == 2 or max(values) == 1.0:
            merged[name] = max(values)
    weight = min(first.weight, second.weight)
    return replace(first, text=f"{first.text}\n{second.text}", targets=merged, weight=weight, family="joined")


def augment(examples: list[Example], share: float, seed: int) -> list[Example]:
    """Return the varied examples plus ``share`` times as many joined ones (a harmless row beside any row)."""
    rng = random.Random(seed)  # noqa: S311 - sampling, not secrets
    harmless = [
        example for example in examples if example.targets.get("harm") == 0.0 and len(example.text) < 300
    ]
    short = [example for example in examples if len(example.text) < 300]
    joined = []
    for _ in range(int(share * len(examples)) if harmless else 0):
        pair = [rng.choice(harmless), rng.choice(short)]
        rng.shuffle(pair)
        joined.append(join(pair[0], pair[1]))
    return [vary(example, rng) for example in examples] + joined
