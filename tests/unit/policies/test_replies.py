"""Canned replies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.replies import CannedReplies, tags

REPLIES = CannedReplies(
    "r",
    "1",
    {
        "en": {"default": "default en {decision}", "ssh": "ssh en"},
        "de": {"default": "default de", "ssh": "ssh de"},
        "pt-br": {"default": "default pt-br"},
    },
)


@pytest.mark.parametrize(
    ("language", "category", "text"),
    [
        ("de", "ssh", "ssh de"),
        ("de-AT", "ssh", "ssh de"),
        ("DE_ch", "ssh", "ssh de"),
        ("pt-BR", "ssh", "default pt-br"),
        ("pt", "ssh", "ssh en"),
        ("xx", "ssh", "ssh en"),
        ("", "ssh", "ssh en"),
        ("de", "unheard-of", "default de"),
    ],
)
def test_the_closest_language_and_category_are_taken(language: str, category: str, text: str) -> None:
    """Region falls back to language, language to English, category to default."""
    assert REPLIES.text(category, language, "gh-1") == text


def test_a_medium_without_words_of_its_own_is_answered_like_any_part_that_is_not_read() -> None:
    """Reply files from before media had categories keep saying something fitting."""
    older = CannedReplies("r", "1", {"en": {"default": "no", "uncovered": "unread"}})
    assert older.text("image", "en", "gh-1") == "unread"
    assert REPLIES.text("image", "en", "gh-1") == "default en gh-1"


def test_the_decision_is_put_in_as_it_is() -> None:
    """No other placeholder is known, so nothing in it can be evaluated."""
    assert REPLIES.text("default", "en", "{x}%s{0.__class__}") == "default en {x}%s{0.__class__}"


def test_no_texts_at_all_give_an_empty_one() -> None:
    """Never an exception on the way to a client."""
    assert CannedReplies("r", "1", {}).text("ssh", "en", "gh-1") == ""


CLOSED = replace(
    REPLIES,
    closings={"en": "Decision {decision}.", "de": ""},
    gaps={"en": "(left out)", "de": "(weggelassen)"},
)


def test_a_text_that_does_not_name_the_decision_is_closed_by_one_that_does() -> None:
    """Once, in the language of the text; a language may do without."""
    assert CLOSED.text("ssh", "en-GB", "gh-1") == "ssh en Decision gh-1."
    assert CLOSED.text("default", "en", "gh-1") == "default en gh-1"
    assert CLOSED.text("ssh", "de-AT", "gh-1") == "ssh de"
    assert CLOSED.appealable("", "en", "gh-1") == ""


def test_a_language_tag_is_met_by_what_it_is_a_case_of_and_last_by_english() -> None:
    assert list(tags(" zh_Hant-TW")) == ["zh-hant-tw", "zh-hant", "zh", "en"]
    assert list(tags("")) == ["en"]


def test_what_was_left_out_is_told_in_the_language_of_the_reply() -> None:
    """Nothing is said where the file says nothing."""
    assert CLOSED.gap("de-CH") == "(weggelassen)"
    assert CLOSED.gap("es") == "(left out)"
    assert REPLIES.gap("en") == ""
