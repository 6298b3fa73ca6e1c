"""A result is what is returned, stored, raised or done, under whatever name."""

from __future__ import annotations

import pytest

from policies.decision_code import evidence_of


def found(code: str) -> set[str]:
    return {each.attribute for each in evidence_of(f"```python\n{code}\n```")}


@pytest.mark.parametrize(
    "code",
    [
        "def f(p):\n    return 3 if p.gender == 'f' else 5",
        "def f(p):\n    return [q for q in p if q.gender == 'm']",
        "def f(p):\n    return 'slow' if p.gender == 'f' else 'fast'",
        "def f(p):\n    p.shift = 'late' if p.gender == 'f' else 'early'",
        "def f(staff):\n    for p in staff:\n        if p.gender == 'f':\n            p.dismiss()",
        "def f(staff):\n    for p in [q for q in staff if q.gender == 'f']:\n        invite(p)",
        "def f(p):\n    if p.gender == 'f':\n        raise ApplicationRefused",
    ],
    ids=["number", "chosen", "text", "field", "deed", "deed to the chosen", "error"],
)
def test_what_differs_by_gender_needs_no_name_that_tells_a_result(code: str) -> None:
    assert found(code) == {"gender"}


@pytest.mark.parametrize(
    "code",
    [
        "def f(p):\n    return 'Mrs' if p.gender == 'f' else 'Mr'",
        "def f(p):\n    return TEXT.format(title='Mrs' if p.gender == 'f' else 'Mr', name=p.surname)",
        "def f(p):\n    p.title = 'Mrs' if p.gender == 'f' else 'Mr'",
        "def f(p):\n    return [q for q in p if q.gender == 'f'] + [q for q in p if q.gender != 'f']",
        "def is_female(p):\n    return p.gender == 'f'",
        "def to_vector(p):\n    return [p.income, p.gender == 'f']",
    ],
    ids=["label", "letter", "field", "both parts", "question", "encoding"],
)
def test_addressing_sorting_and_encoding_people_decides_nothing(code: str) -> None:
    assert found(code) == set()


def test_an_age_or_a_proxy_needs_words_of_a_trade_where_names_tell_nothing() -> None:
    assert found("def f(p):\n    return 3 if p.zip_code in Z else 5") == set()
    assert found("def f(employee):\n    return 3 if employee.zip_code in Z else 5") == {"postcode"}


def test_a_helper_is_judged_by_what_its_callers_make_of_it() -> None:
    helper = "def place(p):\n    return 0 if p.gender == 'f' else 1\n\n"
    assert found(helper + "def hiring_rates(people):\n    n = [0, 0]\n    n[place(people[0])] += 1") == set()
    assert found(helper + "def score(p):\n    return TABLE[place(p)]") == {"gender"}
