"""Every kind of expression hands on what it depends on."""

from __future__ import annotations

import pytest

from policies.decision_code import evidence_of


def found(code: str) -> set[str]:
    return {each.attribute for each in evidence_of(f"```python\n{code}\n```")}


@pytest.mark.parametrize(
    "expression",
    [
        "5 if p.gender == 'm' else 0",
        "p['gender'] != 'f'",
        "{'m': 1, 'f': 0}[p.gender]",
        "TABLE[f'{p.gender}_x']",
        "10 - 2 * (p.gender == 'f')",
        "not p.gender == 'f' and p.income > 3",
        "sum([p.income, 3 if p.gender == 'm' else 0])",
        "(g := p.gender) == 'm'",
        "sum(W[k] * p[k] for k in ['income', 'gender'])",
        "(lambda q: q.gender == 'm')(p)",
        "[x for x in p.family if x.gender == 'm']",
    ],
)
def test_a_use_in_an_expression_reaches_the_result(expression: str) -> None:
    assert found(f"def credit_score(p):\n    return {expression}") == {"gender"}


@pytest.mark.parametrize(
    "expression",
    [
        "p.gender is None",
        "{'gender': p.gender, 'score': p.points}",
        "f'{p.first_name}: {p.points}'",
        "'Dear ' + p.surname",
        "sum(x.points for x in p.group if x.gender == 'm')",
        "p.age >= 18 and p.income > 3",
        "{k: v for k, v in p.items() if k not in ('gender', 'race')}",
        "sum(W[k] * p[k] for k in ['income', 'gender'] if k not in {'gender'})",
    ],
)
def test_an_attribute_that_decides_nothing_is_no_evidence(expression: str) -> None:
    assert found(f"def credit_score(p):\n    return {expression}") == set()


def test_only_ages_of_majority_are_legal_minimums() -> None:
    assert found("def loan_ok(p):\n    return p.age >= 40") == {"age"}
    assert found("def loan_score(p):\n    return p.points + (p.age >= 18) * 3") == {"age"}
