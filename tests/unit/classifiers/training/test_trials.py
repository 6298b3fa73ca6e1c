"""Trials: where a word goes, and what it is compared with."""

from __future__ import annotations

from classifiers.training.carriers import WordLists
from classifiers.training.trials import Trial, identities, insertions, substitutions


def test_words_go_to_start_middle_and_end_in_turn() -> None:
    """A text meets each word once; over the texts each word meets each place."""
    texts = ["a b c d"] * 3
    assert [trial.after for trial in insertions(["X"], texts)] == ["X a b c d", "a b X c d", "a b c d X"]
    assert [trial.after for trial in insertions(["X", "Y"], texts)][3] == "a b Y c d"


def test_a_text_of_one_word_has_a_middle_too() -> None:
    assert [trial.after for trial in insertions(["X"], ["hi"] * 3)] == ["X hi", "hi X", "hi X"]


def test_a_word_is_replaced_by_others_of_its_class_in_turn() -> None:
    classes = {"noun": ["dog", "cat", "bird"], "place": ["Rome"]}
    texts = ["My Dog sleeps in Rome", "a dog, a dog", "hotdog", "the dog"]
    assert list(substitutions(classes, texts)) == [
        Trial("cat", texts[0], "My cat sleeps in Rome"),
        Trial("bird", texts[1], "a bird, a dog"),
        Trial("cat", texts[3], "the cat"),
    ]


def test_marks_are_replaced_wherever_they_stand() -> None:
    """A mark has no word boundary, and is no pattern."""
    assert list(substitutions({"mark": ["?", "!"]}, ["Why?"])) == [Trial("!", "Why?", "Why!")]


def test_terms_are_compared_with_the_first_of_their_kind() -> None:
    words = WordLists({}, {"faith": ["local", "Hindu", "Sikh"]}, {"faith": ["My {x} friend", "A {x} choir"]})
    assert list(identities(words)) == [
        Trial("Hindu", "My local friend", "My Hindu friend"),
        Trial("Hindu", "A local choir", "A Hindu choir"),
        Trial("Sikh", "My local friend", "My Sikh friend"),
        Trial("Sikh", "A local choir", "A Sikh choir"),
    ]
