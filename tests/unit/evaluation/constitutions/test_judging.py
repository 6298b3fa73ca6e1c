"""Judging one exchange as the proxy's review does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evaluation.constitutions.judging import Critic, Judgement, judge
from policies.clause_checks import ClauseCheck
from policies.constitution import CompiledConstitution, Principle

CLAUSE = Principle("c", "C", "Be good.")
REPLY = "This is a reply with words."


def answering(answer: str | None, clause: Principle = CLAUSE) -> Judgement:
    critic: Critic = lambda system, user: answer  # noqa: E731
    return judge(critic, CompiledConstitution("c", "1", "", "", 0, (clause,)), "hello", REPLY)


def finding(clause: str = "c", quote: str = "a reply with words") -> str:
    found = {"clause": clause, "quote": quote, "reason": "r", "severity": 2}
    return json.dumps({"findings": [found], "action": "revise"})


def test_a_finding_with_clause_and_quote_breaks() -> None:
    """And its absence keeps."""
    assert answering(finding()).verdict("c") == "break"
    assert answering('{"findings": [], "action": "keep"}').verdict("c") == "keep"


@pytest.mark.parametrize("void", [finding(clause="other"), finding(quote="words that are not there")])
def test_void_findings_break_nothing(void: str) -> None:
    """As in the review."""
    assert answering(void).verdict("c") == "keep"


@pytest.mark.parametrize("answer", [None, "keep", '{"findings": "none"}'])
def test_what_was_not_read_is_no_verdict(answer: str | None) -> None:
    """Neither kept nor broken."""
    assert answering(answer).verdict("c") == "unread"


def test_deterministic_checks_count_too() -> None:
    """Without the critic's word."""
    checked = replace(CLAUSE, checks=(ClauseCheck("max_length", words=3),))
    assert answering('{"findings": [], "action": "keep"}', checked).verdict("c") == "break"
