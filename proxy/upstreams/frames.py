"""Server-sent events as byte frames: cut whole frames out of a stream, never re-encode them."""

from __future__ import annotations

import re

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Largest frame that is held while it is incomplete."""

# The event-stream format (WHATWG HTML, 9.2) ends a line with CRLF, LF or CR, and an event with an
# empty line. The groups are atomic: a lone CRLF must never be read as two line ends.
_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")


class FrameTooLarge(ValueError):
    """A frame grew over its limit without ending."""


class FrameSplitter:
    """Takes bytes as they arrive, gives whole frames with their blank line.

    The frames of a stream, joined, and then `rest`, are the bytes that were fed. Only line ends are
    looked at, so a character cut in two by the network is whole again in its frame.
    """

    __slots__ = ("_limit", "rest")

    def __init__(self, limit: int = MAX_FRAME_BYTES) -> None:
        self._limit = limit
        self.rest = b""
        """What has arrived of a frame that is not complete yet."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Frames completed by `chunk`, in order.

        Raises:
            FrameTooLarge: an incomplete frame is over the limit.
        """
        rest = self.rest
        # A blank line is four bytes at most, so it can begin three bytes before the new ones.
        start = max(0, len(rest) - 3)
        data = rest + chunk if rest else chunk
        frames = _cut_any(data, start) if b"\r" in data else _cut_lf(data, start)
        self.rest = frames.pop()
        if len(self.rest) > self._limit:
            raise FrameTooLarge
        return frames


def _cut_lf(data: bytes, start: int) -> list[bytes]:
    """Frames of data without CR, then the incomplete rest."""
    at = data.find(b"\n\n", start)
    if at < 0:
        return [data]
    if at == len(data) - 2:
        return [data, b""]
    frames = data.split(b"\n\n")
    rest = frames.pop()
    frames = [frame + b"\n\n" for frame in frames]
    frames.append(rest)
    return frames


def _cut_any(data: bytes, start: int) -> list[bytes]:
    """Frames of data with any line ends, then the incomplete rest."""
    frames = []
    begin = 0
    for match in _BLANK_LINE.finditer(data, start):
        end = match.end()
        if end == len(data) and data.endswith(b"\r"):
            break  # the second half of a CRLF may still be on its way
        frames.append(data[begin:end])
        begin = end
    frames.append(data[begin:])
    return frames
