"""Expressions are known by their shape."""

from __future__ import annotations

import ast

import pytest

from policies.decision_code.shapes import is_mask, only_labels, picks_rows, puts_together, tells_decision


def node(code: str) -> ast.expr:
    return ast.parse(code, mode="eval").body


@pytest.mark.parametrize(
    "code", ["df[df.a > 1]", "df.loc[mask == 1]", "df.query('a > 1')", "[x for x in y if x.a]"]
)
def test_rows_are_picked(code: str) -> None:
    assert picks_rows(node(code))


@pytest.mark.parametrize("code", ["df['a']", "df.loc[df.a > 1, 'b']", "[x.a for x in y if x.a]"])
def test_columns_and_fields_are_no_rows(code: str) -> None:
    assert not picks_rows(node(code))


def test_masks_labels_decisions_and_wholes() -> None:
    assert is_mask(node("(a > 1) & (b < 2)"))
    assert not is_mask(node("'a'"))
    assert only_labels(node("{'f': 'Mrs', 'm': 'Mr'}"))
    assert not only_labels(node("{'f': 'Mrs', 'm': 1}"))
    assert tells_decision(node("Decision.REJECT"))
    assert puts_together(node("a + b"))
    assert not puts_together(node("a"))
