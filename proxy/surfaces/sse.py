"""Server-sent events as the chat clients read them: `data:` lines and comments, nothing else.

Named events, `id:` and `retry:` lines break the official Python client on this route, so no function here
can write one. Each frame is one event and ends with a blank line.
"""

from __future__ import annotations

from typing import Any

import orjson

KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"
STREAM_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


def data_frame(payload: Any) -> bytes:
    """One event with a JSON payload. JSON has no raw line breaks, so one line always suffices."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def raw_frame(payload: bytes) -> bytes:
    """One event with a payload that is JSON already (on one line)."""
    return b"data: " + payload + b"\n\n"


def data_of(frame: bytes) -> bytes | None:
    """The data of a frame, its lines joined; None where the frame has no data line (a comment)."""
    lines = [line[5:].removeprefix(b" ") for line in frame.splitlines() if line[:5] == b"data:"]
    return b"\n".join(lines) if lines else None


def has_only_data(frame: bytes) -> bool:
    """Whether every line is data or blank: the frame may be relayed as it is."""
    return all(not line or line[:5] == b"data:" for line in frame.splitlines())
