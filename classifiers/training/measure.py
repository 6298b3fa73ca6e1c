"""Running an exported model over examples, the way the serving side does."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifiers.training.examples import Example
from classifiers.training.export import open_session, run
from classifiers.training.labels import Head
from classifiers.training.tokens import Window, Windower, batch

Floats = npt.NDArray[np.float64]


def logits_of(path: Path, windower: Windower, examples: Sequence[Example], heads: Sequence[Head]) -> Floats:
    """Return logits (rows, heads) of an ONNX file: the largest of a row's windows; softmax heads: the first
    window's.

    At most eight windows a row; enough for the pool's longest texts.
    """
    session = open_session(path, threads=2)
    cut = [windower.windows(row.text, row.request, limit=8) for row in examples]
    flat: list[tuple[int, int, Window]] = [
        (i, j, window) for i, row in enumerate(cut) for j, window in enumerate(row)
    ]
    flat.sort(key=lambda entry: len(entry[2].ids))
    first = np.zeros((len(examples), len(heads)))
    highest = np.full((len(examples), len(heads)), -np.inf)
    for start in range(0, len(flat), 8):
        chunk = flat[start : start + 8]
        found = run(session, batch([window for _, _, window in chunk]))
        for (row, number, _), values in zip(chunk, found, strict=True):
            highest[row] = np.maximum(highest[row], values)
            if number == 0:
                first[row] = values
    grouped = np.array([head.activation == "softmax" for head in heads])
    return np.where(grouped, first, highest)


def scorer(path: Path, windower: Windower, heads: Sequence[Head]) -> Callable[[list[Example]], Floats]:
    """Return a function from examples to logits of one ONNX file; answers are kept for lists that come
    again.
    """
    kept: dict[int, Floats] = {}

    def score(examples: list[Example]) -> Floats:
        missing = [row for row in examples if id(row) not in kept]
        for row, values in zip(missing, logits_of(path, windower, missing, heads), strict=True):
            kept[id(row)] = values
        return np.array([kept[id(row)] for row in examples])

    return score


def latency(path: Path, tokens: int, rounds: int = 60) -> float:
    """Median milliseconds of one pass at a given length with one thread."""
    session = open_session(path, threads=1)
    window = Window(
        tuple(2000 + i for i in range(tokens)), tuple(int(i > tokens // 2) for i in range(tokens))
    )
    feeds = batch([window])
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        run(session, feeds)
        spent.append(time.perf_counter() - started)
    return float(np.median(spent) * 1000)
