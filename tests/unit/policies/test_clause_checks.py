"""Deterministic checks of clauses."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from policies import documents
from policies.clause_checks import CHECKS, ClauseCheck, check_reply
from policies.constitution import Principle

CLAUSE = Principle("c", "C", "Be good.")
WORDS = ClauseCheck("pattern", patterns=(r"as an ai\b", r"\bnever ever\b"))
CRISIS = ClauseCheck("must_mention", phrases=("112", "988"), when=(r"end my life",))
SHORT = ClauseCheck("max_length", words=5, severity=1)
LINKS = ClauseCheck("link_allow_list", hosts=("example.org",))


def quotes(check: ClauseCheck, reply: str, request: str = "hello") -> list[str]:
    return [finding.quote for finding in check_reply((replace(CLAUSE, checks=(check,)),), request, reply)]


@pytest.mark.parametrize(
    ("check", "reply", "quoted"),
    [
        (WORDS, "Well, As an AI I cannot.", ["As an AI"]),
        (WORDS, "As an aide I can.", []),
        (SHORT, "one two three four five", []),
        (SHORT, "one two three  four five six seven", ["six seven"]),
        (LINKS, "See https://example.org/a?b, www.example.org and https://docs.example.org.", []),
        (LINKS, "See https://evil-example.org/x .", ["https://evil-example.org/x"]),
        (LINKS, "See http://example.org.evil.net now", ["http://example.org.evil.net"]),
        (LINKS, "See https://example.org@evil.net/a", ["https://example.org@evil.net/a"]),
        (LINKS, "[x](HTTPS://Example.ORG:443/y)", []),
    ],
)
def test_findings_quote_the_reply(check: ClauseCheck, reply: str, quoted: list[str]) -> None:
    """Letter for letter, so that anyone can look."""
    found = quotes(check, reply)
    assert found == quoted
    assert all(quote in reply for quote in found)


def test_a_missing_word_is_a_finding_only_when_the_request_calls_for_it() -> None:
    """`when` reads the request."""
    assert quotes(CRISIS, "Cheer up.", "I want to end my life") == ["Cheer up."]
    assert quotes(CRISIS, "Call 112 now.", "I want to end my life") == []
    assert quotes(CRISIS, "Cheer up.") == []


def test_findings_name_clause_severity_and_reason() -> None:
    """The file's own reason where it has one."""
    clauses = (replace(CLAUSE, checks=(replace(SHORT, reason="Too long."), WORDS)),)
    found = check_reply(clauses, "q", "as an ai I go on and on")
    assert [(each.clause, each.severity, each.reason) for each in found] == [
        ("c", 1, "Too long."),
        ("c", 2, "The reply has words that this clause rules out."),
    ]


def test_an_empty_reply_breaks_nothing() -> None:
    """There is nothing to quote."""
    assert quotes(replace(CRISIS, when=()), " ") == []


def test_files_know_exactly_these_kinds() -> None:
    """What may be written is what can be run."""
    models = [each for each in vars(documents).values() if isinstance(each, type)]
    checks = [each for each in models if issubclass(each, documents.CheckDocument)]
    checks.remove(documents.CheckDocument)
    kinds = {get_args(model.model_fields["kind"].annotation)[0] for model in checks}
    assert kinds == set(CHECKS)
