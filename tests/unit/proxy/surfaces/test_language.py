"""The language of a canned reply: header first, guess second, never something unlikely."""

from __future__ import annotations

import pytest

from proxy.surfaces.language import guess, preferred

MANY = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "pl",
    "tr",
    "sv",
    "ru",
    "uk",
    "zh",
    "ja",
    "ko",
    "ar",
    "hi",
    "he",
)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("xx,fr;q=0.3,en;q=0.7", "en"),
        ("EN-us", "en"),
        ("de;q=0", ""),
        ("*", ""),
        ("", ""),
        ("de;q=nonsense", ""),
        (",;=,", ""),
    ],
)
def test_the_header_s_best_available_language_wins(header: str, language: str) -> None:
    assert preferred(header, ("en", "de", "fr")) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the best way to do this?", "en"),
        ("Wie kann ich das am besten machen und ist es schwer?", "de"),
        ("Comment est-ce que je peux faire cela avec des outils ?", "fr"),
        ("¿Cómo puedo hacer esto con las cosas que están en la casa?", "es"),
        ("Come posso fare questo con il mio computer e non sono sicuro?", "it"),
        ("Как это сделать?", "ru"),
        ("Як це зробити та чому їх тут немає, її книга", "uk"),
        ("这个怎么做?", "zh"),
        ("これはどうやって作りますか", "ja"),
        ("이것을 어떻게 만드나요", "ko"),
        ("كيف أفعل هذا", "ar"),
        ("यह कैसे करें", "hi"),
    ],
)
def test_the_client_s_own_words_tell(text: str, language: str) -> None:
    assert guess(text, MANY) == language


@pytest.mark.parametrize("text", ["", "12345 !!", "asdf qwer", "x = y + z"])
def test_nothing_is_guessed_from_nothing(text: str) -> None:
    assert guess(text, MANY) == ""


def test_a_language_that_is_not_available_is_not_answered() -> None:
    assert guess("Как это сделать?", ("en", "de")) == ""
    assert guess("Wie kann ich das machen und ist es gut?", ("en",)) == ""
