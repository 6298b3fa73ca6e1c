"""The result is told whole, as JSON and as tables, and no rate without its n."""

from __future__ import annotations

import json
import re

import pytest

from evaluation.intervals import Rate, Rise
from evaluation.robustness.controls import Control
from evaluation.robustness.disguises import Retention
from evaluation.robustness.examination import Plan, Result
from evaluation.robustness.placements import Capped, Place, Search
from evaluation.robustness.report import as_json, page


def retention(family: str, layer: str, hits: int) -> Retention:
    return Retention(family, layer, (Rate(hits, 10),) * 3, (Rise(Rate(0, 20), Rate(1, 20)),) * 3)


@pytest.fixture
def result() -> Result:
    places = tuple(Place(at / 10, (Rate(at % 3, 3),) * 3) for at in range(11))
    return Result(
        model="input@1",
        digest="sha256:" + "a" * 64,
        normaliser="normaliser:9",
        lines=("block", "flag", "strict"),
        plan=Plan(),
        disguises=(
            retention("hex", "decode", 9),
            retention("rot13", "decode", 5),
            retention("glued", "model", 4),
        ),
        controls=(Control("thai", Rate(0, 12), (Rate(1, 12),) * 3, ("block 4",)),),
        sentences=3,
        anywhere=Search(8_007, (False, True, False), places),
        seam=Search(562, (False, False, False), (Place(32, (Rate(3, 3),) * 3), Place(0, (Rate(1, 3),) * 3))),
        capped=Capped(2_081, 8, 0.376, (("default", "flag", "on_uncovered"),)),
    )


def test_json_holds_all_of_it(result: Result) -> None:
    told = json.loads(json.dumps(as_json(result)))
    assert told["disguises"][0]["kept"][0]["n"] == 10
    assert told["disguises"][0]["price"][0]["after"]["hits"] == 1
    assert len(told["anywhere"]["places"]) == 11
    assert told["plan"]["places"] == 50


def test_the_page_says_what_was_measured_and_when(result: Result) -> None:
    told = page(result, "2025-01-02")
    assert "Measured on 2025-01-02: input@1, digest `sha256:aaaa" in told
    assert "normaliser:9" in told


def test_families_are_pooled_by_layer(result: Result) -> None:
    told = page(result, "2025-01-02")
    assert f"| decode | 2 | {Rate(14, 20)} |" in told
    assert f"| hex | decode | {Rate(9, 10)} |" in told
    assert "| glued | model |" in told


def test_places_are_told_by_tenths(result: Result) -> None:
    """The last place belongs to the last tenth."""
    told = page(result, "2025-01-02")
    assert f"| 0 to 10 % | {Rate(0, 3)} |" in told
    assert f"| 90 to 100 % | {Rate(1, 6)} |" in told
    assert "8,007 tokens, stopped without a sentence: flag" in told


def test_controls_seams_and_the_cap_are_told(result: Result) -> None:
    told = page(result, "2025-01-02")
    assert f"| thai | {Rate(0, 12)} | {Rate(1, 12)} |" in told
    assert f"| 32 to 0 tokens before it | {Rate(4, 6)} |" in told
    assert "8 windows read of 2,081 tokens, coverage 0.38" in told
    assert "| default | flag | on_uncovered |" in told


def test_no_rate_is_told_without_its_n(result: Result) -> None:
    cells = re.findall(r"\| ([+-]?\d\.\d\d[^|]*) ", page(result, "2025-01-02"))
    assert cells
    assert all(re.search(r"n \d+\)", cell) for cell in cells)
