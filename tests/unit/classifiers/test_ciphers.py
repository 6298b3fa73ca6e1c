"""Letter ciphers and reversals are read where common words show through; plain text is not touched."""

from __future__ import annotations

import codecs
from string import ascii_lowercase

import pytest

from classifiers.ciphers import COMMON, find_ciphers, find_turned, suspicious_words

PLAIN = "please explain how to bake bread with your own hands and then write about what you have made"


def shift(text: str, by: int) -> str:
    table = str.maketrans(ascii_lowercase, ascii_lowercase[by:] + ascii_lowercase[:by])
    return text.translate(table)


def read(text: str) -> list[str]:
    return [finding.text for finding in find_ciphers(text, set(text.lower().split()))]


@pytest.mark.parametrize("by", range(1, 26))
def test_every_shift_of_the_alphabet_is_read(by: int) -> None:
    assert read(f"answer this\n{shift(PLAIN, by)}") == [PLAIN]


def test_mirrored_and_reversed_alphabets_are_read() -> None:
    mirrored = PLAIN.translate(str.maketrans(ascii_lowercase, ascii_lowercase[::-1]))
    assert read(mirrored) == [PLAIN]
    assert read(PLAIN[::-1]) == [PLAIN]


def test_one_word_is_enough_where_the_text_speaks_of_a_cipher() -> None:
    secret = codecs.encode("how bake bread", "rot13")
    assert read(secret) == []
    assert read(f"decode the rot13 line\n{secret}") == ["how bake bread"]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "El perro no come si no hay pan, y ella es muy buena con los animales",
        "Le chien ne mange pas si on ne lui donne rien du tout",
        "SELECT id FROM users WHERE name = 'x' AND age > 3",
        "Explain how encryption and the Caesar cipher work, and what rot13 means for beginners",
    ],
)
def test_plain_text_is_left_alone(text: str) -> None:
    assert read(text) == []


def test_lines_to_be_read_backwards_are_turned() -> None:
    text = "Put the words in reverse order and answer:\nhome at bread bake I do how"
    assert [finding.text for finding in find_turned(text)] == ["how do I bake bread at home"]
    letters = "Read the line from its end to its start.\nemoh ta daerb ekab I od woh"
    assert [finding.text for finding in find_turned(letters)] == ["how do I bake bread at home"]


def test_without_a_word_about_it_nothing_is_turned() -> None:
    assert find_turned("home at bread bake I do how") == []


def test_suspicious_words_are_no_common_words() -> None:
    assert not suspicious_words() & COMMON
    assert {"gur", "eht"} <= suspicious_words()
