"""A conversation as rounds: what was asked, and the answer that closed it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from classifiers.classification import Conversation, Origin, Turn

_ASKED = (Origin.USER, Origin.TOOL)


@dataclass(frozen=True, slots=True)
class Round:
    """`asked`: texts of users and tools since the answer before; `answer`: None where there is none yet.

    Only turns that are messages by themselves are in a round.
    """

    asked: tuple[Turn, ...]
    answer: Turn | None = None

    @property
    def places(self) -> frozenset[int]:
        """Of the messages that were asked."""
        return frozenset(turn.place for turn in self.asked)


def rounds(conversation: Conversation) -> Iterator[Round]:
    """The rounds in their order; the last one may lack its answer."""
    asked: list[Turn] = []
    for turn in conversation.turns:
        if turn.place < 0:
            continue
        if turn.origin in _ASKED:
            asked.append(turn)
        elif turn.origin is Origin.MODEL:
            yield Round(tuple(asked), turn)
            asked = []
    if asked:
        yield Round(tuple(asked))


def newest(conversation: Conversation) -> int:
    """Place of the last user message; what stands there or behind it is new. -1: there is none."""
    turns = reversed(conversation.turns)
    return next((turn.place for turn in turns if turn.origin is Origin.USER and turn.place >= 0), -1)


def without(conversation: Conversation, places: frozenset[int]) -> Conversation:
    """The conversation with nothing in the messages at these places; its turns keep their numbers."""
    return Conversation(
        tuple(replace(turn, text="") if turn.place in places else turn for turn in conversation.turns),
        tuple(part for part in conversation.uncovered if part.place not in places),
    )
