"""Training windows: which of a text's windows are learned from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the training extra (torch)")

from classifiers.training.examples import Example
from classifiers.training.labels import INPUT_HEADS
from classifiers.training.tokens import Windower
from classifiers.training.train import MOST_WINDOWS, encode

SHIPPED = Path(__file__).parents[4] / "classifiers" / "models" / "input" / "tokenizer.json"
LONG = " ".join(f"word{i}" for i in range(600))


@pytest.fixture(scope="module")
def windower() -> Windower:
    return Windower.load(SHIPPED, 32, 8)


def test_several_windows_of_a_harmless_text_are_learned_from(windower: Windower) -> None:
    rows = [Example(LONG, {"harm": 0.0}, "a", "MIT"), Example("short", {"harm": 0.0}, "a", "MIT", weight=0.5)]
    data = encode(rows, INPUT_HEADS, windower, seed=1)
    assert len(data.windows) == len(data.targets) == len(data.weights) == MOST_WINDOWS + 1
    assert len({window.ids for window in data.windows}) == MOST_WINDOWS + 1
    assert data.weights.tolist() == [1.0] * MOST_WINDOWS + [0.5]
    assert np.array_equal(data.targets[:, 0], np.zeros(MOST_WINDOWS + 1))


def test_of_a_risky_text_only_the_first_is(windower: Windower) -> None:
    """Its label says nothing of where the risk stands."""
    data = encode([Example(LONG, {"harm": 1.0}, "a", "MIT")], INPUT_HEADS, windower, seed=1)
    assert [window.ids for window in data.windows] == [windower.windows(LONG, limit=1)[0].ids]
