"""How much of the text of an exchange the classifiers really read, and why the rest was not. Pure.

Lengths are characters as they came. What a classifier read of a text is its own `coverage`, a share of the
text's tokens; of several classifiers the one that read least counts. A text that a needed classifier gave no
measurement of is not read, nor is one in a language that its classifier does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from classifiers.classification import Conversation, Origin
from policies.verdict import Failure, Reading
from proxy.exchange.joining import is_joined
from proxy.exchange.values import value

TOO_LONG = "too_long"
UNSUPPORTED = "unsupported_language"
REASONS = (TOO_LONG, UNSUPPORTED, *(str(failure) for failure in Failure))
"""Why text was not read: past the cap on windows (or the budget of the normaliser), or no measurement."""


@value(frozen=True, slots=True)
class Coverage:
    """One side of an exchange. `characters` of text, how many of them were `judged`, and reason to characters
    of the rest (`unread`)."""

    characters: int = 0
    judged: int = 0
    unread: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Share of the text that was read, None where there is no text."""
        return self.judged / self.characters if self.characters else None


NOTHING = Coverage()


@value(frozen=True, slots=True)
class TextRead:
    """What became of one text: the share of it that was read, and why not all."""

    share: float
    reason: str = ""


WHOLE = TextRead(1.0)


def read_of(readings: Sequence[Reading], needed: int, failure: Failure | None) -> TextRead:
    """What the readings of one text come to; `needed`: how many classifiers had to read it."""
    if not readings or len(readings) < needed:
        return TextRead(0.0, str(failure or Failure.NOT_RUN))
    share = 1.0
    for reading in readings:
        measured = reading.classification
        if measured.unsupported:
            return TextRead(0.0, UNSUPPORTED)
        share = min(share, measured.coverage)
    return WHOLE if share >= 1.0 else TextRead(share, TOO_LONG)


def total(texts: Sequence[tuple[int, TextRead]]) -> Coverage:
    """The coverage of several texts, each with its length. Nothing unread ever rounds to read."""
    characters = judged = 0
    unread: dict[str, int] = {}
    for length, read in texts:
        characters += length
        seen = length if read.share >= 1.0 else int(read.share * length)
        judged += seen
        if seen < length:
            unread[read.reason] = unread.get(read.reason, 0) + length - seen
    return Coverage(characters, judged, unread)


def of_conversation(
    conversation: Conversation,
    readings: Sequence[Reading],
    needs: Mapping[str, frozenset[Origin]],
    failure: Failure | None,
) -> Coverage:
    """The coverage of a request. `needs`: classifier to the origins whose texts it must read."""
    by_turn: dict[int, list[Reading]] = {}
    for reading in readings:
        by_turn.setdefault(reading.index, []).append(reading)
    texts: list[tuple[int, TextRead]] = []
    for index, turn in enumerate(conversation.turns):
        if turn.text and not turn.text.isspace() and not is_joined(turn):
            own = by_turn.get(index, ())
            enough = len(own) >= len(needs)
            needed = 0 if enough else sum(turn.origin in origins for origins in needs.values())
            texts.append((len(turn.text), read_of(own, needed, failure)))
    return total(texts)


def worse(before: Coverage | None, after: Coverage) -> Coverage:
    """Of two stages on one text, the one that read less of it."""
    return after if before is None or after.judged < before.judged else before
