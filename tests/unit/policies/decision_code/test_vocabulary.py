"""What a function is for is told by its words."""

from __future__ import annotations

import ast

import pytest

from policies.decision_code.vocabulary import decides, purpose_of, says_decision


@pytest.mark.parametrize(
    "name", ["credit_score", "is_approved", "riskRating", "interest_rate", "shortlisted"]
)
def test_names_of_results_are_known(name: str) -> None:
    assert decides(name)


@pytest.mark.parametrize("name", ["women_hired", "total", "message", "approved_by"])
def test_names_of_groups_and_other_things_are_no_results(name: str) -> None:
    assert not decides(name)


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


def test_texts_that_tell_a_decision_are_known() -> None:
    assert says_decision("Loan denied")
    assert not says_decision("hello")
