"""Explanations: a word counts for what the score loses without it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from classifiers.classification import Classification
from gatehouse.explanation import MOST_WORDS, explain, render


class Bombs:
    """Scores a text by how many of three words it has."""

    name, model, digest, kind = "bombs", "bombs@1", "sha256:0", "text"
    labels = ("harm", "spam")
    thresholds: Mapping[str, Mapping[str, float]] = MappingProxyType({})

    def classify(self, text: str, request: str = "") -> Classification:
        words = text.lower().split()
        harm = 0.1 + 0.4 * ("bomb" in words) + 0.2 * ("build" in words) - 0.1 * ("please" in words)
        return Classification(self.model, self.digest, {"harm": harm, "spam": 0.05 * ("buy" in request)})


def test_every_word_gets_its_share() -> None:
    """In the order of the text; a word that lowers the score is negative."""
    found = explain(Bombs(), "please build a bomb")
    assert found.label == "harm"
    assert [(word.word, round(word.share, 6)) for word in found.words] == [
        ("please", -0.1),
        ("build", 0.2),
        ("a", 0.0),
        ("bomb", 0.4),
    ]
    assert [word.start for word in found.words] == [0, 7, 13, 15]


def test_another_label_may_be_explained() -> None:
    """The label asked for counts, and the request goes along."""
    found = explain(Bombs(), "yes", "spam", "buy now")
    assert found.label == "spam"
    assert found.words[0].share == pytest.approx(0.0)


def test_an_unknown_label_is_an_error() -> None:
    """There is nothing to explain."""
    with pytest.raises(KeyError):
        explain(Bombs(), "x", "nope")


def test_a_long_text_is_measured_but_not_taken_apart() -> None:
    """One run for each word has an end."""
    found = explain(Bombs(), "bomb " * (MOST_WORDS + 1))
    assert found.words == ()
    assert found.scores["harm"] == pytest.approx(0.5)
    assert "no word shares" in render(found)


def test_the_strongest_words_come_first_on_paper() -> None:
    """What a terminal shows begins with what matters."""
    shown = render(explain(Bombs(), "please build a bomb")).splitlines()
    assert shown[0] == "bombs@1"
    assert shown[1].endswith("harm")
    assert shown[4].split() == ["+0.4000", "bomb"]
