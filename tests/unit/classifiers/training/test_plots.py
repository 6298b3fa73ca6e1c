"""Pictures are drawn, and the same figures give the same picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.training.calibrate import Bin

plots = pytest.importorskip(
    "classifiers.training.plots", exc_type=ImportError, reason="needs the training extra (matplotlib)"
)
BINS = [Bin(0.0, 0.1, 0.03, 0.02, 900), Bin(0.8, 0.9, 0.85, 0.8, 40)]


def test_a_reliability_diagram_is_an_svg_that_stays_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        plots.draw_reliability({"harm": BINS, "jailbreak": BINS[:1]}, tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"<svg" in one
