"""Two rounds of training: the whole set, then a short one on rows written after a look at its errors."""

from __future__ import annotations

import random

from classifiers.training.compose import SECOND_ROUND
from classifiers.training.examples import Example


def is_second(row: Example) -> bool:
    """True for rows of ``data/second_round.txt``."""
    return row.source.startswith(SECOND_ROUND)


def first_round(rows: list[Example]) -> list[Example]:
    """Everything but the second round's own rows."""
    return [row for row in rows if not is_second(row)]


def second_round(rows: list[Example], replay: dict[str, int], seed: int) -> list[Example]:
    """The second round's own rows, and enough of the first round's to forget nothing.

    ``replay`` says how many ``short`` and ``long`` rows come along; rows over ``characters`` are long.
    """
    new = [row for row in rows if is_second(row)]
    old = first_round(rows)
    random.Random(seed).shuffle(old)  # noqa: S311 - sampling, not secrets
    short = [row for row in old if len(row.text) <= replay["characters"]]
    long = [row for row in old if len(row.text) > replay["characters"]]
    return new + short[: replay["short"]] + long[: replay["long"]]
