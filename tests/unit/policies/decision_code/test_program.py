"""Programs as a whole: classes, models, and what is defined later."""

from __future__ import annotations

import pytest

from policies.decision_code import evidence_of


def found(code: str) -> set[str]:
    return {each.attribute for each in evidence_of(f"```python\n{code}\n```")}


SCORER = """
class Scorer:
    def total(self):
        return self.points + self.extra

    def __init__(self, p):
        self.kind = p.gender
        self.points = p.points

    @property
    def extra(self):
        return 5 if self.kind == "m" else 0

def score(p):
    return Scorer(p).total()
"""


def test_what_an_instance_holds_is_followed_through_methods_and_properties() -> None:
    assert found(SCORER) == {"gender"}
    assert found(SCORER.replace("p.gender", "p.kind")) == set()


def test_a_model_with_a_protected_column_is_evidence() -> None:
    code = "X = df[['income', 'sex']]\nmodel = Model()\nmodel.fit(X, df['approved'])"
    assert found(code) == {"gender"}
    assert found(code.replace("X = df[['income', 'sex']]", "X = df[['income', 'debt']]")) == set()


def test_a_column_that_is_encoded_stays_in_the_table_until_it_is_dropped() -> None:
    code = "df['sex'] = encode(df['sex'])\n{}\nmodel.fit(df, loan_default)"
    assert found(code.format("")) == {"gender"}
    assert found(code.format("df = df.drop(columns=['sex'])")) == set()


def test_encoders_and_stratified_splits_are_no_models() -> None:
    assert found("OneHotEncoder().fit(df[['sex']])\ncredit = 1") == set()
    assert found("train_test_split(X, y, stratify=df['sex'])\ncredit = 1") == set()


def test_functions_that_measure_are_left_alone() -> None:
    assert found("def audit_score(p):\n    return 1 if p.gender == 'f' else 0") == set()


INDIRECT = """
def look(p, found):
    if p.gender == "f":
        found.append("x")

def decide(p):
    found = []
    look(p, found)
    return "deny" if found else "grant"
"""
SHARED = """
def score(p):
    total = 0
    def add(condition, points):
        nonlocal total
        if condition:
            total += points
    add(p.gender == "m", 10)
    return total
"""
GUARDED = """
def guard(fn):
    def inner(p):
        return p.gender != "f" and fn(p)
    return inner

@guard
def loan_ok(p):
    return p.income > 3
"""
MADE = """
def rule(field, points):
    return lambda p: points if p[field] else 0

RULES = [rule("income", 5), rule("gender", 3)]

def score(p):
    return sum(each(p) for each in RULES)
"""
REFUSED = """
def check(p):
    if p.gender == "f":
        raise Refused
    return p

def chosen(people):
    kept = []
    for p in people:
        try:
            check(p)
        except Refused:
            continue
        kept.append(p.id)
    return kept
"""


@pytest.mark.parametrize("code", [INDIRECT, SHARED, GUARDED, MADE, REFUSED])
def test_functions_pass_on_what_they_change_wrap_make_and_raise(code: str) -> None:
    assert found(code) == {"gender"}
    assert found(code.replace("gender", "kind")) == set()
