"""Rules in SQL: by which columns rows are picked, told apart or put in order, as the text of a query says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.decision_code import idioms

LONGEST_QUERY = 4_000
_QUERY = re.compile(
    r"\s*(?:with\b.{1,2000}?\bselect\b|select\b|update\b|delete\s+from\b|(?:where|and|or|order\s+by)\s)",
    re.IGNORECASE | re.DOTALL,
)
_CHANGES = re.compile(r"\s*(?:update|delete)\b", re.IGNORECASE)
_MEASURES = re.compile(r"\bgroup\s+by\b|\b(?:avg|count|sum|stddev|median)\s*\(", re.IGNORECASE)
_VALUE = r"(?:'[^']{0,80}'|-?\d{1,12}(?:\.\d{1,6})?|true\b|false\b)"
_RULE = re.compile(
    rf"\b(?P<column>[a-z_]\w{{0,40}})\s{{0,8}}(?P<way>=|<>|!=|<=|>=|<|>|(?:not\s+)?(?:in|like|ilike|between)\b)"
    rf"\s{{0,8}}\(?\s{{0,8}}(?P<value>{_VALUE})",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\b(?P<column>[a-z_]\w{0,40})\s+(?:not\s+)?in\s*\(\s*\?", re.IGNORECASE)
_CASE = re.compile(r"\bcase\s+(?:\w{1,40}\.)?(?P<column>[a-z_]\w{0,40})\s+when\b", re.IGNORECASE)
_ORDER = re.compile(r"\border\s+by\s+(?P<columns>[\w\s.,]{1,200})", re.IGNORECASE)


def rules_in(text: str) -> Iterator[tuple[str, int]]:
    """Columns that decide over rows and the place in the text; none of what is no query or only measures.

    An equation with a placeholder looks somebody up; a list, and an order by a plain column, are rules.
    """
    if len(text) > LONGEST_QUERY or not _QUERY.match(text):
        return
    if _MEASURES.search(text) and not _CHANGES.match(text):
        return
    for found in _RULE.finditer(text):
        if not _is_minimum(found["way"], found["value"]):
            yield found["column"], found.start()
    for found in (*_LISTED.finditer(text), *_CASE.finditer(text)):
        yield found["column"], found.start()
    for found in _ORDER.finditer(text):
        for column in found["columns"].split(","):
            name = column.split()[0] if column.split() else ""
            yield name.rpartition(".")[2], found.start()


def _is_minimum(way: str, value: str) -> bool:
    return way in ("<", ">", "<=", ">=") and value.isdigit() and int(value) in idioms.LEGAL_AGES
