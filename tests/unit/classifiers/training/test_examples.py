"""What makes two rows the same, and what a masked label looks like."""

from __future__ import annotations

import math

from classifiers.training.examples import Example, drop_duplicates, targets_of


def test_case_and_spacing_do_not_make_a_new_row() -> None:
    rows = [Example("Hello  there", {}, "a", "MIT"), Example("hello there", {}, "b", "MIT")]
    assert [row.source for row in drop_duplicates(rows)] == ["a"]


def test_the_same_reply_to_another_request_is_another_row() -> None:
    rows = [Example("yes", {}, "a", "MIT", request="one"), Example("yes", {}, "a", "MIT", request="two")]
    assert len(drop_duplicates(rows)) == 2


def test_an_unknown_label_is_not_a_number() -> None:
    labels = targets_of([Example("a", {"harm": 1.0}, "s", "MIT"), Example("b", {}, "s", "MIT")], "harm")
    assert labels[0] == 1.0
    assert math.isnan(labels[1])


def test_a_digest_names_a_text() -> None:
    row = Example("a", {}, "s", "MIT")
    assert row.digest() == Example("a", {}, "t", "CC0").digest()
    assert len(row.digest()) == 16
