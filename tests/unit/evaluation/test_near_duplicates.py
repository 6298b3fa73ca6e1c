"""Texts that say nearly the same are told."""

from __future__ import annotations

from evaluation.near_duplicates import clusters, normalised, shingles, similarity

LONG = " ".join(f"word{n}" for n in range(60))


def test_case_and_punctuation_make_no_difference() -> None:
    assert normalised("Hello,  WORLD!") == normalised("hello world")


def test_a_word_changed_in_a_long_text_is_nearly_the_same_and_another_text_is_not() -> None:
    near, far = LONG.replace("word30", "other"), " ".join(f"thing{n}" for n in range(60))
    assert clusters([LONG, far, near]) == [0, 1, 0]
    assert similarity(shingles(LONG), shingles(near)) > 0.8


def test_short_texts_and_scripts_without_spaces_are_compared_by_characters() -> None:
    assert clusters(
        ["犬と猫の違いを詳しく教えてください", "犬と猫の違いを詳しく教えてください。", "天気"]
    ) == [0, 0, 2]


def test_empty_texts_are_the_same() -> None:
    assert clusters(["", ""]) == [0, 0]
    assert similarity(shingles(""), shingles("")) == 1.0
