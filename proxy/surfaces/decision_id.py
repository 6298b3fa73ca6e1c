"""Decision ids: `gh-` and 26 lower-case base32 characters, ordered by time.

48 bits of milliseconds and 80 random bits (the ULID layout, Crockford's alphabet), so that ids sort by
time, do not collide between replicas and cannot be guessed by somebody who wants to appeal in another's name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_LENGTH = 29
_DRAWN_AT_ONCE = 10 * 64
"""Random bytes of 64 ids: asking the kernel for each costs more than all the rest of an id."""


def _spell(number: int, pairs: int) -> str:
    """Spell a number with that many pairs of base32 characters, most significant first."""
    return "".join([_PAIRS[(number >> (10 * place)) & 1023] for place in range(pairs - 1, -1, -1)])


class DecisionIds:
    """Makes ids. `wall`: seconds since the epoch; `entropy(n)`: n random bytes (n a multiple of ten)."""

    __slots__ = ("_at", "_drawn", "_entropy", "_millis", "_prefix", "_wall")

    def __init__(
        self, wall: Callable[[], float] = time.time, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._wall = wall
        self._entropy = entropy
        self._millis = -1
        self._prefix = ""
        self._drawn = b""
        self._at = 0

    def __call__(self) -> str:
        """A new id."""
        millis = int(self._wall() * 1000)
        if millis != self._millis:
            self._millis = millis
            self._prefix = "gh-" + _spell(millis, 5)
        at = self._at
        if at == len(self._drawn):
            self._drawn = self._entropy(_DRAWN_AT_ONCE)
            at = 0
        self._at = at + 10
        number = int.from_bytes(self._drawn[at : at + 10], "big")
        return self._prefix + (
            _PAIRS[number >> 70]
            + _PAIRS[number >> 60 & 1023]
            + _PAIRS[number >> 50 & 1023]
            + _PAIRS[number >> 40 & 1023]
            + _PAIRS[number >> 30 & 1023]
            + _PAIRS[number >> 20 & 1023]
            + _PAIRS[number >> 10 & 1023]
            + _PAIRS[number & 1023]
        )


def is_decision_id(text: str) -> bool:
    """Whether a text has the form of a decision id."""
    return len(text) == _LENGTH and text.startswith("gh-") and not text[3:].strip(_ALPHABET)
