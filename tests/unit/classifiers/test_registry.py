"""Models are found, loaded and described by directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.classification import ClassifierError, ModelFileError
from classifiers.registry import MODELS, describe, load, measure, shipped
from classifiers.testing import MARKER, MarkerClassifier, write_stub_model


def test_every_directory_with_a_manifest_is_shipped(tmp_path: Path) -> None:
    write_stub_model(tmp_path / "input")
    write_stub_model(tmp_path / "exchange", kind="exchange")
    (tmp_path / "notes").mkdir()
    assert shipped(tmp_path) == {"exchange": tmp_path / "exchange", "input": tmp_path / "input"}


def test_what_ships_with_gatehouse_can_be_served() -> None:
    """Every model in the house verifies and gives scores."""
    if not shipped():
        pytest.skip("no model has been trained yet")
    assert {path.parent for path in shipped().values()} == {MODELS}
    assert {name: describe(path).problems for name, path in shipped().items()} == dict.fromkeys(shipped(), ())


def test_a_classifier_is_called_what_the_caller_says(tmp_path: Path) -> None:
    directory = write_stub_model(tmp_path / "m")
    assert load(directory).name == "stub"
    assert load(directory, name="input").name == "input"
    assert load(directory).classify(MARKER).scores["harm"] > 0.99


def test_a_measurement_can_be_stopped_where_the_classifier_can(tmp_path: Path) -> None:
    """A thread whose request has gone is free again at the next window."""
    with pytest.raises(ClassifierError, match="stopped"):
        measure(load(write_stub_model(tmp_path / "m")), "hello", stop=lambda: True)
    assert measure(MarkerClassifier(), MARKER, stop=lambda: True).scores == {"harm": 1.0}


def test_what_is_no_model_directory_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"manifest\.json"):
        load(tmp_path)
    with pytest.raises(ModelFileError):
        load(tmp_path / "nowhere")


def test_a_good_directory_is_described(tmp_path: Path) -> None:
    described = describe(write_stub_model(tmp_path / "m", labels=("harm", "other")))
    assert described.ok
    assert (described.name, described.version, described.kind) == ("stub", "1", "text")
    assert described.labels == ("harm", "other")
    assert described.thresholds["harm"] == {"flag": 0.5, "block": 0.9}
    assert described.digests == {"model.onnx": True, "tokenizer.json": True}
    assert described.size > 1000


def test_every_altered_file_is_described_without_raising(tmp_path: Path) -> None:
    directory = write_stub_model(tmp_path / "m")
    for name in ("model.onnx", "tokenizer.json"):
        (directory / name).write_bytes(b"{}")
    described = describe(directory)
    assert not described.ok
    assert described.digests == {"model.onnx": False, "tokenizer.json": False}
    assert len(described.problems) == 2


def test_a_model_that_gives_no_scores_is_a_problem(tmp_path: Path) -> None:
    assert "no number" in describe(write_stub_model(tmp_path / "m", fault="nan")).problems[0]


def test_an_empty_directory_is_described(tmp_path: Path) -> None:
    assert "manifest.json" in describe(tmp_path).problems[0]
