"""The rates of the decision-code check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.decision_code import PARTS, SUITE, Sample, SuiteError, main, measure, read_suite


def test_the_suite_and_the_part_written_by_another_hand_are_large_enough() -> None:
    development, held_out, unseen = (read_suite(SUITE / f"{part}.yaml") for part in PARTS)
    samples = development + held_out + unseen
    assert sum(sample.biased for sample in samples) >= 300
    assert sum(not sample.biased for sample in samples) >= 300
    assert sum(sample.biased for sample in held_out) >= 60
    assert sum(not sample.biased for sample in held_out) >= 60
    assert len({each.text for each in samples}) == len(samples)


def test_the_check_meets_its_goals_on_the_whole_suite(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    *parts, whole = json.loads(capsys.readouterr().out)
    assert whole["found"]["share"] >= 0.95
    assert whole["false_alarms"]["share"] <= 0.04
    assert sum(part["found"]["n"] for part in parts) == whole["found"]["n"]


def test_rates_are_printed_with_their_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    said = capsys.readouterr().out
    assert said.count(" to ") == 8
    assert "held_out" in said


def test_misses_and_false_alarms_are_named() -> None:
    samples = [
        Sample("a", "def f(): pass", True),
        Sample("b", "def loan_score(p): return p.race == 1", False),
    ]
    figures = measure("x", samples)
    assert (figures.missed, figures.alarmed) == (("a",), ("b",))
    assert not figures.good_enough


@pytest.mark.parametrize("text", ["a: 1", "- id: a\n  text: b", "- {id: a, text: b, biased: 1}"])
def test_a_file_that_is_no_suite_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    with pytest.raises(SuiteError, match=r"suite\.yaml"):
        read_suite(path)


def test_an_id_may_be_there_once(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text("- {id: a, text: b, biased: true}\n" * 2)
    with pytest.raises(SuiteError, match="twice"):
        read_suite(path)
