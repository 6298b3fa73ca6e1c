"""The first stage learns what the network says, and its limit keeps what may be lost."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.first_stage import FirstStage
from classifiers.training.tokens import Window

first_fit = pytest.importorskip(
    "classifiers.training.first_fit", exc_type=ImportError, reason="needs the training extra (torch)"
)
SIZES = first_fit.Sizes(buckets=1 << 14, width=8, units=8, epochs=40, batch_size=32, dropout=0.0)


def windows(seed: int, count: int = 400) -> tuple[list[Window], np.ndarray]:
    """Windows of random tokens; those with tokens 7 and 8 in a row have something in them."""
    rng = np.random.default_rng(seed)
    made, wanted = [], np.zeros(count)
    for i in range(count):
        ids = rng.integers(10, 200, 12).tolist()
        if i % 3 == 0:
            ids[4:6] = [7, 8]
            wanted[i] = 1.0
        made.append(Window(tuple(ids), (0,) * 12))
    return made, wanted


def test_it_tells_windows_apart_and_survives_its_file() -> None:
    train, wanted = windows(1)
    bag = first_fit.fit_bag(train, wanted, SIZES, seed=3)
    stage = FirstStage(first_fit.write_bag(bag, 0.0, np.array([0.01])), labels=1)
    fresh, truth = windows(2)
    found = np.array([not stage.passes(window.ids) for window in fresh])
    assert (found == (truth > 0.5)).mean() > 0.95


def test_the_limit_loses_at_most_the_stated_share() -> None:
    logits = np.arange(100.0)
    assert first_fit.limit_for(logits, 200, 0.0) == 0.0
    assert first_fit.limit_for(logits, 200, 0.05) == 10.0
    assert (logits < first_fit.limit_for(logits, 200, 0.05)).sum() == 10
    assert first_fit.limit_for(logits, 200, 1.0) == float("inf")
