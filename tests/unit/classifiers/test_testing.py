"""The fakes keep (or break) exactly the promises they are for."""

from __future__ import annotations

import math

import pytest

from classifiers.classification import Classifier, ClassifierError
from classifiers.testing import (
    MARKER,
    FailingClassifier,
    FixedClassifier,
    MarkerClassifier,
    NonsenseClassifier,
    SlowClassifier,
    stub_tokenizer,
)
from tests.kits.classifier_kit import ClassifierKit


class TestMarkerClassifier(ClassifierKit):
    @pytest.fixture
    def classifier(self) -> Classifier:
        return MarkerClassifier("input", {MARKER: "harm", "GHTOX": "toxic"}, labels=("harm", "toxic", "calm"))


class TestFixedClassifier(ClassifierKit):
    @pytest.fixture
    def classifier(self) -> Classifier:
        return FixedClassifier({"refuse": 0.25, "comply": 0.75}, kind="exchange")


def test_markers_give_their_own_labels() -> None:
    classifier = MarkerClassifier("input", {MARKER: "harm", "GHTOX": "toxic"})
    assert classifier.classify("x ghtox y").scores == {"harm": 0.0, "toxic": 1.0}
    assert classifier.calls == 1


def test_a_failing_classifier_raises_what_it_was_given() -> None:
    with pytest.raises(ClassifierError):
        FailingClassifier().classify("hello")
    with pytest.raises(MemoryError):
        FailingClassifier(error=MemoryError()).classify("hello")


def test_a_slow_classifier_waits_and_then_answers() -> None:
    waited: list[float] = []
    assert SlowClassifier(60, sleep=waited.append).classify(MARKER).scores == {"harm": 1.0}
    assert waited == [60]


def test_nonsense_comes_in_three_ways() -> None:
    assert math.isnan(NonsenseClassifier("nan").classify("hello").scores["harm"])
    assert NonsenseClassifier("missing").classify("hello").scores == {}
    assert NonsenseClassifier("partial").classify("hello").coverage < 1


def test_the_stub_tokenizer_sees_the_marker_within_words() -> None:
    assert stub_tokenizer().encode(f"my_{MARKER.lower()}_key").tokens.count(MARKER.lower()) == 1
