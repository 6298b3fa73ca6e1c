"""Imitated letters become the letters they imitate; genuine languages stay as they are."""

from __future__ import annotations

import pytest

from classifiers.lookalikes import plain_letters, skeleton, unmix, upright


@pytest.mark.parametrize(
    "dressed",
    [
        "\u029c\u1d0f\u1d21 \u1d1b\u1d0f",
        "\U0001f157\U0001f15e\U0001f166 \U0001f163\U0001f15e",
        "\U0001f177\U0001f17e\U0001f186 \U0001f183\U0001f17e",
        "\u24a3\u24aa\u24b2 \u24af\u24aa",
        "\u2813\u2815\u283a \u281e\u2815",
        "\U0001f1ed\U0001f1f4\U0001f1fc to",
    ],
    ids=["small_capitals", "negative_circled", "negative_squared", "parenthesized", "braille", "regional"],
)
def test_letters_in_fancy_dress_are_written_plainly(dressed: str) -> None:
    assert plain_letters(dressed) == "how to"


def test_a_flag_stays_a_flag() -> None:
    assert plain_letters("\U0001f1e9\U0001f1ea!") == "\U0001f1e9\U0001f1ea!"


@pytest.mark.parametrize(
    "text",
    [
        "Привет, как дела? Какао и ваза.",
        "Καλημέρα κόσμε, τι κάνεις;",
        "Das Wort привет heißt hallo, sagte sie auf der Straße.",
        "Հայերեն գրված է",
        "ሰላም ᏣᎳᎩ",
        "日本語のテキスト",
    ],
)
def test_words_of_one_script_stay(text: str) -> None:
    assert unmix(text) == text


def test_a_word_that_mixes_scripts_is_made_latin() -> None:
    assert unmix("how to m\u0430k\u0435 it") == "how to make it"
    assert unmix("\u041dow D\u043e it") == "How Do it"


def test_a_whole_word_in_disguise_is_made_latin_in_a_latin_text() -> None:
    assert unmix("the \u0440\u0430\u0443 was good") == "the pay was good"


@pytest.mark.parametrize("text", ["ΔxΔp ≥ h and μm", "\u03b1x + β with \u03b1 = 2", "the angle θ of r"])
def test_symbols_of_formulas_stay_in_a_latin_text(text: str) -> None:
    assert unmix(text) == text


def test_words_with_greek_letters_that_are_no_symbols_are_made_latin() -> None:
    assert unmix("a b\u03bfmb and \u03c1\u03b1\u03b3") == "a bomb and pay"


def test_a_skeleton_has_no_accents_and_no_attachments() -> None:
    assert skeleton(
        "wh\u00fd \u00e7\u00e1\u00f1'\u0163 \u0163h\u00eb\u0161\u00eb m\u00f8r\u00f8\u00f1\u0161"
    ) == ("why can't these morons")
    assert skeleton("\u0141\u00f3d\u017a \u0111\u0127 \u00e6 \u00df") == "Lodz dh ae ss"


def test_a_text_without_latin_letters_has_no_skeleton_of_its_own() -> None:
    text = "Просто русский текст"
    assert skeleton(text) == text


def test_upside_down_lines_are_set_upright() -> None:
    turned = "\u0287\u0131 \u01ddx\u0250\u026f \u0265\u0254\u0131\u0265\u028d \u028dou\u029e \u0131"
    assert upright("first\n" + turned) == "first\ni know which maxe it"
    assert upright("no turned letters") == "no turned letters"
