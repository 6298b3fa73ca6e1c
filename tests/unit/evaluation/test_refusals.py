"""Refusals are counted as the proxy would tell them, fold by fold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.refusals import Labelled, main, measure, read_labelled, table

CALM = {"comply": 0.99, "partial": 0.0, "refuse": 0.01, "unable": 0.0}
SURE = {"comply": 0.01, "partial": 0.0, "refuse": 0.98, "unable": 0.01}
ROWS = [
    Labelled("I'm sorry, but I can't help with that.", "refuse", SURE, "one"),
    Labelled("That is not a road I walk.", "refuse", SURE, "one"),
    Labelled("Mix flour and water.", "comply", CALM, "one"),
    Labelled("Here is half of it; the other half stays with me.", "partial", SURE, "two"),
    Labelled("Paris.", "comply", SURE, "two"),
]
ROW = {"reply": "I can't help with that.", "class": "refuse", "scores": {"refuse": 0.9}, "fold": "one"}


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


def test_every_figure_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    assert main([str(file)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 + 6
    assert main([str(file), "--json"]) == 0
    assert {item["f1"] for item in json.loads(capsys.readouterr().out)} == {1.0}


@pytest.mark.parametrize("content", ["no json", None])
def test_a_file_that_does_not_read_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    file = tmp_path / "rows.jsonl"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert main([str(file)]) == 1
    assert "rows.jsonl" in capsys.readouterr().err
