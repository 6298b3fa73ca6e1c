"""The command prints every figure, or says what is wrong with the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatehouse.refusals import main

ROW = {"reply": "I can't help with that.", "class": "refuse", "scores": {"refuse": 0.9}, "fold": "one"}


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
