"""Texts to measure with, the same ones every time: ordinary prompts, texts of a length, and a mix."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache

from tokenizers import Tokenizer

from classifiers.normalize import normalize
from classifiers.training.compose import DATA
from classifiers.training.written import read_cells

EVERY = 10
DIFFERENT = 8
"""Texts of one length."""
REQUEST_TOKENS = 32
MIX = ((0.85, 1, 8), (0.13, 9, 90), (0.02, 91, 400))
"""Share of texts, fewest and most words."""
_CHARACTERS = 16
"""Characters taken for each token wanted, before cutting; ordinary text has four or five."""


@cache
def ordinary(*, held: bool = False) -> tuple[str, ...]:
    """Every tenth harmless row of the written ones; `held`: all of those in cells kept out of training."""
    rows = [
        (cell.held, text)
        for path in sorted((DATA / "written").glob("ordinary_*.tsv"))
        for cell in read_cells(path)
        for label, text, _ in cell.rows
        if label == "0"
    ]
    chosen = [text for kept, text in rows if kept] if held else [text for _, text in rows[::EVERY]]
    random.Random(1).shuffle(chosen)
    return tuple(chosen)


def request(tokenizer: Tokenizer) -> str:
    """What the replies that a model of exchanges reads are said to answer."""
    return of_length(tokenizer, REQUEST_TOKENS)[0]


def of_length(tokenizer: Tokenizer, tokens: int) -> list[str]:
    """Different ordinary texts of so many tokens, special tokens included, that have one reading."""
    prompts = ordinary()
    room = tokens - len(tokenizer.encode("").ids)
    found = []
    for start in range(len(prompts)):
        text = _cut(tokenizer, prompts[start:] + prompts[:start], room)
        if normalize(text).readings == (text,):
            found.append(text)
            if len(found) == DIFFERENT:
                break
    return found


def _cut(tokenizer: Tokenizer, prompts: Sequence[str], tokens: int) -> str:
    text = ""
    for prompt in prompts:
        text += prompt + " "
        if len(text) > tokens * _CHARACTERS:
            break
    ends = tokenizer.encode(text, add_special_tokens=False).offsets
    return text[: ends[tokens - 1][1]]


def mixed(runs: int) -> Iterator[str]:
    """Runs of ordinary words, most of them short; the same ones every time."""
    words = " ".join(ordinary()).split()
    chance = random.Random(1)
    shares = [share for share, _, _ in MIX]
    for _, low, high in chance.choices(MIX, shares, k=runs):
        start = chance.randrange(len(words) - high)
        yield " ".join(words[start : start + chance.randint(low, high)])
