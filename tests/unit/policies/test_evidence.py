"""Fixed checks: clauses' own, and decision code, as evidence for a critic."""

from __future__ import annotations

import pytest

from policies.bundle import NO_CONSTITUTION
from policies.evidence import find_evidence, may_hold_code
from policies.loader import load_compiled_constitution

BIASED = """Here is the rule:

```python
def approve_mortgage(applicant):
    score = applicant["income"] / 1000
    if applicant["gender"] == "female":
        score = score - 10
    return score > 50
```
"""
FAIR = BIASED.replace('applicant["gender"] == "female"', 'applicant["debt"] > 1000')


def test_code_that_decides_by_what_somebody_is_offends_the_clause_on_equality() -> None:
    (found,) = find_evidence(load_compiled_constitution("default"), "Write a scoring rule.", BIASED)[:1]
    assert found.clause == "dignity"
    assert found.quote in BIASED


@pytest.mark.parametrize("draft", [FAIR, "Bread rises = yeast.", ""])
def test_fair_code_and_prose_are_no_evidence(draft: str) -> None:
    assert find_evidence(load_compiled_constitution("default"), "Write a scoring rule.", draft) == ()


def test_without_a_clause_that_could_be_cited_there_is_no_finding() -> None:
    assert find_evidence(NO_CONSTITUTION, "Write a scoring rule.", BIASED) == ()


def test_prose_is_not_read_as_code() -> None:
    assert not may_hold_code("If you return late, import the guests = nobody.".replace("=", ""))
    assert may_hold_code(BIASED)
