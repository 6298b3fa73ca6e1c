"""Recalibration: rows are scored with the settings' own classifier, and findings are told with their n."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifiers.classification import ModelFileError
from classifiers.testing import MARKER, write_stub_model
from evaluation.refusal_recalibration import Finding, Standing
from evaluation.refusal_rows import RowsError
from gatehouse.recalibration import render, samples_of
from policies.refusal_calibration import CLASSES, Calibration
from proxy.settings import Settings

BIASES = {"comply": 0.1, "partial": 0.0, "refuse": -0.1, "unable": 0.0}


def write_rows(path: Path, *rows: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_are_scored_with_the_classifier_of_the_settings(tmp_path: Path) -> None:
    """The reply is judged, and one model's rows can be picked."""
    folder = write_stub_model(tmp_path / "own", kind="exchange", labels=CLASSES)
    settings = Settings(models={"exchange": folder})
    rows = [{"model": model, "request": "q", "reply": text} for model in "ab" for text in ("x", MARKER)]
    path = write_rows(tmp_path / "rows", *rows)
    samples, classifier = samples_of(settings, path)
    assert [round(sample.scores["refuse"]) for sample in samples["a"]] == [0, 1]
    assert classifier.partition("@")[2]
    assert set(samples_of(settings, path, "b")[0]) == {"b"}
    with pytest.raises(RowsError, match="no rows of model 'c'"):
        samples_of(settings, path, "c")


def test_a_classifier_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """One that is not there, and one of other labels."""
    path = write_rows(tmp_path / "rows", {"model": "m", "reply": "x"})
    with pytest.raises(ModelFileError):
        samples_of(Settings(models={"exchange": tmp_path / "nothing"}), path)
    other = write_stub_model(tmp_path / "other", kind="exchange")
    with pytest.raises(RowsError, match="does not measure"):
        samples_of(Settings(models={"exchange": other}), path)


def test_a_labelled_finding_shows_rate_score_and_confusion_before_and_after() -> None:
    """Each with its n."""
    before = Standing((("refuse", "comply"), ("comply", "comply")))
    after = Standing((("refuse", "refuse"), ("comply", "comply")))
    told = render([Finding("m", Calibration(BIASES, 2, "2026-11-26", "labelled", "x@1"), before, after)])
    assert "m: 2 labelled rows, x@1" in told
    assert "comply +0.10, partial +0.00, refuse -0.10" in told
    assert "not fitted on: 0.00 (0.00 to 0.66, n 2) before, 0.50 (0.09 to 0.91, n 2) after" in told
    assert "0.000 before, 1.000 after (n 2)" in told
    assert told.count("true class") == 2


def test_an_unsupervised_finding_is_marked_as_one() -> None:
    """And claims nothing that nobody knows."""
    calibration = Calibration(BIASES, 20, "2026-11-26", "unlabelled", "x@1")
    standing = Standing(((None, "comply"),) * 20)
    told = render([Finding("m", calibration, standing, standing)])
    assert "Unsupervised" in told
    assert "F1" not in told
    assert "true class" not in told


def test_what_was_left_out_says_why() -> None:
    """Fitted or not."""
    told = render([Finding("m", left_out="3 rows"), Finding("o", Calibration(BIASES, 9), left_out="worse")])
    assert "m: left out, 3 rows." in told
    assert "Left out: worse." in told
