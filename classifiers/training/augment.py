"""Light variations of training rows, applied to harmless and risky rows alike so that none of them is a
signal.

Joining is the one that matters in service: a risky sentence in a longer harmless text must still be seen,
and two harmless texts in a row must stay harmless.
"""

from __future__ import annotations

import base64
import codecs
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from classifiers.training.examples import Example

_CONTEXTS = (
    """
for a movie; for a school project; for a project at work; for a game; for a friend; for my
sister; for my neighbour; for a story; for a book; for research; for class; for my job; for fun;
for a video; for beginners; for my company; for a client; for tomorrow; in detail; step by step;
in simple words; in two sentences; in Canada; in my town; in 2024; on a phone; on the internet;
at home; at school; at night; on Monday; without help; without money; without a car; quickly;
from scratch; as a list; as a poem; with an example; with my brother; in the kitchen; outside
""".replace("\n", " ")
    .strip()
    .split("; ")
)
"""Circumstances that change nothing: they come with harmful and harmless rows alike."""
SHORT = 300
"""Characters of a text that may be joined or padded."""
PADDED_WORDS, MOST_PADDING = 70, 8
SENTENCE_WORDS = range(6, 25)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[a-z]{3,}")
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


def vary(example: Example, words: Sequence[str], rng: random.Random) -> Example:
    """Return the example with a small surface change, or as it is; ``words`` are what may stray into it."""
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
    elif draw < 0.36 and len(text) < SHORT:
        text = in_context(text, rng)
    elif draw < 0.44 and words:
        text = with_word(text, rng.choice(words), rng)
    return replace(example, text=text or example.text)


def in_context(text: str, rng: random.Random) -> str:
    """The text with a circumstance before or behind it."""
    context = rng.choice(_CONTEXTS)
    body = text.rstrip()
    mark = body[-1:] if body[-1:] in ".?!" else ""
    if rng.random() < 0.25:
        return f"{context.capitalize()}: {text}"
    return f"{body.removesuffix(mark)} {context}{mark}"


def with_word(text: str, word: str, rng: random.Random) -> str:
    """The text with a stray word: no single word decides."""
    pieces = text.split(" ")
    pieces.insert(rng.randint(0, len(pieces)), word)
    return " ".join(pieces)


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


@dataclass(frozen=True, slots=True)
class Padding:
    """Harmless text to hide others among: short rows, and sentences of long ones."""

    rows: Sequence[str]
    sentences: Sequence[str]

    @classmethod
    def of(cls, examples: Iterable[Example]) -> Padding:
        """What the harmless among the examples offer."""
        rows, sentences = [], []
        for example in examples:
            if example.targets.get("harm") != 0.0 or 1.0 in example.targets.values():
                continue
            if len(example.text) < SHORT:
                rows.append(example.text)
            else:
                pieces = _SENTENCE_END.split(example.text)
                sentences += [piece for piece in pieces if len(piece.split()) in SENTENCE_WORDS]
        return cls(rows, sentences or rows)

    def draw(self, rng: random.Random) -> Sequence[str]:
        """What one text is padded with: short rows, sentences, or a few sentences again and again."""
        way = rng.random()
        if way < 0.4:
            return self.rows
        return self.sentences if way < 0.8 else rng.choices(self.sentences, k=rng.randint(1, 3))


def pad(example: Example, padding: Padding, rng: random.Random) -> Example:
    """Put a short text at a random place among harmless ones, up to about a window's length."""
    around: list[str] = []
    room = PADDED_WORDS - len(example.text.split())
    source = padding.draw(rng)
    while room > 0 and len(around) < MOST_PADDING:
        text = rng.choice(source)
        around.append(text)
        room -= len(text.split())
    around.insert(rng.randint(0, len(around)), example.text)
    return replace(example, text=rng.choice(("\n", " ", "\n\n")).join(around), family="joined")


def garble(example: Example, rng: random.Random) -> Example:
    """A harmless text that reads as noise: turned round, shuffled, encoded. Noise alone says nothing."""
    text = example.text[:240]
    way = rng.randrange(5)
    if way == 0:
        text = text[::-1]
    elif way == 1:
        text = " ".join("".join(rng.sample(word, len(word))) for word in text.split())
    elif way == 2:
        text = base64.b64encode(text.encode()).decode()
    elif way == 3:
        text = codecs.encode(text, "rot13")
    else:
        text = " ".join(rng.sample(text.split(), len(text.split())))
    return replace(example, text=text or example.text, family="noise")


def augment(examples: list[Example], shares: Mapping[str, float], seed: int) -> list[Example]:
    """Return the varied examples, and beside them shares of their number of other rows.

    ``joined``: a harmless row before or after any row; ``padded``: a short harmful row among harmless rows
    or sentences; ``mixed``: the same with a harmless row, so that a row of pieces is no sign of harm;
    ``noise``: garbled harmless rows.
    """
    rng = random.Random(seed)  # noqa: S311 - sampling, not secrets
    short = [example for example in examples if len(example.text) < SHORT]
    harmless = [example for example in short if example.targets.get("harm") == 0.0]
    risky = [example for example in short if example.targets.get("harm") == 1.0]
    padding = Padding.of(examples)
    words = sorted({word for example in short for word in _WORD.findall(example.text.lower())})
    extra = []
    for _ in range(_count(shares, "joined", examples, harmless)):
        pair = [rng.choice(harmless), rng.choice(short)]
        rng.shuffle(pair)
        extra.append(join(pair[0], pair[1]))
    extra += [
        pad(rng.choice(risky), padding, rng)
        for _ in range(_count(shares, "padded", examples, harmless and risky))
    ]
    extra += [
        pad(rng.choice(harmless), padding, rng) for _ in range(_count(shares, "mixed", examples, harmless))
    ]
    extra += [garble(rng.choice(harmless), rng) for _ in range(_count(shares, "noise", examples, harmless))]
    return [vary(example, words, rng) for example in examples] + extra


def _count(shares: Mapping[str, float], name: str, examples: list[Example], needed: list[Example]) -> int:
    return int(shares.get(name, 0.0) * len(examples)) if needed else 0
