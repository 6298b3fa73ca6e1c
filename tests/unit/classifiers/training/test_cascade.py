"""The cascade's books: windows add up to rows, and what is lost stays within what was allowed."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.first_stage import FirstStage
from classifiers.training.tokens import Window

cascade = pytest.importorskip(
    "classifiers.training.cascade", exc_type=ImportError, reason="needs the training extra (torch)"
)
SIZES = {"buckets": 1 << 14, "width": 8, "units": 8, "epochs": 40, "batch_size": 32, "dropout": 0.0}


def cut_of(seed: int, risky: bool, rows: int = 120, each: int = 2):
    """Rows of some windows; a risky row has tokens 7 and 8 in a row in its last window, logit 5 there."""
    rng = np.random.default_rng(seed)
    windows, logits = [], []
    for _ in range(rows):
        for number in range(each):
            ids = rng.integers(10, 200, 12).tolist()
            hit = risky and number == each - 1
            if hit:
                ids[4:6] = [7, 8]
            windows.append(Window(tuple(ids), (0,) * 12))
            logits.append([5.0 if hit else -5.0])
    return cascade.Cut(windows, np.repeat(np.arange(rows), each), np.array(logits))


def judge(logits: np.ndarray):
    hit = logits[:, 0] > 0
    return hit, hit, 1 / (1 + np.exp(-logits))


def test_harmless_windows_pass_and_risky_rows_are_kept() -> None:
    both = [cut_of(1, risky=True, rows=300), cut_of(2, risky=False, rows=300)]
    rows = np.concatenate([both[0].rows, both[1].rows + both[0].size])
    logits = np.concatenate([cut.logits for cut in both])
    train = cascade.Cut([*both[0].windows, *both[1].windows], rows, logits)
    settings = {"sizes": SIZES, "lost_flag": 0.0, "lost_block": 0.0}
    risky = cut_of(3, risky=True)
    data, facts = cascade.build_first_stage(train, risky, cut_of(4, risky=False), judge, settings, 5)
    stage = FirstStage(data, labels=1)
    passed = [stage.passes(risky.windows[2 * row + 1].ids) for row in range(risky.size)]
    assert not any(passed[::2]), "the half that the limit was read from loses nothing"
    assert facts["lost_block"].rate == sum(passed[1::2]) / len(passed[1::2]) < 0.2
    assert facts["recall_block"].rate == 1.0
    assert facts["calm_windows"].rate > 0.9
    assert facts["calm_rows"].n == 120
    assert stage.rest[0] == pytest.approx(0.0067, abs=0.001)
    assert stage.limit == pytest.approx(facts["limit"], rel=1e-5)


def test_a_row_passes_only_with_all_its_windows() -> None:
    cut = cut_of(1, risky=False, rows=2)
    assert cascade._all_of(cut, np.array([True, False, True, True])).tolist() == [False, True]
    assert cascade._any_of(cut, np.array([True, False, False, False])).tolist() == [True, False]
