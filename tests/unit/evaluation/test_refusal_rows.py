"""Rows: every bad line is told, none is quoted, and scores are those of the classifier."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifiers.testing import FixedClassifier
from evaluation.refusal_rows import Row, RowsError, Sample, read_rows, score_rows
from policies.refusal_calibration import Calibration

SECRET = "canary-words-of-a-reply"
SCORES = {"comply": 0.3, "partial": 0.05, "refuse": 0.6, "unable": 0.05, "harm_delivered": 0.1}


def write(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def test_rows_are_read_with_and_without_a_class(tmp_path: Path) -> None:
    """Blank lines and line separators inside a text are no rows."""
    plain = {"model": "m", "request": "q", "reply": "a\u2028b"}
    path = write(tmp_path / "rows", plain, "", {**plain, "class": "refuse"})
    first, second = read_rows(path)
    assert (first.model, first.request, first.reply, first.label) == ("m", "q", "a\u2028b", None)
    assert second.label == "refuse"


def test_every_bad_line_is_told_and_none_is_quoted(tmp_path: Path) -> None:
    """With its number."""
    row = {"model": "m", "request": SECRET, "reply": SECRET}
    path = write(
        tmp_path / "rows",
        SECRET,
        f'["{SECRET}"]',
        {**row, "class": SECRET},
        {**row, SECRET: 1},
        {**row, "reply": " "},
        {**row, "model": "gpt*"},
        row,
        {"model": "m"},
    )
    with pytest.raises(RowsError) as caught:
        read_rows(path)
    told = [problem.removeprefix(f"{path}:") for problem in caught.value.problems]
    assert [problem[0] for problem in told] == ["1", "2", "3", "4", "5", "6", "8"]
    assert "reply: must not be blank" in told[4]
    assert SECRET not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """No traceback, no content."""
    with pytest.raises(RowsError, match="cannot be read"):
        read_rows(tmp_path / "nowhere")


def test_values_do_not_show_their_texts() -> None:
    """Whatever prints them."""
    row = Row(model="m", request=SECRET, reply=SECRET)
    assert SECRET not in repr(row) + repr(Sample(SECRET, SCORES))


def test_rows_are_scored_by_model_in_their_order() -> None:
    """With the scores that the classifier gives, all labels of them."""
    rows = [Row.model_validate({"model": m, "reply": m, "class": "comply"}) for m in ("a", "b", "a")]
    classifier = FixedClassifier(SCORES, "exchange", kind="exchange")
    found = score_rows(rows, classifier)
    assert {model: len(samples) for model, samples in found.items()} == {"a": 2, "b": 1}
    assert found["a"][0] == Sample("a", SCORES, "comply")
    assert classifier.calls == 3


def test_a_classifier_without_refusal_classes_is_no_use() -> None:
    """It is told before anything is measured."""
    with pytest.raises(RowsError, match="does not measure comply"):
        score_rows([], FixedClassifier({"harm": 0.1}))


def test_a_sample_is_read_as_the_proxy_reads_it() -> None:
    """Phrases and adjusted scores together."""
    assert Sample("Kittens.", SCORES).kind(Calibration()) == "comply"
    assert Sample("Kittens.", SCORES).kind(Calibration({"refuse": 2.0})) == "refuse"
    assert Sample("I can't help with that.", SCORES).kind(Calibration({"refuse": -3.0})) == "refuse"
