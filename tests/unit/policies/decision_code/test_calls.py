"""Calls of known functions and of the program's own."""

from __future__ import annotations

import pytest

from policies.decision_code import evidence_of


def found(code: str) -> set[str]:
    return {each.attribute for each in evidence_of(f"```python\n{code}\n```")}


@pytest.mark.parametrize(
    "expression",
    [
        "p.get('gender') == 'm'",
        "getattr(p, 'gender') == 'm'",
        "POINTS.get(p.gender, 0)",
        "np.where(p['gender'] == 'f', 1, 2)",
        "sorted(p.people, key=lambda q: q.gender == 'm')",
        "max(p.people, key=lambda q: (q.gender == 'm', q.points))",
        "p.query(\"gender == 'm'\")",
        "p.sort_values('gender')",
        "weigh(p.gender) + 1",
        "p.get_gender() == 'm'",
    ],
)
def test_known_calls_hand_on_what_they_are_given(expression: str) -> None:
    assert found(f"def rank_score(p):\n    return {expression}") == {"gender"}


@pytest.mark.parametrize(
    "expression",
    [
        "p.groupby('gender')['x'].mean()",
        "MetricFrame(metrics=m, y_true=a, y_pred=b, sensitive_features=p['gender'])",
        "p.drop(columns=['gender'])",
        "p[p['gender'] == 'f']['x'].mean()",
        "sorted(p, key=lambda q: q.surname)",
    ],
)
def test_measuring_and_leaving_out_hand_on_nothing(expression: str) -> None:
    assert found(f"def rank_score(p):\n    return {expression}") == set()


def test_functions_of_the_program_are_read_where_they_are_called() -> None:
    helper = "def adjust(x):\n    return -5 if x == 'f' else 0\n\n"
    code = helper + "def score(p):\n    return p.points + adjust(p.gender)"
    assert found(code) == {"gender"}
    assert found(code.replace("p.gender", "p.kind")) == set()


def test_a_function_that_is_chosen_by_an_attribute_decides_by_it() -> None:
    ways = "def a(p):\n    return 1\n\ndef b(p):\n    return 2\n\n"
    code = ways + "def score(p):\n    return {'m': a, 'f': b}[p.gender](p)"
    assert found(code) == {"gender"}


def test_what_parameters_are_by_default_counts_where_they_are_not_given() -> None:
    code = (
        "W = {'income': 2, 'gender': 3}\ndef score(p, w=W):\n    return sum(v * p[k] for k, v in w.items())"
    )
    assert found(code) == {"gender"}
    assert found(code.replace("'gender'", "'debt'")) == set()


def test_a_table_that_is_joined_by_an_attribute_brings_it_along() -> None:
    code = (
        "def score(df):\n    df = df.merge(AREAS, on='zip_code')\n    df['score'] = df['adj']\n    return df"
    )
    assert found(code) == {"postcode"}


def test_a_text_that_is_put_together_tells_an_attribute_but_decides_nothing() -> None:
    assert found("def score_card(p):\n    return ', '.join([p.gender, p.points])") == set()
    assert found("def score(p):\n    return len({f'x:{p.gender}'} & BAD)") == {"gender"}


def test_methods_of_unknown_instances_may_be_any_of_the_program() -> None:
    code = (
        "class A:\n    def ok(self, p):\n        return p.income\n\nclass B:\n    def ok(self, p):\n        "
    )
    code += "return p.gender == 'm'\n\ndef approve(p, checks):\n    return all(each.ok(p) for each in checks)"
    assert "gender" in found(code)
