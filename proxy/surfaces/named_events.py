"""Server-sent events that have a name, as clients of the Responses and the Messages API read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def event_frame(event: Mapping[str, Any]) -> bytes:
    """One event. Clients read its name, which is the type in its data."""
    name = "".join(char for char in str(event.get("type", "error")) if char.isprintable())
    return b"event: " + name.encode("utf-8", "replace") + b"\ndata: " + orjson.dumps(event) + b"\n\n"


def is_framed(raw: bytes, kind: str, payload: bytes) -> bool:
    """Whether a frame is what every client can read: its event named as its data says, and no more."""
    named = b"event: " + kind.encode("utf-8", "replace") + b"\ndata: " + payload
    lines = (named + b"\n\n", named.replace(b"\n", b"\r\n", 1) + b"\r\n\r\n")
    return kind.isprintable() and raw in lines
