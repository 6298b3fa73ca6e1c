"""The model under examination is the served one, asked about each window once."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.classification import ModelFileError
from classifiers.onnx_classifier import Graph, OnnxClassifier
from classifiers.testing import MARKER, write_stub_model
from evaluation.robustness import subject
from evaluation.robustness.placements import FILLER
from evaluation.robustness.subject import CAP, RememberingGraph, open_subject


@pytest.mark.parametrize("text", ["bread", f"a {MARKER} b", f"{'word ' * 300}{MARKER}"])
def test_it_measures_as_the_served_classifier_does(tmp_path: Path, text: str) -> None:
    folder = write_stub_model(tmp_path / "model")
    served = OnnxClassifier.open(folder, "input")
    assert open_subject(folder).classifier.classify(text) == served.classify(text)


def test_a_window_is_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    plain = Graph.look
    monkeypatch.setattr(Graph, "look", lambda self, *given: asked.append(given) or plain(self, *given))
    classifier = open_subject(write_stub_model(tmp_path / "model")).classifier
    assert classifier.classify("bread") == classifier.classify("bread")
    assert len(asked) == 1


def test_it_remembers_no_more_than_so_many_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_REMEMBERED", 2)
    folder = write_stub_model(tmp_path / "model")
    graph = RememberingGraph((folder / "model.onnx").read_bytes())
    windows = open_subject(folder).windows
    for text in ("one", "two", "three"):
        graph.logits(next(iter(windows.over(text))))
    assert len(graph._known) <= 2


def test_the_capped_twin_reads_a_long_text_in_part(tmp_path: Path) -> None:
    found = open_subject(write_stub_model(tmp_path / "model"))
    text = FILLER.read_text(encoding="utf-8")
    assert found.capped.classify(text).windows == CAP
    assert found.capped.classify(text).coverage < 1.0
    assert found.classifier.classify(text).coverage == 1.0


def test_a_model_of_exchanges_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="exchange"):
        open_subject(write_stub_model(tmp_path / "model", kind="exchange"))
