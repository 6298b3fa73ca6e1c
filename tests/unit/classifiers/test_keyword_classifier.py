"""Word lists match whole words in every reading, at a cost that no list can drive up."""

from __future__ import annotations

import time

import pytest

from classifiers.classification import Classifier
from classifiers.keyword_classifier import KeywordClassifier, KeywordRule, Match, PatternError, compile_safely
from tests.kits.classifier_kit import ClassifierKit

RULES = (
    KeywordRule("rival", phrases=("Acme Corp", "acme"), patterns=(r"acme[- ]?\d{1,4}",)),
    KeywordRule("project", phrases=("Blue Heron",)),
)


class TestKeywordClassifier(ClassifierKit):
    @pytest.fixture
    def classifier(self) -> Classifier:
        return KeywordClassifier("words", RULES)


@pytest.fixture
def words() -> KeywordClassifier:
    return KeywordClassifier("words", RULES)


@pytest.mark.parametrize(
    ("text", "rival", "project"),
    [
        ("Is ACME\n corp better?", 1.0, 0.0),
        ("the blue   heron flies", 0.0, 1.0),
        ("bluer heron, acmes", 0.0, 0.0),
        ("b l u e   h e r o n", 0.0, 1.0),
        ("A\u200bcme", 1.0, 0.0),
        ("buy acme-77", 1.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_phrases_match_whole_words_however_written(
    words: KeywordClassifier, text: str, rival: float, project: float
) -> None:
    assert words.classify(text).scores == {"rival": rival, "project": project}


def test_matches_have_their_place(words: KeywordClassifier) -> None:
    found = words.find("Ask Acme Corp about it")
    assert Match("rival", 4, 13) in found
    assert Match("rival", 4, 8) in found


@pytest.mark.parametrize(
    "pattern",
    [
        "a*b",
        "a+",
        "(a+)+$",
        "a{2,}",
        r"(\w)\1",
        "(?=x)y",
        "(?<!x)y",
        "(?P<n>x)",
        "(a{0,30}){0,30}b",
        r"\w{0,900}\w{0,900}x",
        "(a|aa){1,30}b",
        "a?",
        "x|",
        "[a-",
        "(a",
        "a)",
        "*",
        "{3}",
        r"\A",
        "a{5000}",
        "x" * 600,
    ],
)
def test_patterns_that_could_run_away_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_safely(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bproj(?:ect)?[- ]\d{3}\b", "see project 123"),
        (r"[A-Z]{2}\d{6,8}", "ab1234567"),
        (r"a.{0,40}b", "a lot of b"),
        (r"\$\d{1,3}(?:,\d{3}){0,3}", "$1,000,000"),
        (r"c\+\+|c#", "I like C++"),
        ("[]x]y", "]y"),
        ("a{0,3}?b", "aab"),
    ],
)
def test_bounded_patterns_are_fine(pattern: str, text: str) -> None:
    assert compile_safely(pattern).search(text)


@pytest.mark.parametrize("pattern", [r"\w{0,200}!", r"(?:\w{1,14}\s){1,2}x", r"a{1,15}a{1,15}c"])
def test_the_worst_allowed_pattern_is_linear(pattern: str) -> None:
    """Ten times the text takes about ten times as long, not a hundred times."""
    compiled = compile_safely(pattern)
    spent = []
    for size in (5_000, 50_000):
        start = time.thread_time()
        assert compiled.search("a" * size) is None
        spent.append(time.thread_time() - start)
    assert spent[1] < 40 * spent[0] + 0.5


def test_ten_thousand_phrases_cost_no_more_than_ten() -> None:
    many = KeywordClassifier("w", [KeywordRule("x", tuple(f"phrase number {n}" for n in range(10_000)))])
    start = time.thread_time()
    assert many.classify("this is phrase number 9999 " * 2000).scores == {"x": 1.0}
    assert time.thread_time() - start < 3


def test_a_phrase_without_a_word_is_refused() -> None:
    with pytest.raises(PatternError, match="words"):
        KeywordClassifier("w", [KeywordRule("x", ("!?",))])


def test_the_digest_tells_lists_apart() -> None:
    one = KeywordClassifier("w", RULES)
    assert one.digest == KeywordClassifier("other", RULES[::-1]).digest
    assert one.digest != KeywordClassifier("w", RULES[:1]).digest
