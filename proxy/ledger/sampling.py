"""Sampling by decision id: every replica, and every later look, draws the same exchanges."""

from __future__ import annotations

from hashlib import blake2b

_WHOLE = 1 << 64


def drawn(decision: str, share: float, purpose: str = "") -> bool:
    """Whether a decision belongs to the sample.

    `share` of all ids is drawn, [0, 1]. A larger share draws a superset of a smaller one. `purpose`
    keeps samples of different kinds independent of each other.
    """
    if share >= 1:
        return True
    if share <= 0:
        return False
    digest = blake2b(decision.encode(), digest_size=8, person=purpose.encode()[:16]).digest()
    return int.from_bytes(digest) < share * _WHOLE
