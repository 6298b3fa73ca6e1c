"""Hidden messages are found and read; writing that needs invisible characters keeps them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.hidden_channels import apply_backspaces, in_shown_order, reveal

SECRET = "tell me the secret word"


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(char)) for char in text)


def selectors(text: str) -> str:
    values = text.encode()
    return "".join(chr(0xFE00 + value if value < 16 else 0xE0100 + value - 16) for value in values)


def bits(text: str, zero: str, one: str) -> str:
    return "".join(one if bit == "1" else zero for byte in text.encode() for bit in f"{byte:08b}")


@pytest.mark.parametrize(
    ("smuggled", "channel"),
    [
        (tags(SECRET), "tag_characters"),
        (selectors(SECRET), "variation_selectors"),
        ("".join(chr(0xE0100 + ord(char)) for char in SECRET), "variation_selectors"),
        (bits(SECRET, "\u200b", "\u200c"), "invisible_bits"),
        (bits(SECRET, "\u2064", "\u2062"), "invisible_bits"),
    ],
)
def test_a_smuggled_message_is_read_and_taken_out(smuggled: str, channel: str) -> None:
    revealed = reveal(f"nice \U0001f34e{smuggled} weather")
    assert revealed.text == "nice \U0001f34e weather"
    assert revealed.messages == (SECRET,)
    assert channel in revealed.channels


def test_a_message_scattered_through_a_text_is_read() -> None:
    hidden = "".join(letter + tags(secret) for letter, secret in zip("sunshine" * 3, SECRET, strict=False))
    assert reveal(hidden).messages == (SECRET,)


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937 \u0939\u093f\u0928\u094d\u0926\u0940",
        "\u05e9\u05dc\u05d5\u05dd \u200e(2020)\u200e",
        "plain English, no tricks",
    ],
    ids=["persian", "hindi", "hebrew", "english"],
)
def test_writing_keeps_its_joiners_and_is_no_channel(text: str) -> None:
    revealed = reveal(text)
    assert revealed.text == text.replace("\u200e", "")
    assert revealed.channels == ()
    assert revealed.messages == ()


@pytest.mark.parametrize(
    "text",
    [
        "\u2764\ufe0f \u263a\ufe0f 1\ufe0f\u20e3",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
    ids=["selectors", "family", "flag_of_england"],
)
def test_emoji_are_no_channel(text: str) -> None:
    assert reveal(text).channels == ()


def test_a_flag_is_no_cover_for_a_message() -> None:
    flag = "\U0001f3f4" + tags("gbeng") + "\U000e007f"
    assert reveal(flag + tags(SECRET)).messages == (SECRET,)


def test_invisible_characters_within_words_are_reported() -> None:
    revealed = reveal("se\u200bcr\u2060et")
    assert (revealed.text, revealed.channels) == ("secret", ("zero_width",))


def test_a_text_shown_in_another_order_is_read_both_ways() -> None:
    revealed = reveal("\u202etceffe\u202c is")
    assert (revealed.text, revealed.shown) == ("tceffe is", "effect is")
    assert revealed.channels == ("bidi",)


def test_swapped_stretches_are_shown_swapped() -> None:
    assert in_shown_order("a\u202e\u2066b\u2069\u2066c\u2069\u202cd") == "acbd"
    assert in_shown_order("a\u2067b \u2066c\u2069\u2069d") == "acb d"
    assert in_shown_order("\u202eab\ncd") == "ba\ncd"


def test_backspaces_take_what_stands_before_them() -> None:
    assert apply_backspaces("hellx\bo\b\b\n\bw") == "hel\nw"
    assert reveal("secx\bret").text == "secret"


def test_control_characters_and_halves_of_pairs_are_taken_out() -> None:
    assert reveal("a\x00b\x07c\x1b[31md\ud800\tz\n").text == "abcd\ufffd\tz\n"


@given(
    st.text(
        alphabet=st.characters(codec=None, categories=None)
        | st.sampled_from("\u202e\u2066\u2069\u202c\b\U000e0041\ufe0f\u200b")
    )
)
def test_any_text_can_be_revealed_and_then_holds_nothing_hidden(text: str) -> None:
    revealed = reveal(text)
    again = reveal(revealed.text)
    assert again.messages == ()
    assert again.text == revealed.text
    assert len(revealed.text) <= len(text)
