"""What of an answer was judged already.

A Responses stream says every text up to four times: in deltas, when the part is done, when its item is done,
and when the response is. Only a repetition of *exactly* what was judged in one piece is passed over; anything
else in those events is text of its own and is read.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

Key = tuple[Hashable, ...]


class Repeats:
    """`echo`: texts of the request, which fields of a response may repeat (`unechoed`), the answer never."""

    __slots__ = ("_broken", "_echo", "_growing", "_grown", "_last", "_texts")

    def __init__(self, echo: Iterable[str] = ()) -> None:
        self._echo = frozenset(echo)
        self._texts: set[str] = set()
        self._growing: dict[Key, list[str]] = {}
        self._grown: set[Key] = set()
        self._last: dict[str, Key] = {}
        self._broken: set[Key] = set()

    def grow(self, field: str, key: Key, text: str) -> bool:
        """Take a delta of the text that `key` names; True where it goes on what was said last in the field.

        A text that another one interrupted was not judged in one piece, so its repetition is no repetition.
        """
        goes_on = self._last.get(field) == key
        parts = self._growing.get(key)
        if parts is None:
            self._growing[key] = [text]
        else:
            if not goes_on:
                self._broken.add(key)
            parts.append(text)
        self._grown.add(key)
        self._last[field] = key
        return goes_on

    def fresh(self, texts: Sequence[str]) -> bool:
        """Whether any of these was not judged yet. They belong together, so one new text makes all new."""
        if not texts:
            return False
        self._settle()
        if all(text in self._texts for text in texts):
            return False
        self._texts.update(texts)
        return True

    def unechoed(self, texts: Sequence[str]) -> list[str]:
        """Those that are neither the request's own words nor judged already."""
        return [text for text in texts if text not in self._echo and text not in self._texts]

    def spoke(self, field: str) -> bool:
        """Whether the field has text, so that the next one needs a seam."""
        return field in self._last

    def close(self, field: str) -> None:
        """A text that is no delta was said in the field: what grew there is interrupted."""
        self._last[field] = ()

    def _settle(self) -> None:
        """What has grown so far counts as judged in one piece."""
        grown, self._grown = self._grown, set()
        for key in grown:
            parts = self._growing[key]
            if key not in self._broken:
                if len(parts) > 1:
                    parts[:] = ["".join(parts)]
                self._texts.add(parts[0])
