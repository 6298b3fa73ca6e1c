"""Word lists of tenants: phrases and patterns that score 1.0 for their label where they occur.

Phrases are matched word by word, whatever the case and the white space, at a cost that does not grow
with the number of phrases. Patterns are regular expressions of a safe kind: every repetition has an
upper bound, there are no back-references and no look-around, and the number of ways in which a pattern
can match from one place is at most `MAX_WAYS`. So matching is linear in the length of the text,
whoever wrote the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from classifiers.classification import Classification, InputKind
from classifiers.manifest import digest_of
from classifiers.normalize import NORMALISER, normalize

MAX_WAYS = 256
MAX_PATTERN = 500
"""Longest pattern, in characters."""
_POINTS: Mapping[str, float] = MappingProxyType({"flag": 0.5, "block": 0.5})
_WORD = re.compile(r"\w+")


class PatternError(ValueError):
    """A pattern is not of the safe kind; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """What gives a label: whole-word phrases, and patterns (matched without regard to case)."""

    label: str
    phrases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """Characters `start` to `end` of `reading` gave a label. Reading 0 is the canonical copy of the text."""

    label: str
    start: int
    end: int
    reading: int = 0


class KeywordClassifier:
    """Scores 1.0 for labels with a match in any reading of the text, 0.0 for the others."""

    def __init__(self, name: str, rules: Sequence[KeywordRule], version: str = "1") -> None:
        """Compile the rules.

        Raises:
            PatternError: a pattern is not of the safe kind, or a phrase holds no word.
        """
        self._name = name
        self._model = f"{name}@{version}"
        self._labels = tuple(dict.fromkeys(rule.label for rule in rules))
        self._digest = digest_of(repr((NORMALISER, sorted(map(repr, rules)))).encode())
        self._phrases = _index(rules)
        self._patterns = tuple((rule.label, compile_safely(each)) for rule in rules for each in rule.patterns)
        self._thresholds = dict.fromkeys(self._labels, _POINTS)

    @property
    def name(self) -> str:
        """Short name that policies use."""
        return self._name

    @property
    def model(self) -> str:
        """`name@version`."""
        return self._model

    @property
    def digest(self) -> str:
        """`sha256:…` of the rules and the normaliser."""
        return self._digest

    @property
    def kind(self) -> InputKind:
        """Always `text`."""
        return "text"

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the rules."""
        return self._labels

    @property
    def thresholds(self) -> Mapping[str, Mapping[str, float]]:
        """Any match is above both points."""
        return self._thresholds

    def classify(self, text: str, request: str = "") -> Classification:  # noqa: ARG002  (text only)
        """Measure one text."""
        normal = normalize(text)
        hit = {match.label for match in self._matches(normal.readings)}
        scores = {label: float(label in hit) for label in self._labels}
        return Classification(
            self._model, self._digest, scores, coverage=normal.coverage, hidden=normal.hidden
        )

    def find(self, text: str) -> list[Match]:
        """Every match, in the order of readings and rules."""
        return list(self._matches(normalize(text).readings))

    def _matches(self, readings: Sequence[str]) -> Iterator[Match]:
        for place, reading in enumerate(readings):
            for label, start, end in self._phrases.find(reading):
                yield Match(label, start, end, place)
            for label, pattern in self._patterns:
                for found in pattern.finditer(reading):
                    yield Match(label, found.start(), found.end(), place)


@dataclass(slots=True)
class _PhraseIndex:
    """Phrases as a tree of words; `labels` of a node are those of the phrases that end there."""

    labels: set[str] = field(default_factory=set)
    next: dict[str, _PhraseIndex] = field(default_factory=dict)

    def add(self, label: str, words: Sequence[str]) -> None:
        node = self
        for word in words:
            node = node.next.setdefault(word, _PhraseIndex())
        node.labels.add(label)

    def find(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Label, start and end of each phrase in a text."""
        words = [(match.group().casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]
        for first, (_, start, _) in enumerate(words):
            node = self
            for word, _, end in words[first : first + 32]:
                following = node.next.get(word)
                if following is None:
                    break
                node = following
                for label in sorted(node.labels):
                    yield label, start, end


def _index(rules: Sequence[KeywordRule]) -> _PhraseIndex:
    index = _PhraseIndex()
    for rule in rules:
        for phrase in rule.phrases:
            words = [match.group() for match in _WORD.finditer(phrase.casefold())]
            if not 1 <= len(words) <= 32:
                raise PatternError(f"{rule.label}: a phrase needs 1 to 32 words")
            index.add(rule.label, words)
    return index


def compile_safely(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the safe kind.

    Raises:
        PatternError: it is not; the message says why.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"a pattern may have {MAX_PATTERN} characters")
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise PatternError(f"not a regular expression: {error}") from None
    scan = _Scan(pattern)
    scan.alternatives()
    if scan.place < len(pattern):
        raise PatternError(f"unexpected {pattern[scan.place]!r} at {scan.place}")
    if compiled.match(""):
        raise PatternError("matches the empty text")
    return compiled


class _Scan:
    """Counts the ways in which a pattern can match from one place, by reading its syntax."""

    _QUANTIFIER = re.compile(r"\{(\d+)(?:,(\d*))?\}")
    _CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
    _ESCAPE = re.compile(r"\\(?:[wWdDsSbB]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[^A-Za-z0-9])")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0

    def alternatives(self) -> int:
        """Ways of a whole pattern or group: the sum over its alternatives."""
        ways = self._sequence()
        while self._next() == "|":
            self.place += 1
            ways += self._sequence()
        return ways

    def _sequence(self) -> int:
        ways = 1
        while self._next() not in {"", "|", ")"}:
            ways *= self._quantified(self._atom())
            if ways > MAX_WAYS:
                raise PatternError(f"more than {MAX_WAYS} ways to match: lower the bounds")
        return ways

    def _next(self) -> str:
        return self.pattern[self.place : self.place + 1]

    def _atom(self) -> int:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return self._take(self._CLASS)
        if char == "\\":
            return self._take(self._ESCAPE)
        if char in "*+?{":
            raise PatternError(f"unexpected {char!r} at {self.place}")
        self.place += 1
        return 1

    def _group(self) -> int:
        self.place += 1
        if self._next() == "?":
            if self.pattern[self.place : self.place + 2] != "?:":
                raise PatternError("only plain groups and (?:…) are allowed")
            self.place += 2
        ways = self.alternatives()
        self.place += 1
        return ways

    def _take(self, token: re.Pattern[str]) -> int:
        found = token.match(self.pattern, self.place)
        if found is None:
            raise PatternError(f"not allowed: {self.pattern[self.place : self.place + 2]!r} at {self.place}")
        self.place = found.end()
        return 1

    def _quantified(self, ways: int) -> int:
        least, most = self._bounds()
        if most > 1000 or (ways > 1 and most > 32):
            raise PatternError(f"repeats up to {most} times: too many")
        total = 0
        for times in range(least, most + 1):
            total += ways**times
            if total > MAX_WAYS:
                break
        return max(total, 1)

    def _bounds(self) -> tuple[int, int]:
        char = self._next()
        if char in {"*", "+"}:
            raise PatternError(f"{char!r} has no upper bound: write {{0,20}} or {{1,20}}")
        found = self._QUANTIFIER.match(self.pattern, self.place) if char == "{" else None
        if char == "?":
            self.place += 1
            bounds = (0, 1)
        elif found is None:
            return (1, 1)
        elif found[2] == "":
            raise PatternError("{n,} has no upper bound: write {n,20}")
        else:
            self.place = found.end()
            bounds = (int(found[1]), int(found[2] or found[1]))
        if self._next() == "?":
            self.place += 1
        return bounds
