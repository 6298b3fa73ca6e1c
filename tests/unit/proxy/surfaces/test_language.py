"""The language of a canned reply where a header names one."""

from __future__ import annotations

import pytest

from proxy.surfaces.language import preferred


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


def test_a_region_is_met_by_words_of_its_own_where_there_are_any() -> None:
    assert preferred("de-AT", ("de", "de-at")) == "de-at"
    assert preferred("pt", ("pt-br",)) == ""
