"""No rate is printed without its n and its interval."""

from __future__ import annotations

import re

from classifiers.training.calibrate import wilson
from classifiers.training.report import percent, rates, table


def test_a_rate_carries_its_n_and_interval() -> None:
    assert re.fullmatch(r"1\.0 % \(0\.5 to 1\.\d, n 1000\)", percent(wilson(10, 1000)))


def test_manifest_rates_are_plain_numbers() -> None:
    assert rates({"block": wilson(0, 10)})["block"] == {"rate": 0.0, "n": 10, "low": 0.0, "high": 0.27754}


def test_a_table_has_as_many_columns_as_its_head() -> None:
    assert table(["a", "b"], [["1", "2"]]).splitlines() == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]
