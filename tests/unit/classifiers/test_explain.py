"""The words that made a score are named, within a bound on classifications."""

from __future__ import annotations

import pytest

from classifiers.explain import explain
from classifiers.testing import MARKER, FixedClassifier, MarkerClassifier


def test_the_word_that_made_the_score_comes_first() -> None:
    text = f"one two {MARKER} four"
    explanation = explain(MarkerClassifier(), text, "harm")
    start, end, weight = explanation.spans[0]
    assert (text[start:end], weight) == (MARKER, 1.0)
    assert [span[2] for span in explanation.spans[1:]] == [0.0, 0.0, 0.0]
    assert explanation.score == 1.0
    assert explanation.calls == 5


@pytest.mark.parametrize("place", [0, 250, 777, 999])
def test_a_long_text_is_searched_within_the_bound(place: int) -> None:
    words = [f"w{number}" for number in range(1000)]
    words[place] = MARKER
    text = " ".join(words)
    classifier = MarkerClassifier()
    explanation = explain(classifier, text, "harm", max_calls=80)
    start, end, weight = explanation.spans[0]
    assert text[start:end] == MARKER
    assert weight == 1.0
    assert explanation.calls == classifier.calls <= 80


def test_spans_cover_every_word_once() -> None:
    explanation = explain(MarkerClassifier(), "a b c d e f g", "harm", max_calls=5)
    assert min(span[0] for span in explanation.spans) == 0
    assert max(span[1] for span in explanation.spans) == 13


def test_a_text_without_words_has_no_spans() -> None:
    assert explain(FixedClassifier({"harm": 0.3}), "", "harm").spans == ()


def test_the_request_is_passed_on() -> None:
    classifier = MarkerClassifier(kind="exchange")
    assert explain(classifier, "hello", "harm", MARKER).score == 1.0


def test_an_unknown_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="no label"):
        explain(MarkerClassifier(), "hello", "nothing")
