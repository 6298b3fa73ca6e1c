"""The early exit: what stays is read by the whole network, what leaves gets the agreed logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the training extra (torch)")
pytest.importorskip("onnxscript", reason="needs the training extra (torch)")

import onnxruntime

from classifiers.training import early_exit, export
from classifiers.training.network import Classifier, Shape
from classifiers.training.tokens import Window, batch

HEADS = 3
REST = np.array([-4.0, -5.0, -6.0])


def a_file(folder: Path, layers: int) -> bytes:
    shape = Shape(500, 16, layers, 2, 32, 64, 2, 1e-12)
    export.write_onnx(Classifier(shape, HEADS, "text"), folder / "full.onnx", longest=64)
    export.quantise(folder / "full.onnx", folder / "model.onnx")
    return (folder / "model.onnx").read_bytes()


def some_windows(count: int) -> list[Window]:
    """Every other one holds token 7 five times."""
    rng = np.random.default_rng(3)
    rows = [rng.integers(10, 500, int(rng.integers(8, 20))) for _ in range(count)]
    for row in rows[::2]:
        row[:5] = 7
    return [Window(tuple(map(int, row)), (0,) * len(row)) for row in rows]


def run(data: bytes, window: Window, limit: float) -> tuple[Any, float]:
    session = onnxruntime.InferenceSession(data)
    feeds = {**batch([window]), early_exit.LIMIT: np.array(limit, dtype=np.float32)}
    logits, told = session.run(["logits", early_exit.TOLD], feeds)
    return logits[0], float(told[0, 0])


@pytest.mark.filterwarnings("ignore")
def test_windows_leave_or_are_read_whole(tmp_path: Path) -> None:
    plain = a_file(tmp_path, layers=3)
    windows = some_windows(400)
    states, logits = early_exit.read_states(plain, windows, HEADS)
    wanted = np.tile([1.0, 0.0], 200)
    found = early_exit.fit_exit(states, wanted, seed=1, epochs=30)
    data = early_exit.write_exit(plain, found, REST)
    marks = early_exit.read_marks(data, windows)
    assert np.mean(marks[::2]) > np.mean(marks[1::2]) + 1.0
    assert np.corrcoef(marks, found.logits(states.astype(float)))[0, 1] > 0.98
    for window, mark, whole in list(zip(windows, marks, logits, strict=True))[:6]:
        stayed, told = run(data, window, mark)
        assert told == pytest.approx(mark, abs=1e-5)
        assert np.allclose(stayed, whole, atol=0.05)
        assert np.allclose(run(data, window, mark + 0.01)[0], REST)


@pytest.mark.filterwarnings("ignore")
def test_an_encoder_without_layers_to_spare_has_no_exit(tmp_path: Path) -> None:
    assert not early_exit.has_upper_layers(a_file(tmp_path, layers=2))
