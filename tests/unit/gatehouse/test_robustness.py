"""The command measures a model folder, tells it, writes its page, and says what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifiers.testing import write_stub_model
from evaluation.measured_page import BEGIN, END
from evaluation.robustness.examination import Plan
from gatehouse import robustness
from tests.kits.evasion_rows import LABELS, write_rows


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(Plan, "sample", lambda texts: Plan(texts, 1, 2, 100, 400))
    model = write_stub_model(tmp_path / "model", labels=LABELS)
    return ["--model", str(model), "--rows", str(write_rows(tmp_path)), "--sample", "1"]


def test_the_tables_go_to_the_terminal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert robustness.main(arguments) == 0
    told = capsys.readouterr()
    assert "stub@1" in told.out
    assert "| spaced | normalise |" in told.out
    assert "disguises: 4 of 4" in told.err


def test_json_is_alone_on_the_output(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert robustness.main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "stub@1"


def test_the_page_is_written_between_its_marks(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(robustness, "PAGE", page)
    assert robustness.main([*arguments, "--write"]) == 0
    written = page.read_text(encoding="utf-8")
    assert written.startswith(f"before\n{BEGIN}\n\nMeasured on ")
    assert written.endswith(f"{END}\nafter\n")


def test_the_page_of_the_repository_has_the_marks() -> None:
    text = robustness.PAGE.read_text(encoding="utf-8")
    assert text.index(BEGIN) < text.index(END)


@pytest.mark.parametrize("missing", ["--rows", "--model"])
def test_what_is_missing_is_named(
    arguments: list[str], missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert robustness.main([*arguments, missing, str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
