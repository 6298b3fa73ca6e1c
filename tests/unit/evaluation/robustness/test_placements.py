"""A sentence is looked for at every place, over seams, and past the cap."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.testing import MARKER, write_stub_model
from evaluation.intervals import Rate
from evaluation.robustness.guard import Guard, shipped_lines
from evaluation.robustness.placements import FILLER, across, beyond_cap, caught, over_seam
from evaluation.robustness.subject import Subject, open_subject
from tests.kits.evasion_rows import LABELS

SENTENCES = [f"Where is {MARKER} now?", f"{MARKER} is here."]


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return open_subject(write_stub_model(tmp_path / "model", labels=LABELS))


def guarded(subject: Subject, *, capped: bool = False) -> Guard:
    classifier = subject.capped if capped else subject.classifier
    return Guard(classifier, shipped_lines(subject.classifier))


def test_a_sentence_is_found_from_the_first_place_to_the_last(subject: Subject) -> None:
    found = across(guarded(subject), subject.windows, SENTENCES, 500, 7, lambda _: None)
    assert [place.at for place in found.places] == sorted(place.at for place in found.places)
    assert (found.places[0].at, found.places[-1].at, len(found.places)) == (0.0, 1.0, 7)
    assert all(place.found == (Rate(2, 2),) * 3 for place in found.places)
    assert found.filler == (False, False, False)
    assert 500 <= found.tokens < 530


def test_a_sentence_is_found_over_the_seam(subject: Subject) -> None:
    overlap = subject.manifest.overlap
    found = over_seam(guarded(subject), subject.windows, SENTENCES, overlap)
    gaps = [place.at for place in found.places]
    assert gaps == sorted(gaps, reverse=True)
    assert 0 <= gaps[-1] <= gaps[0] <= overlap
    assert all(place.found == (Rate(2, 2),) * 3 for place in found.places)


def test_what_a_cap_hides_is_left_to_the_policies(subject: Subject) -> None:
    """Not found, but known to be unread: the default policy flags it, the strict one blocks it."""
    found = beyond_cap(guarded(subject, capped=True), subject.windows, SENTENCES, 2_000)
    assert found.windows == 8
    assert found.coverage < 1.0
    assert found.words == (("default", "flag", "on_uncovered"), ("strict", "block", "on_uncovered"))


def test_only_sentences_that_are_stopped_alone_are_looked_for(guard: Guard) -> None:
    assert caught(guard, ["fine", *SENTENCES, MARKER], 2) == SENTENCES
    assert caught(guard, ["fine"], 2) == []


def test_without_a_sentence_there_is_no_rate(subject: Subject) -> None:
    found = across(guarded(subject), subject.windows, [], 100, 2, lambda _: None)
    assert found.places[0].found == (Rate(0, 0),) * 3


def test_the_filler_is_plain_prose() -> None:
    lines = FILLER.read_text(encoding="utf-8").splitlines()
    assert len(set(lines)) == len(lines) > 30
    assert all(line.isascii() and line.endswith(".") for line in lines)
