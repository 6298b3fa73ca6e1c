"""The words that made a score are named, within a bound on classifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise

import pytest

from classifiers.classification import Classification
from classifiers.explain import explain
from classifiers.testing import MARKER, FixedClassifier, MarkerClassifier


class WordSums(MarkerClassifier):
    """Adds up the weights of the words it reads; `something` weighs what its own entry says."""

    def __init__(self, weights: Mapping[str, float], points: Mapping[str, float]) -> None:
        super().__init__(labels=("harm",))
        self.thresholds = {"harm": points}
        self._weights = weights

    def classify(self, text: str, request: str = "") -> Classification:
        self.calls += 1
        score = 0.1 + sum(self._weights.get(word, 0.0) for word in text.split())
        return Classification(self.model, self.digest, {"harm": min(max(score, 0.0), 1.0)})


POINTS = {"flag": 0.3, "block": 0.6}


def test_the_word_that_made_the_score_comes_first() -> None:
    text = f"one two {MARKER} four"
    explanation = explain(MarkerClassifier(), text, "harm")
    first = explanation.spans[0]
    assert (text[first.start : first.end], first.weight, first.words) == (MARKER, 1.0, 1)
    assert [span.weight for span in explanation.spans[1:]] == [0.0, 0.0, 0.0]
    assert explanation.score == 1.0
    assert explanation.calls == 5


@pytest.mark.parametrize("place", [0, 250, 777, 999])
def test_a_long_text_is_searched_within_the_bound(place: int) -> None:
    words = [f"w{number}" for number in range(1000)]
    words[place] = MARKER
    text = " ".join(words)
    classifier = MarkerClassifier()
    explanation = explain(classifier, text, "harm", max_calls=80)
    first = explanation.spans[0]
    assert text[first.start : first.end] == MARKER
    assert first.weight == 1.0
    assert explanation.flip is not None
    assert explanation.flip.places == ((first.start, first.end),)
    assert explanation.calls == classifier.calls <= 80


@pytest.mark.parametrize("text", ["a b c d e f g", f"a b c {MARKER} e {MARKER} g"])
@pytest.mark.parametrize("max_calls", [0, 5, 9])
def test_spans_cover_every_word_once(text: str, max_calls: int) -> None:
    """However few classifications there are, and they are never exceeded (four are the least)."""
    classifier = MarkerClassifier()
    explanation = explain(classifier, text, "harm", max_calls=max_calls)
    spans = sorted(explanation.spans, key=lambda span: span.start)
    assert (spans[0].start, spans[-1].end) == (0, len(text))
    assert sum(span.words for span in spans) == 7
    assert all(one.end < two.start for one, two in pairwise(spans))
    assert explanation.calls == classifier.calls <= max(4, max_calls)


def test_a_text_without_words_has_no_spans() -> None:
    explanation = explain(FixedClassifier({"harm": 0.3}), "", "harm")
    assert (explanation.spans, explanation.flip, explanation.push) == ((), None, None)


def test_the_request_is_passed_on() -> None:
    classifier = MarkerClassifier(kind="exchange")
    assert explain(classifier, "hello", "harm", MARKER).score == 1.0


def test_an_unknown_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="no label"):
        explain(MarkerClassifier(), "hello", "nothing")


def test_the_label_nearest_to_its_block_point_is_explained() -> None:
    classifier = FixedClassifier({"a": 0.6, "b": 0.5})
    classifier.thresholds = {"a": {"block": 0.9}, "b": {"block": 0.4}}
    explanation = explain(classifier, "hello")
    assert explanation.label == "b"
    assert explanation.scores == {"a": 0.6, "b": 0.5}
    assert [margin.point for margin in explanation.margins] == ["block"]


def test_the_flip_takes_the_score_under_the_highest_point_it_reaches() -> None:
    """Two words, since neither is enough alone."""
    text = "please kill the wife"
    explanation = explain(WordSums({"kill": 0.4, "wife": 0.35, "please": 0.2}, POINTS), text)
    flip = explanation.flip
    assert flip is not None
    assert (flip.point, flip.by) == ("block", "removal")
    assert [text[start:end] for start, end in flip.places] == ["kill", "wife"]
    assert flip.score == pytest.approx(0.3)
    assert explanation.push is None


def test_a_flagged_text_flips_at_its_flag_point() -> None:
    explanation = explain(WordSums({"kill": 0.3}, POINTS), "kill time")
    assert explanation.flip is not None
    assert (explanation.flip.point, explanation.flip.score) == ("flag", pytest.approx(0.1))


def test_weighing_a_long_text_leaves_enough_for_the_flip() -> None:
    """Every word weighs a little, so that there is always another group to look into."""
    words = ["dull"] * 100
    words[10] = words[50] = words[90] = "kill"
    text = " ".join(words)
    explanation = explain(WordSums({"dull": 0.001, "kill": 0.2}, {"block": 0.3}), text, max_calls=60)
    assert explanation.flip is not None
    assert [text[start:end] for start, end in explanation.flip.places] == ["kill"] * 3
    assert explanation.calls <= 60


def test_masking_flips_what_removal_does_not() -> None:
    weights = {"a": 0.2, "b": 0.2, "c": 0.2, "d": 0.2, "e": 0.2, "f": 0.2, "something": -0.9}
    explanation = explain(WordSums(weights, POINTS), "a b c d e f")
    assert explanation.flip is not None
    assert explanation.flip.by == "masking"
    assert len(explanation.flip.places) == 1


def test_a_text_under_its_points_has_a_word_that_pushes_it_up() -> None:
    text = "calm angry calm"
    explanation = explain(WordSums({"angry": 0.1, "calm": -0.01}, POINTS), text)
    assert explanation.flip is None
    assert explanation.push is not None
    assert text[explanation.push.start : explanation.push.end] == "angry"


def test_nothing_pushes_where_nothing_raises_the_score() -> None:
    assert explain(WordSums({}, POINTS), "calm calm").push is None


def test_an_explanation_holds_no_text() -> None:
    """It may be logged or kept where the text may not."""
    assert MARKER not in repr(asdict(explain(MarkerClassifier(), f"one {MARKER}", "harm")))
