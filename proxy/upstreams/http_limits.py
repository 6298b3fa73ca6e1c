"""How long and how much an HTTP upstream may take."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.upstreams.frames import MAX_FRAME_BYTES


@dataclass(frozen=True, slots=True)
class HttpTimeouts:
    """Time limits of one call, in seconds.

    `first_byte`: from the request sent to the first byte of the answer, and on a stream from its head
    to its first frame. `idle`: between two reads after that. The whole call is bounded by the
    exchange's deadline, which the corridor holds; here it also ends an answer that only drips.
    """

    connect: float = 5.0
    first_byte: float = 300.0
    idle: float = 120.0


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of what is held: connections, and bytes of an answer or of one frame."""

    connections: int = 1024
    keepalive_seconds: float = 60.0
    answer_bytes: int = 64 * 1024 * 1024
    frame_bytes: int = MAX_FRAME_BYTES
