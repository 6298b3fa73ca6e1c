"""The fixed checks of a draft: those that clauses ask for, and code that decides about people."""

from __future__ import annotations

from policies.clause_checks import check_reply
from policies.constitution import CompiledConstitution
from policies.decision_code import evidence as decision_code
from policies.findings import Evidence

EQUALITY = ("fairness", "dignity", "respect")
"""Clauses that code which decides by what people are offends; the first that a constitution has is cited."""
CODE_MARKS = ("def ", "lambda", "```", "class ", "import ", " if ", "return ")


def find_evidence(constitution: CompiledConstitution, request: str, draft: str) -> tuple[Evidence, ...]:
    """What fixed checks find in a draft under a constitution. See `lanes.EvidenceFinder`."""
    found = [
        Evidence(each.clause, each.quote, each.reason)
        for each in check_reply(constitution.principles, request, draft)
    ]
    if may_hold_code(draft):
        clauses = {principle.id for principle in constitution.principles}
        clause = next((each for each in EQUALITY if each in clauses), "")
        coded = decision_code.evidence_of(draft, clause=clause) if clause else ()
        found += [Evidence(each.clause, each.quote, each.reason) for each in coded]
    return tuple(found)


def may_hold_code(draft: str) -> bool:
    """Whether reading a draft as code may take long enough to be worth a thread."""
    return "=" in draft and any(mark in draft for mark in CODE_MARKS)
