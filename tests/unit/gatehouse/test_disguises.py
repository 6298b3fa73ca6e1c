"""Disguises are measured against their goals, at the guard and through the whole service."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.testing import write_stub_model
from evaluation.intervals import Rate, Rise
from gatehouse import disguises
from gatehouse.disguises import Line
from tests.kits.evasion_rows import LABELS, write_rows


def line(kept: float, goal: float | None, rise: int) -> Line:
    return Line("f", "l", "b, block", Rate(int(kept * 100), 100), goal, Rise(Rate(0, 100), Rate(rise, 100)))


@pytest.mark.parametrize(
    ("found", "met"),
    [
        (line(0.98, 0.98, 1), True),
        (line(0.97, 0.98, 0), False),
        (line(0.0, None, 0), True),
        (line(1.0, 0.98, 2), False),
    ],
)
def test_a_goal_is_met_by_what_is_kept_and_by_its_price(found: Line, met: bool) -> None:
    assert found.met is met
    assert str(found).startswith("!") is not met


def test_every_family_of_the_four_layers_is_told(tmp_path: Path) -> None:
    model = write_stub_model(tmp_path / "model", labels=LABELS)
    told: list[str] = []
    rows = str(write_rows(tmp_path))
    assert disguises.main(["--rows", rows, "--model", str(model)], told.append) == 0
    text = "".join(told)
    assert text.count("spaced") == text.count("loud") == 3
    assert text.count("earlier_turn") == 4
    assert "lost" not in text
    assert "2 of 10 layers and lines miss a goal" in text, "the family that is loud stops harmless texts"


def test_a_goal_that_is_missed_fails_where_that_is_asked_for(tmp_path: Path) -> None:
    model = write_stub_model(tmp_path / "model", labels=LABELS)
    chosen = ["--rows", str(write_rows(tmp_path)), "--model", str(model), "--check"]
    assert disguises.main(chosen, lambda _: None) == 1


def test_rows_that_are_missing_are_an_error(tmp_path: Path) -> None:
    assert disguises.main(["--rows", str(tmp_path)]) == 1
