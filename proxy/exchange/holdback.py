"""Hold-back of a guarded stream: only text that a verdict covers may leave. Pure.

Frames are kept in order with the text positions they carry, for each lane of a choice (its text, its
reasoning, each call of a tool: what a client puts together) by itself. Once a choice is cleared up to a
position, the longest prefix of frames that lies wholly inside cleared text is released. Frames that
end the answer (finish reasons, usage, end mark) are kept to the last: the final verdict may change
them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from proxy.exchange.exchange import Delta

_Lane = tuple[int, str, str]
"""Choice, field, and lane of the field."""


@dataclass(slots=True)
class _Held:
    delta: Delta
    ends: tuple[tuple[_Lane, int], ...]
    """(lane, position up to which that lane must be cleared)."""
    closing: bool


@dataclass(slots=True)
class HoldBack:
    """`first`: characters of the first window; each window is twice the last, up to `largest`.

    `overlap`: characters of a lane before a window that are judged again with it, so that nothing hides on
    a seam. All sizes in characters of text.
    """

    first: int = 120
    largest: int = 1000
    overlap: int = 300
    _frames: deque[_Held] = field(default_factory=deque)
    _texts: dict[_Lane, str] = field(default_factory=dict)
    """Of each lane the overlap before what is not cleared, and that."""
    _lengths: dict[_Lane, int] = field(default_factory=dict)
    _cleared: dict[_Lane, int] = field(default_factory=dict)
    _unjudged: dict[int, int] = field(default_factory=dict)
    """Characters of each choice that are not cleared."""
    _window: int = 0
    _closing: bool = False

    def hold(self, delta: Delta) -> None:
        """Take one delta from the upstream."""
        ends: dict[_Lane, int] = {}
        for piece in delta.pieces:
            lane = (piece.choice, piece.field, piece.lane)
            self._texts[lane] = self._texts.get(lane, "") + piece.text
            self._lengths[lane] = self._lengths.get(lane, 0) + len(piece.text)
            self._unjudged[piece.choice] = self._unjudged.get(piece.choice, 0) + len(piece.text)
            ends[lane] = self._lengths[lane]
        self._closing = self._closing or bool(delta.finishes) or delta.kind in ("usage", "done")
        self._frames.append(_Held(delta, tuple(ends.items()), self._closing))

    def due(self) -> int | None:
        """A choice with a full window of unjudged text, or None."""
        size = self._window or self.first
        return next((choice for choice, unjudged in self._unjudged.items() if unjudged >= size), None)

    def window(self, choice: int) -> str:
        """The text to judge: everything not yet cleared, with the overlap before it, lane by lane."""
        parts = [
            text
            for lane, text in self._texts.items()
            if lane[0] == choice and self._lengths[lane] > self._cleared.get(lane, 0)
        ]
        return "\n".join(parts)

    def clear(self, choice: int) -> list[Delta]:
        """All text of the choice so far is cleared; returns the frames that may leave now."""
        for lane, text in self._texts.items():
            if lane[0] == choice:
                self._texts[lane] = text[max(0, len(text) - self.overlap) :]
                self._cleared[lane] = self._lengths[lane]
        self._unjudged[choice] = 0
        self._window = min((self._window or self.first) * 2, self.largest)
        return self._release()

    def rest(self) -> list[Delta]:
        """Everything still held, in order: for the end of an answer that was cleared as a whole."""
        rest = [held.delta for held in self._frames]
        self._frames.clear()
        return rest

    def _release(self) -> list[Delta]:
        released: list[Delta] = []
        while self._frames and self._may_leave(self._frames[0]):
            released.append(self._frames.popleft().delta)
        return released

    def _may_leave(self, held: _Held) -> bool:
        return not held.closing and all(self._cleared.get(lane, 0) >= end for lane, end in held.ends)
