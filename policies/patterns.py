"""Patterns for phrase rules: regular expressions whose cost is bounded before they are used.

Python's engine backtracks, so one careless pattern can stop a process. A pattern is accepted only
when the number of ways it can match at one place is small and finite; the time to search a text then
grows no faster than the text.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

MAX_LENGTH = 1_000
MAX_WAYS = 1_000

# The parser of `re` has no public name; it is the only way to see a pattern as the engine does.
_parser: Any = import_module("re._parser")
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_PLAIN = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "CATEGORY", "RANGE"})


class PatternError(ValueError):
    """A pattern is not a regular expression, or its cost has no small bound."""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern, ready to search without regard to case.

    Raises:
        PatternError: not a regular expression, too long, unbounded repeats, look-around,
            back-references, or more than `MAX_WAYS` ways to match at one place.
    """
    if len(pattern) > MAX_LENGTH:
        raise PatternError(f"pattern is longer than {MAX_LENGTH} characters")
    try:
        tree = _parser.parse(pattern, re.IGNORECASE)
        compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"not a regular expression: {error}") from error
    if compiled.match("") is not None:
        raise PatternError("pattern matches the empty text")
    _ways(tree)
    return compiled


def _ways(tree: Any) -> int:
    """Upper bound of the ways a parsed sequence can match from one place."""
    total = 1
    for name, argument in tree:
        total *= _ways_of(str(name), argument)
        if total > MAX_WAYS:
            raise PatternError(f"pattern has more than {MAX_WAYS} ways to match at one place")
    return total


def _ways_of(name: str, argument: Any) -> int:
    if name in _PLAIN:
        return 1
    if name in _REPEATS:
        return _ways_of_repeat(*argument)
    if name == "SUBPATTERN":
        return _ways(argument[-1])
    if name == "ATOMIC_GROUP":
        return _ways(argument)
    if name == "BRANCH":
        return sum(_ways(branch) for branch in argument[1])
    raise PatternError("look-around, back-references and conditions are not allowed")


def _ways_of_repeat(least: int, most: int, tree: Any) -> int:
    if most > MAX_WAYS:
        raise PatternError("repeats need an upper bound: write {0,40} instead of * and {1,40} instead of +")
    inner = _ways(tree)
    if inner == 1:
        return int(most) - int(least) + 1
    total = 0
    for times in range(int(least), int(most) + 1):
        total += inner**times if times < 20 else MAX_WAYS + 1
        if total > MAX_WAYS:
            break
    return total
