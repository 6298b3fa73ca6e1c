"""The command: what it writes can be served, its exit codes tell, and no row is quoted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from classifiers.testing import MARKER, write_stub_model
from gatehouse.cli import app
from policies.loader import load_refusal_calibrations
from policies.refusal_calibration import CLASSES

SECRET = "canary-words"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_stub_model(tmp_path / "own", kind="exchange", labels=CLASSES)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["calibrate-refusals", "--set", "models.exchange=own", *arguments])


def rows(count: int, **more: str) -> str:
    texts = [f"{SECRET} {MARKER} {n}" if n % 2 else f"{SECRET} {n}" for n in range(count)]
    lines = [{"model": "m", "request": SECRET, "reply": text, **more} for text in texts]
    Path("rows").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return "rows"


def test_what_is_written_can_be_loaded() -> None:
    """One entry for each model, with where it comes from."""
    result = run("--rows", rows(24), "--out", "out.json")
    assert result.exit_code == 0, result.output
    (found,) = load_refusal_calibrations(Path("out.json")).patterns.values()
    assert (found.n, found.fitted_on) == (24, "unlabelled")
    assert found.classifier.partition("@")[0]
    assert any(found.biases.values())


def test_json_has_findings_and_file_content() -> None:
    """The same as is written."""
    result = run("--rows", rows(24, **{"class": "comply"}), "--json", "--out", "out.json")
    told = json.loads(result.stdout)
    assert told["calibrations"] == json.loads(Path("out.json").read_text())
    (finding,) = told["models"]
    assert finding["after"]["refusal_rate"]["n"] == 24
    assert finding["after"]["confusion"]["comply"]["comply"] <= 24


def test_nothing_that_could_be_fitted_is_a_failure() -> None:
    """Exit code 1, the reason, and no file."""
    result = run("--rows", rows(5), "--out", "out.json")
    assert result.exit_code == 1
    assert "at least 20" in result.stdout
    assert not Path("out.json").exists()


def test_rows_that_cannot_be_used_are_wrong_use() -> None:
    """Exit code 2, and nothing of them is printed."""
    for result in (run("--rows", rows(3, **{"class": SECRET})), run("--rows", "none"), run()):
        assert result.exit_code == 2
        assert SECRET not in result.output


def test_no_row_is_quoted_and_a_failing_part_is_told() -> None:
    """Not by a success, not by a model that is gone, not by a file that cannot be written."""
    assert SECRET not in run("--rows", rows(24)).output
    gone = run("--rows", "rows", "--set", "models.exchange=nothing")
    unwritable = run("--rows", "rows", "--out", "no/such/folder/out.json")
    for result in (gone, unwritable):
        assert result.exit_code == 1
        assert SECRET not in result.output
