"""Patterns of phrase rules."""

from __future__ import annotations

import time

import pytest

from policies.patterns import MAX_LENGTH, PatternError, compile_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"AKIA[0-9A-Z]{16}",
        r"ignore (?:\w{1,9} ){0,3}instructions",
        r"-----BEGIN (?:RSA |EC )?PRIVATE KEY-----",
        r"\b(?:alpha|beta)\b",
        r"x{2,900}",
        r"(?>ab|a)c",
    ],
)
def test_useful_patterns_are_accepted(pattern: str) -> None:
    """Bounded repeats, alternatives, classes, anchors, atomic groups."""
    assert compile_pattern(pattern).search("nothing of the kind") is None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a+b", "upper bound"),
        (".*", "matches the empty text"),
        ("a.*b", "upper bound"),
        (r"(?:a{1,9}){1,9}", "ways to match"),
        (r"(?:a|a){1,30}x", "ways to match"),
        (r"a{0,200}b{0,200}c", "ways to match"),
        (r"(a)\1", "not allowed"),
        (r"a(?=b)", "not allowed"),
        (r"(?<!a)b", "not allowed"),
        ("(", "not a regular expression"),
        ("a" * (MAX_LENGTH + 1), "longer than"),
        ("", "empty text"),
    ],
)
def test_costly_patterns_are_refused_with_the_reason(pattern: str, why: str) -> None:
    """Before they meet a text."""
    with pytest.raises(PatternError, match=why):
        compile_pattern(pattern)


def test_case_is_ignored() -> None:
    """People write phrases, not cases."""
    assert compile_pattern("secret plan").search("The Secret PLAN")


def test_the_worst_accepted_pattern_stays_quick_on_the_worst_text() -> None:
    """Cost grows with the text, not with its square (measured generously: this is no benchmark)."""
    pattern = compile_pattern(r"(?:a{1,4}b?){1,3}c")
    started = time.perf_counter()
    assert pattern.search("a" * 20_000) is None
    assert time.perf_counter() - started < 5
