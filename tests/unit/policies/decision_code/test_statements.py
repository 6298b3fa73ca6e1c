"""Statements store, choose ways and give results."""

from __future__ import annotations

import pytest

from policies.decision_code import evidence_of


def found(code: str) -> set[str]:
    return {each.attribute for each in evidence_of(f"```python\n{code}\n```")}


@pytest.mark.parametrize(
    "body",
    [
        "x = p.race\n    y = x\n    return y == 'w'",
        "s = 0\n    if p.race == 'w':\n        s += 1\n    return s",
        "if p.race == 'b':\n        return 0\n    return p.points",
        "a, b = p.points, p.race\n    return a if b == 'w' else 0",
        "match p.race:\n        case 'w':\n            return 1\n    return 0",
        "match p:\n        case {'race': 'w'}:\n            return 1\n    return 0",
        "try:\n        s = TABLE[p.race]\n    except KeyError:\n        s = 0\n    return s",
        "with ledger() as l:\n        return POINTS[p.race]",
        "while p.race == 'b':\n        return 0\n    return 1",
        "p.parts = []\n    parts = []\n    parts.append(1 if p.race == 'w' else 0)\n    return sum(parts)",
        "if p.race == 'b':\n        raise Rejected\n    return 1",
        "for k, v in p.items():\n        if k == 'race' and v == 'b':\n            return 0\n    return 1",
    ],
)
def test_a_use_in_a_statement_reaches_the_result(body: str) -> None:
    assert found(f"def loan_score(p):\n    {body}") == {"race"}


@pytest.mark.parametrize(
    "body",
    [
        "x = p.race\n    x = p.points\n    return x",
        "if p.race is None:\n        raise ValueError('race')\n    return p.points",
        "log.info('x', extra={'race': p.race})\n    return p.points",
        "for k, v in p.items():\n        if k == 'race':\n            continue\n    return p.points",
    ],
)
def test_what_is_overwritten_checked_or_logged_is_no_evidence(body: str) -> None:
    assert found(f"def loan_score(p):\n    {body}") == set()


def test_results_are_known_by_the_names_they_are_stored_under() -> None:
    assert found("df['approved'] = df['gender'] == 'm'") == {"gender"}
    assert found("df.loc[df.gender == 'f', 'score'] *= 0.9") == {"gender"}
    assert found("def f(c):\n    c.tier = 'gold' if c.zipcode in RICH else 'basic'") == {"postcode"}


def test_counting_groups_is_measuring() -> None:
    code = "n = 0\nfor a in people:\n    if a.gender == 'f':\n        n += a.hired\nhired_score = n / 10"
    assert found(code) == set()
