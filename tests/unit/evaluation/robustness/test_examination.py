"""One examination measures everything, as much as its plan says."""

from __future__ import annotations

from pathlib import Path

from classifiers.normalize import NORMALISER
from classifiers.testing import write_stub_model
from evaluation.robustness.disguises import Reader, read_rows
from evaluation.robustness.examination import Plan, examine, probes
from evaluation.robustness.subject import open_subject
from tests.kits.evasion_rows import LABELS


def test_everything_is_measured(tmp_path: Path, rows_folder: Path, read: Reader) -> None:
    subject = open_subject(write_stub_model(tmp_path / "model", labels=LABELS))
    plan = Plan(texts=2, sentences=1, places=3, tokens=100, beyond=400)
    found = examine(subject, read_rows(rows_folder), read, plan, lambda _: None)
    assert found.model == "stub@1"
    assert found.digest == subject.classifier.digest
    assert found.normaliser == NORMALISER
    assert found.lines == ("block", "flag", "strict")
    assert len(found.disguises) == 4
    assert {each.changed.n for each in found.controls} == {2}
    assert found.sentences == 0  # the stub fires on its marker only, and no probe holds it
    assert len(found.anywhere.places) == 3
    assert found.seam.places
    assert found.capped.coverage < 1.0


def test_a_sample_is_never_more_than_the_whole() -> None:
    assert Plan.sample(5) == Plan(5, 5, 5)
    assert Plan.sample(10_000) == Plan()


def test_there_are_sentences_to_look_for() -> None:
    assert len(probes()) >= Plan().sentences
    assert all(len(sentence) < 120 for sentence in probes())
