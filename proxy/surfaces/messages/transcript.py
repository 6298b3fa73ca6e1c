"""What a client has been told of a streamed message, and how to go on from there. Pure.

When an answer must end early, what has left decides what may follow: an open text gets the notice, open
thinking is closed, and a call of a tool stays open, so that nobody runs a call that was cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.surfaces.messages import schema
from proxy.surfaces.messages.schema import Event

_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


class Transcript:
    """`message`: as it began; `started`, `ended`: whether such an event left; `spoke`: any block left."""

    __slots__ = ("_next", "_open", "_texts", "ended", "message", "started")

    def __init__(self) -> None:
        self.message: dict[str, Any] = {}
        self.started = False
        self.ended = False
        self._next = 0
        self._open: dict[int, str] = {}
        self._texts: set[int] = set()

    @property
    def spoke(self) -> bool:
        """Whether any block has been told of."""
        return self._next > 0

    def note(self, event: Mapping[str, Any]) -> None:
        """An event leaves."""
        self.started = True
        kind, index = event.get("type"), event.get("index")
        if kind == "message_start" and type(event.get("message")) is dict:
            self.message = event["message"]
        elif kind in ("message_stop", "error"):
            self.ended = True
        elif type(index) is int:
            self._note_block(str(kind), index, event)

    def _note_block(self, kind: str, index: int, event: Mapping[str, Any]) -> None:
        self._next = max(self._next, index + 1)
        if kind == "content_block_stop":
            self._open.pop(index, None)
        elif kind == "content_block_start":
            block = event.get("content_block")
            self._open[index] = str(block.get("type")) if type(block) is dict else ""
        elif kind == "content_block_delta":
            self._texts.add(index)

    def break_off(self, notice: str) -> list[Event]:
        """Close what is open, the notice last; in a block of its own where no text is open.

        `notice` empty: nothing is added, because the client parses the text and could not read it.
        """
        events: list[Event] = []
        said = not notice
        for index, kind in sorted(self._open.items()):
            if kind in _CALLS:
                continue
            if kind == "text" and not said:
                tail = f"\n\n{notice}" if index in self._texts else notice
                events.append(schema.block_delta(index, schema.text_delta(tail)))
                said = True
            events.append(schema.block_stop(index))
        if not said:
            events += schema.text_events(self._next, notice)
        return events
