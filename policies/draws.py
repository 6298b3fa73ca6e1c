"""Draws by lot that are decided by a name, so that they can be computed again."""

from __future__ import annotations

from hashlib import sha256

_ALL = 2**64


def drawn(ticket: str, share: float) -> bool:
    """Whether a ticket is among the share of all tickets, [0, 1], that is drawn; the same for ever."""
    return lot(ticket) < share * _ALL


def lot(ticket: str) -> int:
    """The number, below 2^64, that a ticket stands for."""
    return int.from_bytes(sha256(ticket.encode()).digest()[:8])
