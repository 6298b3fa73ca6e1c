"""What a client has been told of a streamed response, and how to go on from there. Pure.

Events are noted as they leave. When an answer must end early, what has left decides what may follow: an open
message is closed with what it has, open tool calls stay open (a call that was cut must not be run), and the
last event repeats exactly what left and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.surfaces.named_events import event_frame
from proxy.surfaces.responses import schema

_STARTS = frozenset({"response.created", "response.queued", "response.in_progress"})
_ENDS = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"}
)
_GROWS = {"response.output_text.delta": "text", "response.refusal.delta": "refusal"}

Place = tuple[int, int]


class Transcript:
    """`response`: as it was told last, without its output; `started`, `ended`: whether any event left."""

    __slots__ = ("_closed", "_done", "_grown", "_items", "_number", "ended", "response", "started")

    def __init__(self, first_number: int = 0) -> None:
        self.response: dict[str, Any] = {}
        self.started = False
        self.ended = False
        self._number = first_number
        self._items: dict[int, dict[str, Any]] = {}
        self._done: set[int] = set()
        self._grown: dict[Place, list[str]] = {}
        self._closed: set[Place] = set()

    @property
    def number(self) -> int:
        """Sequence number of the next event."""
        return self._number

    @property
    def spoke(self) -> bool:
        """Whether any item has been told of."""
        return bool(self._items)

    def note(self, event: Mapping[str, Any]) -> None:
        """An event leaves."""
        number = event.get("sequence_number")
        self._number = (number if type(number) is int else self._number) + 1
        self.started = True
        kind = str(event.get("type"))
        if kind in _STARTS and type(event.get("response")) is dict:
            self.response = {**event["response"], "output": []}
        elif kind in _ENDS:
            self.ended = True
        else:
            self._note_item(kind, event)

    def _note_item(self, kind: str, event: Mapping[str, Any]) -> None:
        index, place = event.get("output_index"), event.get("content_index")
        if type(index) is not int:
            return
        if kind in ("response.output_item.added", "response.output_item.done"):
            if type(event.get("item")) is dict:
                self._items[index] = dict(event["item"])
                if kind.endswith("done"):
                    self._done.add(index)
        elif index in self._items and type(place) is int:
            self._note_part(kind, (index, place), event)

    def _note_part(self, kind: str, place: Place, event: Mapping[str, Any]) -> None:
        if kind in ("response.content_part.added", "response.content_part.done"):
            part = event.get("part")
            if type(part) is dict:
                self._put(place, dict(part))
                begun = part.get("text") or part.get("refusal")
                self._grown[place] = [begun] if type(begun) is str else []
            if kind.endswith("done"):
                self._closed.add(place)
        elif kind in _GROWS and type(event.get("delta")) is str:
            self._grown.setdefault(place, []).append(event["delta"])

    def _put(self, place: Place, part: dict[str, Any]) -> None:
        item = self._items[place[0]]
        content = item.get("content")
        item["content"] = content = list(content) if type(content) is list else []
        del content[place[1] :]
        content.append(part)

    def write(self, kind: str, **fields: Any) -> bytes:
        """One event of Gatehouse's own, with the next number."""
        event = {"type": kind, "sequence_number": self._number, **fields}
        self.note(event)
        return event_frame(event)

    def begin(self, response: Mapping[str, Any]) -> bytes:
        """The first two events of a stream."""
        created = self.write("response.created", response=response)
        return created + self.write("response.in_progress", response=response)

    def tell(self, item: Mapping[str, Any]) -> bytes:
        """A whole item: a message part by part, anything else at once."""
        index = max(self._items, default=-1) + 1
        if item.get("type") != "message":
            added = self.write("response.output_item.added", output_index=index, item=item)
            return added + self.write("response.output_item.done", output_index=index, item=item)
        opened = {**item, "status": "in_progress", "content": []}
        frames = self.write("response.output_item.added", output_index=index, item=opened)
        for place, part in enumerate(item.get("content") or ()):
            frames += self._say_part(index, place, part)
        return frames + self._end_message(index, item.get("status") or "completed")

    def _say_part(self, index: int, place: int, part: Mapping[str, Any]) -> bytes:
        where = {"item_id": self._items[index].get("id"), "output_index": index, "content_index": place}
        field = "refusal" if part.get("type") == "refusal" else "text"
        added = self.write("response.content_part.added", **where, part={**part, field: ""})
        said = self._add_text((index, place), field, str(part.get(field) or ""))
        return added + said + self._end_part((index, place))

    def _add_text(self, place: Place, field: str, text: str) -> bytes:
        if not text:
            return b""
        kind = "response.output_text.delta" if field == "text" else "response.refusal.delta"
        more: dict[str, Any] = {"logprobs": []} if field == "text" else {}
        return self.write(kind, **self._where(place), delta=text, **more)

    def _where(self, place: Place) -> dict[str, Any]:
        item_id = self._items[place[0]].get("id")
        return {"item_id": item_id, "output_index": place[0], "content_index": place[1]}

    def _end_part(self, place: Place) -> bytes:
        """The last two events of a part, with what it has."""
        old = self._items[place[0]]["content"][place[1]]
        field = "refusal" if old.get("type") == "refusal" else "text"
        whole = "".join(self._grown.get(place, ()))
        where = self._where(place)
        more: dict[str, Any] = {"logprobs": []} if field == "text" else {}
        kind = "response.output_text.done" if field == "text" else "response.refusal.done"
        part = {**old, field: whole}
        done = self.write(kind, **where, **{field: whole}, **more)
        return done + self.write("response.content_part.done", **where, part=part)

    def _end_message(self, index: int, status: str) -> bytes:
        item = {**self._items[index], "status": status}
        return self.write("response.output_item.done", output_index=index, item=item)

    def break_off(self, item_id: str, notice: str) -> bytes:
        """Close what is open, the notice last; in a message of its own where no message is open.

        `notice` empty: nothing is added, because the client parses the text and could not read it.
        """
        index = next((i for i in sorted(self._items) if self._is_open_message(i)), None)
        if index is None:
            if not notice:
                return b""
            return self.tell(schema.message(item_id, schema.text_part(notice), "incomplete"))
        content = self._items[index].get("content") or []
        place = (index, len(content) - 1)
        frames = b""
        if content and place not in self._closed:
            field = "refusal" if content[-1].get("type") == "refusal" else "text"
            tail = f"\n\n{notice}" if notice and self._grown.get(place) else notice
            frames = self._add_text(place, field, tail) + self._end_part(place)
        elif notice:
            frames = self._say_part(index, len(content), schema.text_part(notice))
        return frames + self._end_message(index, "incomplete")

    def _is_open_message(self, index: int) -> bool:
        return index not in self._done and self._items[index].get("type") == "message"

    def output(self) -> list[dict[str, Any]]:
        """Items that were told to their end."""
        return [self._items[index] for index in sorted(self._items) if index in self._done]

    def end(self, response: Mapping[str, Any]) -> bytes:
        """The last event."""
        kind = "response.incomplete" if response.get("status") == "incomplete" else "response.completed"
        return self.write(kind, response=response)
