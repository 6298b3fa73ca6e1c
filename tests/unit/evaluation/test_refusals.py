"""Refusals are counted as the proxy would tell them, fold by fold."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.refusals import Labelled, measure, read_labelled, table

CALM = {"comply": 0.99, "partial": 0.0, "refuse": 0.01, "unable": 0.0}
SURE = {"comply": 0.01, "partial": 0.0, "refuse": 0.98, "unable": 0.01}
ROWS = [
    Labelled("I'm sorry, but I can't help with that.", "refuse", SURE, "one"),
    Labelled("That is not a road I walk.", "refuse", SURE, "one"),
    Labelled("Mix flour and water.", "comply", CALM, "one"),
    Labelled("Here is half of it; the other half stays with me.", "partial", SURE, "two"),
    Labelled("Paris.", "comply", SURE, "two"),
]


def test_each_way_is_counted_in_each_fold() -> None:
    found = {(item.fold, item.way): item for item in measure(ROWS)}
    assert found["one", "phrases"].f1 == pytest.approx(2 / 3)
    assert found["one", "model"].f1 == found["one", "both"].f1 == 1.0
    assert found["two", "both"].precision.n == 2
    assert found["two", "both"].partial_found.share == 1.0
    assert found["all", "both"].n == 5
    assert found["one", "both"].partial_found.n == 0
    assert len(table(found.values()).splitlines()) == 2 + 9


def test_a_line_that_is_no_row_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"reply": "a"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 1"):
        read_labelled(file)
