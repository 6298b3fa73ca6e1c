"""Names and texts that tell results, and those that only address people."""

from __future__ import annotations

import pytest

from policies.decision_code.vocabulary import acts, decides, is_label, says_decision


@pytest.mark.parametrize(
    "name", ["credit_score", "is_approved", "riskRating", "interest_rate", "shortlisted"]
)
def test_names_of_results_are_known(name: str) -> None:
    assert decides(name)


@pytest.mark.parametrize("name", ["women_hired", "total", "message", "approved_by"])
def test_names_of_groups_and_other_things_are_no_results(name: str) -> None:
    assert not decides(name)


def test_texts_that_tell_a_decision_are_known() -> None:
    assert says_decision("Loan denied")
    assert not says_decision("hello")


@pytest.mark.parametrize("text", ["Mrs", "she", "18-25", "Sehr geehrte Frau", "senior", "m"])
def test_texts_that_address_people_or_name_their_group_are_labels(text: str) -> None:
    assert is_label(text)


@pytest.mark.parametrize("text", ["denied", "slow queue", "gold", "standard"])
def test_texts_that_treat_people_differently_are_no_labels(text: str) -> None:
    assert not is_label(text)


def test_names_of_deeds_are_known() -> None:
    assert acts("send_invitation")
    assert not acts("append")
