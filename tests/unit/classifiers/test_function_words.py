"""Function words are clean data: lower case, no name-like word that tells, every language with enough."""

from __future__ import annotations

import pytest

from classifiers.function_words import FUNCTION_WORDS, NAMELIKE, words_of


@pytest.mark.parametrize("language", FUNCTION_WORDS)
def test_every_list_can_tell_a_sentence(language: str) -> None:
    words = FUNCTION_WORDS[language]
    assert len(words) >= 25
    assert all(word == word.lower() and words_of(word) == [word] for word in words)


def test_words_are_known_without_their_accents_too() -> None:
    assert {"für", "können", "konnen", "daß", "dass"} <= FUNCTION_WORDS["de"]
    assert {"için", "icin", "nas\u0131l", "nasil"} <= FUNCTION_WORDS["tr"]


def test_an_accent_less_form_never_becomes_an_english_function_word() -> None:
    """`thế` without its accents reads `the`."""
    assert "thế" in FUNCTION_WORDS["vi"]
    assert "the" not in FUNCTION_WORDS["vi"]


def test_single_letters_and_english_homographs_tell_nothing() -> None:
    foreign = frozenset[str]().union(*(words for tag, words in FUNCTION_WORDS.items() if tag != "en"))
    assert not {"a", "e", "i", "o", "y", "man", "day", "car"} & foreign
    assert {"la", "de", "van"} <= NAMELIKE


def test_words_are_parted_by_everything_that_is_no_letter() -> None:
    assert words_of("don't l'eau x_1 e-mail") == ["don", "t", "l", "eau", "x", "e", "mail"]
