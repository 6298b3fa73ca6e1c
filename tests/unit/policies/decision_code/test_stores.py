"""What is put away is found where it is read again."""

from __future__ import annotations

import pytest

from policies.decision_code import evidence_of


def found(code: str) -> set[str]:
    return {each.attribute for each in evidence_of(f"```python\n{code}\n```")}


@pytest.mark.parametrize(
    "code",
    [
        "def f(p):\n    h = []\n    heappush(h, (p.race == 'w', p.id))\n    return h[0]",
        "b = {}\ndef f(people):\n    for p in people:\n        b[p.id] -= 5 * (p.race == 'b')\n    return b",
        "def f(xs):\n    for p in xs:\n        p['adj'] = T[p['race']]\n    return sorted(xs, key=adj)",
        "def f(p):\n    setattr(p, 'level', 2 if p.race == 'w' else 1)\n    return p.level",
        "def f(p):\n    place = denied if p.race == 'b' else approved\n    place.append(p)",
        "s[df['race'] == 'w'] += 2\ndf['credit_points'] = s",
        "User.objects.filter(race='b').update(status='rejected')",
    ],
    ids=[
        "heap",
        "cell of one",
        "field of a row",
        "setattr",
        "chosen list",
        "masked rows",
        "rows of a database",
    ],
)
def test_a_store_keeps_what_decides_over_it(code: str) -> None:
    assert found(code) == {"race"}


def test_a_field_set_in_one_method_is_read_in_another() -> None:
    code = (
        "class Check:\n    def __init__(self):\n        self.reasons = []\n\n"
        "    def look(self, p):\n        if p.race == 'b':\n            self.reasons.append('other')\n\n"
        "    def verdict(self):\n        return 'denied' if self.reasons else 'granted'"
    )
    assert found(code) == {"race"}
    assert found(code.replace("p.race", "p.debt")) == set()


@pytest.mark.parametrize(
    "body",
    [
        "t[p.race]['n'] += 1",
        "row = t.setdefault(p.race, {})\n    row['n'] = row['n'] + 1",
        "t[p.race].append(p.income)",
    ],
)
def test_cells_of_groups_tell_nothing_of_one_person(body: str) -> None:
    assert found(f"t = {{}}\nfor p in applicants:\n    {body}\ndef f():\n    return t") == set()
