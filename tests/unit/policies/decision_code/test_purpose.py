"""What a function is for is told by its words."""

from __future__ import annotations

import ast

import pytest

from policies.decision_code.purpose import purpose_of


@pytest.mark.parametrize(
    ("name", "measures"),
    [
        ("approval_rates_by_gender", True),
        ("audit_scores", True),
        ("test_score", True),
        ("credit_report_score", False),
        ("score", False),
    ],
)
def test_functions_that_measure_are_told_from_those_that_decide(name: str, measures: bool) -> None:
    assert purpose_of(ast.parse("pass"), name).measures is measures


def test_an_attribute_has_its_place_where_the_words_say_so() -> None:
    purpose = purpose_of(ast.parse("def dose(age, weight, race): pass").body[0], "dose")
    assert purpose.excuses("age")
    assert not purpose.excuses("race")


def test_a_place_for_an_attribute_ends_where_other_words_stand_beside_it() -> None:
    node = ast.parse("pass")
    assert purpose_of(node, "patient_dose").excuses("gender")
    assert not purpose_of(node, "patient_waiting_queue").excuses("gender")


def test_a_trade_is_known_by_identifiers_and_by_short_texts() -> None:
    assert purpose_of(ast.parse("borrower.x"), "").about_people
    assert purpose_of(ast.parse("print('the applicant')"), "").about_people
    assert not purpose_of(ast.parse("cache.x"), "").about_people


def test_weights_by_group_sizes_counter_disparity() -> None:
    assert purpose_of(ast.parse("df.groupby('race').size()"), "weights").measures
    assert not purpose_of(ast.parse("df.race"), "weights").measures
