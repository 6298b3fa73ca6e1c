"""Reads together what a user sent in several turns."""

from __future__ import annotations

from classifiers.classification import Turn

JOINED = "joined"
"""Role of a turn that no client sent: texts of several turns, read together."""


def is_joined(turn: Turn) -> bool:
    """The turn repeats what other turns say."""
    return turn.role == JOINED
