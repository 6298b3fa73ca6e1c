"""Names mean attributes of people, or something else."""

from __future__ import annotations

import pytest

from policies.decision_code.lexicon import shipped_lexicon, words_of
from policies.decision_code.names import word_set


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("gender", "gender"),
        ("applicantGender", "gender"),
        ("is_female", "gender"),
        ("race_black", "race"),
        ("date_of_birth", "age"),
        ("age_group", "age"),
        ("ZIP", "postcode"),
        ("lastName", "surname"),
        ("on_maternity_leave", "pregnancy"),
    ],
)
def test_attributes_are_known_by_many_names(name: str, attribute: str) -> None:
    assert shipped_lexicon().attribute_of(name) == attribute


@pytest.mark.parametrize(
    "name",
    [
        "page_age",
        "account_age_days",
        "race_condition",
        "gender_gap",
        "score_by_race",
        "zip_reader",
        "name",
        "",
        "x" * 99,
    ],
)
def test_other_things_with_such_words_are_none(name: str) -> None:
    assert shipped_lexicon().attribute_of(name) == ""


def test_identifiers_fall_into_words() -> None:
    assert words_of("maxHTTPAge_2") == ("max", "http", "age", "2")
    assert word_set("a b\n a") == {"a", "b"}
