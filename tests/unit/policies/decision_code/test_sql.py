"""Queries tell by which columns they decide."""

from __future__ import annotations

import pytest

from policies.decision_code import evidence_of
from policies.decision_code.sql import rules_in


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("SELECT id FROM a WHERE gender = 'm' AND x > 3", {"gender", "x"}),
        ("UPDATE a SET status = 'no' WHERE zip IN ('1', '2')", {"status", "zip"}),
        ("SELECT CASE WHEN race = 'b' THEN 2 ELSE 1 END FROM a", {"race"}),
        ("SELECT CASE race WHEN 'b' THEN 2 END FROM a", {"race"}),
        ("SELECT id FROM a ORDER BY points DESC, a.gender", {"points", "gender"}),
        ("SELECT id FROM a WHERE surname = ?", set()),
        ("SELECT id FROM a WHERE age >= 18", set()),
        ("SELECT gender, AVG(x) FROM a WHERE gender = 'm' GROUP BY gender", set()),
        ("CREATE TABLE a (gender TEXT DEFAULT 'x')", set()),
        ("Please select gender = 'm'", set()),
    ],
)
def test_rules_of_a_query(query: str, columns: set[str]) -> None:
    assert {column for column, _ in rules_in(query)} == columns


def test_the_line_of_a_query_that_decides_is_quoted() -> None:
    code = 'Q = """\nSELECT id FROM applicants\nWHERE gender = \'m\'\nORDER BY id\n"""'
    found = evidence_of(f"```python\n{code}\n```")
    assert [(each.attribute, each.quote) for each in found] == [("gender", "WHERE gender = 'm'")]
