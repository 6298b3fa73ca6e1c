"""`gatehouse decision-code` tells what it finds by its exit code and in words or JSON."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from gatehouse.cli import app

BIASED = "def loan_score(p):\n    return p.income - (5 if p.gender == 'f' else 0)\n"
run = CliRunner().invoke


def test_biased_code_ends_with_one_and_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "scorer.py"
    file.write_text(BIASED)
    told = run(app, ["decision-code", str(file)])
    assert told.exit_code == 1
    assert "gender (severity 3): return p.income" in told.output


def test_json_has_every_field_of_a_finding() -> None:
    told = run(app, ["decision-code", "-", "--json"], input=BIASED)
    finding = json.loads(told.output)["findings"][0]
    assert finding["attribute"] == "gender"
    assert finding["path"]


def test_fair_code_and_plain_text_end_with_nothing() -> None:
    assert run(app, ["decision-code", "-"], input="def loan_score(p):\n    return p.income\n").exit_code == 0
    assert "no Python" in run(app, ["decision-code", "-"], input="hello").output


def test_names_are_added_and_left_out() -> None:
    code = "def loan_score(p):\n    return p.school == 'x' or p.hair == 'y'\n"
    told = run(app, ["decision-code", "-", "--without", "school", "--proxy", "hair", "--json"], input=code)
    assert [each["attribute"] for each in json.loads(told.output)["findings"]] == ["listed proxy"]


def test_a_file_that_cannot_be_read_is_wrong_use(tmp_path: Path) -> None:
    assert run(app, ["decision-code", str(tmp_path / "none.txt")]).exit_code == 2
