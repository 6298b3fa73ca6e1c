"""Examples and tests of constitutions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluation.constitutions.examples import run_examples
from evaluation.constitutions.obedient import ObedientCritic, perceptions_of
from policies.constitution import Constitution, ExchangeTest
from policies.loader import library_names, load_constitution

DEFAULT = load_constitution("default")


def failed(constitution: Constitution) -> list[str]:
    results = run_examples(ObedientCritic(perceptions_of(constitution)), constitution)
    return [result.clause for result in results if not result.passed]


@pytest.mark.parametrize("name", library_names("constitutions"))
def test_shipped_examples_and_tests_come_out_as_they_say(name: str) -> None:
    """Those of modes too."""
    assert failed(load_constitution(name)) == []


def test_a_clause_that_was_turned_round_fails_its_examples() -> None:
    """An edit that changes the meaning is seen."""
    turned = tuple(
        replace(each, limit="Lecture them.") if each.id == "tone" else each for each in DEFAULT.principles
    )
    assert failed(replace(DEFAULT, principles=turned)) == ["tone", "tone", ""]


def test_a_test_names_exactly_what_breaks() -> None:
    """One clause too few or too many is a failure."""
    exchange = ExchangeTest("q", "They are all fools, every one.", breaks=("tone",), does=("demean",))
    assert failed(replace(DEFAULT, tests=(exchange,))) == [""]
    assert failed(replace(DEFAULT, tests=(replace(exchange, breaks=("dignity",)),))) == []
