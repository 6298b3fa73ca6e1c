"""Letters replaced or turned round by a simple rule, recognised by the commonest words.

A rule is tried only where words stand in the text that are the image of common English words under it,
so ordinary text costs one set comparison.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from string import ascii_lowercase, ascii_uppercase

from classifiers.findings import Finding

COMMON = frozenset(
    """
    the and you that for with this how what make have from can are not your about when who why where which
    would should into their them they there step write give tell steps using use without people explain
    kill bomb steal weapon drugs hack his her our out get build is of it to in on be me my do so up we if
    """.split()  # noqa: SIM905  (a list of words reads better as words)
)
_REVERSE = "reverse"
_ATBASH = "atbash"
_SHORTEST = {_REVERSE: 1, "shift13": 1, _ATBASH: 2, "shift3": 2, "shift23": 2}
"""Rules met so often that a word longer than this is enough of a hint; the others need four letters."""
_ORDINARY = COMMON | {"no"}
_SPOKEN_OF = re.compile(
    r"\brot|caesar|cipher|cypher|decod|decrypt|encod|encrypt|atbash|shifted|scrambl", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z]+")
_TURNING = re.compile(
    r"\b(?:revers|backward|end to (?:its|the) start|right to left|last to first|bottom to top)", re.IGNORECASE
)
_MAX_TURNED = 4000
_FREQUENCY = {letter: 26 - rank for rank, letter in enumerate("etaoinshrdlucmfwypvbgkjqxz")}

Rule = Callable[[str], str]


def find_ciphers(text: str, words: frozenset[str] | set[str]) -> list[Finding]:
    """Lines that read as English under a letter cipher or from their end. `words`: lower-case words."""
    hits = words & _images().keys()
    needed = 1 if _SPOKEN_OF.search(text) else 2
    if len(hits) < needed:
        return []
    rules = {rule for hit in hits for rule in _images()[hit]}
    found: list[Finding] = []
    for start, line in _lines(text):
        best = max((_gain(line, rule, needed), rule) for rule in sorted(rules))
        if best[0] > 0:
            found.append(Finding(start, start + len(line), _apply(best[1], line)))
    return found


def find_turned(text: str) -> list[Finding]:
    """Where a text speaks of reversal: its other lines with letters, and with words, in reverse order."""
    if not _TURNING.search(text):
        return []
    lines = [(start, line) for start, line in _lines(text) if not _TURNING.search(line)]
    if not lines and ":" in text:
        start = text.index(":") + 1
        lines = [(start, text[start:])]
    turned = ((start, line) for start, line in lines if len(line) <= _MAX_TURNED and len(line.split()) > 2)
    return [Finding(start, start + len(line), _turned(line)) for start, line in turned]


def _turned(line: str) -> str:
    words = line.lower().split()
    if sum(word[::-1] in COMMON for word in words) > sum(word in COMMON for word in words):
        return line[::-1]
    return " ".join(line.split()[::-1])


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        if line.strip():
            yield start, line
        start += len(line) + 1


def _gain(line: str, rule: str, needed: int) -> int:
    """How many more common words a line has under a rule, 0 unless that is a clear case."""
    words = [word.lower() for word in _WORD.findall(line)]
    before = sum(word in COMMON for word in words)
    after = sum(_apply_word(rule, word) in COMMON for word in words)
    if after < needed or after <= 2 * before or 8 * after < len(words):
        return 0
    if rule != _REVERSE and _usualness(_apply(rule, line)) <= _usualness(line):
        return 0
    return after - before


def _usualness(line: str) -> int:
    """Sum over the letters of how common each is in English."""
    return sum(_FREQUENCY.get(char, 0) for char in line.lower())


def _apply(rule: str, line: str) -> str:
    return line[::-1] if rule == _REVERSE else line.translate(_tables()[rule])


def _apply_word(rule: str, word: str) -> str:
    return word[::-1] if rule == _REVERSE else word.translate(_tables()[rule])


@cache
def _tables() -> Mapping[str, dict[int, int]]:
    """Rule to the table that undoes it: shifts of the alphabet, and the alphabet mirrored."""
    plain = ascii_lowercase + ascii_uppercase
    tables = {}
    for shift in range(1, 26):
        turned = [letters[shift:] + letters[:shift] for letters in (ascii_lowercase, ascii_uppercase)]
        tables[f"shift{shift}"] = str.maketrans(plain, "".join(turned))
    tables[_ATBASH] = str.maketrans(plain, ascii_lowercase[::-1] + ascii_uppercase[::-1])
    return tables


@cache
def _images() -> Mapping[str, tuple[str, ...]]:
    """Image of a common word to the rules that give the word back; images that are words are left out."""
    images: dict[str, list[str]] = {}
    for word in COMMON:
        for rule in (_REVERSE, *_tables()):
            if len(word) > _SHORTEST.get(rule, 3):
                images.setdefault(_image(rule, word), []).append(rule)
    return {image: tuple(rules) for image, rules in images.items() if image not in _ORDINARY}


def _image(rule: str, word: str) -> str:
    if rule == _REVERSE:
        return word[::-1]
    inverse = {value: key for key, value in _tables()[rule].items()}
    return word.translate(inverse)


def count_common(text: str) -> int:
    """How many of the commonest English words stand in a text."""
    return sum(word in COMMON for word in _WORD.findall(text.lower()))


def suspicious_words() -> frozenset[str]:
    """Every word that hints at a cipher."""
    return frozenset(_images())
