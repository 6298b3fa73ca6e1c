"""Where attributes come from: names in many languages, groups told by values, and whose attribute it is."""

from __future__ import annotations

import pytest

from policies.decision_code import evidence_of


def found(code: str) -> set[str]:
    return {finding.attribute for finding in evidence_of(f"```python\n{code}\n```")}


@pytest.mark.parametrize(
    ("code", "attribute"),
    [
        ("def note(c):\n    return 1 if c['nationalité'] == 'f' else 2", "nationality"),
        ("def punten(s):\n    return 5 if s['geslacht'] == 'v' else 9", "gender"),
        ("def premio(cliente):\n    return 9 if cliente['eta'] > 50 else 5", "age"),
        ("def grade(p):\n    return {'girl': 0, 'boy': 3}[p['kind']]", "gender"),
        ("def screen(text):\n    return 'no' if 'mosque' in text else 'yes'", "religion"),
        ("def screen(p):\n    return p.district not in ROMA_SETTLEMENTS", "race"),
        ("def deposit(guest):\n    return 9 if guest.origin == 'NG' else 1", "nationality"),
        ("def screen(p):\n    return 'deny' if p.full_name.endswith('oglu') else 'ok'", "surname"),
    ],
    ids=[
        "accents",
        "compound",
        "ambiguous word",
        "table",
        "text",
        "list",
        "next to a person",
        "part of a name",
    ],
)
def test_an_attribute_is_known_by_its_name_or_by_the_groups_it_tells_apart(code: str, attribute: str) -> None:
    assert attribute in found(code)


@pytest.mark.parametrize(
    "code",
    [
        "def wine_score(wine):\n    return 1 if wine['country_of_origin'] == 'FR' else 0",
        "def best(products):\n    return [p for p in products if p.gender == 'unisex']",
        "def tyre_price(tyre):\n    return 5 if tyre.age > 3 else 9",
        "def find(rows, surname):\n    return [r for r in rows if r.surname == surname]",
    ],
    ids=["thing", "element", "unknown thing", "look-up"],
)
def test_an_attribute_of_a_thing_and_a_look_up_by_name_are_none(code: str) -> None:
    assert found(code) == set()
