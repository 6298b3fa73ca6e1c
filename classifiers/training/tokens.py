"""Text to token ids, in the way the serving side does it: windows with overlap, no silent truncation of what
is judged.

An exchange is ``[CLS] request tail [SEP] reply window [SEP]``; the request keeps its last tokens, the reply
is cut in windows. Segment ids are 0 for the first part, 1 for the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Feeds = dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Window:
    """Ids and segment ids of one pass; both have the same length, specials included."""

    ids: tuple[int, ...]
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Windower:
    """Cuts texts into windows. ``request_tokens`` is the length of the request tail; 0 means text alone."""

    tokenizer: Tokenizer
    max_tokens: int
    overlap: int
    request_tokens: int = 0

    @classmethod
    def load(cls, path: Path, max_tokens: int, overlap: int, request_tokens: int = 0) -> Windower:
        """Read tokenizer.json; truncation and padding set in the file are switched off."""
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(tokenizer, max_tokens, overlap, request_tokens)

    def ids_of(self, text: str) -> list[int]:
        """Token ids without special tokens."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def windows(self, text: str, request: str = "", limit: int | None = None) -> list[Window]:
        """Return the windows of a text, at least one, at most ``limit``."""
        start, end = (int(self.tokenizer.token_to_id(name) or 0) for name in ("[CLS]", "[SEP]"))
        first = [start]
        if self.request_tokens:
            first += [*self.ids_of(request)[-self.request_tokens :], end]
        body = self.ids_of(text)
        room = self.max_tokens - len(first) - 1
        step = max(1, room - self.overlap)
        starts = range(0, max(1, len(body) - self.overlap), step)
        second = 1 if self.request_tokens else 0
        cut = []
        for position in list(starts)[:limit]:
            part = [*body[position : position + room], end]
            cut.append(Window((*first, *part), (0,) * len(first) + (second,) * len(part)))
        return cut


def batch(windows: Sequence[Window]) -> Feeds:
    """Pad windows with zeros to one length; arrays are int64 of shape (batch, sequence)."""
    shape = (len(windows), max(len(window.ids) for window in windows))
    feeds = {
        name: np.zeros(shape, dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")
    }
    for row, window in enumerate(windows):
        size = len(window.ids)
        feeds["input_ids"][row, :size] = window.ids
        feeds["attention_mask"][row, :size] = 1
        feeds["token_type_ids"][row, :size] = window.types
    return feeds
