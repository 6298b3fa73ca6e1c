"""What an answer says: content blocks and what stands beside them, as pieces in lanes. Pure.

Every block is a lane of its own, because clients put a stream together by the index of its blocks.
Many clients show text blocks that follow each other as one text: the seam between two is read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.exchange.exchange import Piece, PieceField, Usage
from proxy.surfaces.chat_completions.spoken import Lanes, Spoken, is_word, phrases
from proxy.surfaces.messages.vocabulary import KEYS, MEDIA, WORDS, is_machine_word, is_seal

SEAM = 240
"""Characters on either side of a seam."""
_FIELDS: Mapping[tuple[str, str], PieceField] = {
    ("text", "text"): "content",
    ("thinking", "thinking"): "reasoning",
}
_SEALS = frozenset({"signature", "encrypted_index", "encrypted_content"})
_QUIET_BESIDE = frozenset({"content", "usage"})
_LABELS = frozenset({"id", "type", "role", "model", "stop_reason"})
FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Reasons to stop, and what chat calls them."""


class MessageLanes(Lanes):
    """The walk over a field with this API's words."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.quiet, self.words = KEYS, WORDS

    def read(self, text: str, key: str, path: str) -> None:
        """See `Found.read`."""
        if not is_machine_word(text, key):
            super().read(text, key, path)


class Blocks:
    """Reads the blocks of one answer, whole or piece by piece. `stops`: the request's own stop sequences."""

    __slots__ = ("_last", "_room", "_seam", "_stops", "_tail")

    def __init__(self, stops: frozenset[str] = frozenset()) -> None:
        self._stops = stops
        self._last = -1
        self._tail = self._seam = ""
        self._room = 0

    def message(self, message: Mapping[str, Any], pieces: Spoken) -> None:
        """A whole message, or the one that a stream begins with."""
        content = message.get("content")
        if type(content) is list:
            for index, block in enumerate(content):
                self.block(index, block, pieces)
        elif content is not None:
            read_rest("content", content, pieces)
        self.ending(message, pieces)

    def ending(self, fields: Mapping[str, Any], pieces: Spoken) -> None:
        """What stands beside the blocks: labels, why it stopped, usage."""
        for name, value in fields.items():
            if name == "usage":
                read_counts(value, pieces)
            elif name == "stop_sequence" and value in self._stops:
                continue
            elif name not in _QUIET_BESIDE and not (name in _LABELS and is_word(value)):
                read_rest(name, value, pieces)

    def block(self, index: int, block: Any, pieces: Spoken) -> None:
        """One block, whole or as it begins."""
        if type(block) is not dict:
            read_rest("content", block, pieces, f"[{index}]")
            return
        kind = block.get("type")
        if type(kind) is str and kind in MEDIA:
            pieces.unread.append((0, MEDIA[kind]))
        for name, value in block.items():
            field = _FIELDS.get((kind, name)) if type(kind) is str else None
            if field is not None and type(value) is str:
                self.text(index, field, value, pieces)
            elif name == "input":
                self._input(index, value, pieces)
            elif name == "name" and type(value) is str:
                pieces.append(Piece(0, "tool_call", value, f"block {index}.name"))
            elif not (name == "type" and is_word(kind)) and not (name == "data" and _is_sealed(kind, value)):
                read_rest(name, value, pieces, f"block {index}")

    def _input(self, index: int, value: Any, pieces: Spoken) -> None:
        """What a tool is called with; `{}` where a stream brings it in pieces."""
        if value not in ({}, None):
            told = value if type(value) is str else orjson.dumps(value).decode()
            pieces.append(Piece(0, "tool_call", told, f"block {index}.input"))

    def text(self, index: int, field: PieceField, text: str, pieces: Spoken) -> None:
        """More of a block's own text."""
        if not text:
            return
        lane = "input" if field == "tool_call" else field
        pieces.append(Piece(0, field, text, f"block {index}.{lane}"))
        if field == "content":
            self._across(index, text, pieces)

    def _across(self, index: int, text: str, pieces: Spoken) -> None:
        """The end of one text block together with the beginning of the next."""
        if index != self._last:
            self._seam, self._room = self._tail, SEAM
            self._last, self._tail = index, ""
        if self._seam and self._room > 0:
            pieces.append(Piece(0, "other", self._seam_start() + text[: self._room], f"seam {index}"))
            self._room -= len(text)
        self._tail = (self._tail + text)[-SEAM:]

    def _seam_start(self) -> str:
        return self._seam if self._room == SEAM else ""


def _is_sealed(kind: object, value: Any) -> bool:
    return kind == "redacted_thinking" and type(value) is str and is_seal(value)


def read_counts(usage: Any, pieces: Spoken) -> None:
    """Usage: all in it that is neither a number nor a label."""
    pieces.extend(Piece(0, "other", text, lane) for lane, text in phrases(usage, ".usage"))


def read_rest(name: str, value: Any, pieces: Spoken, path: str = "") -> None:
    """All text of a field that is not known."""
    if name not in KEYS and not is_word(name):
        pieces.append(Piece(0, "other", f"{name}\n", "names"))
    found = MessageLanes()
    found.walk(value, name, f"{path}.{name}")
    pieces.extend(Piece(0, "other", text, lane) for lane, text in found.spoken)
    pieces.unread.extend((0, part.kind) for part in found.uncovered if not part.path.endswith(tuple(_SEALS)))


def usage_of(usage: Any) -> Usage | None:
    """Tokens as the upstream counted them; what it read from its cache is part of the request."""
    if type(usage) is not dict:
        return None
    cached = _count(usage.get("cache_read_input_tokens"))
    made = _count(usage.get("cache_creation_input_tokens"))
    return Usage(
        _count(usage.get("input_tokens")) + cached + made, _count(usage.get("output_tokens")), cached
    )


def _count(value: Any) -> int:
    return value if type(value) is int else 0


def finish_of(reason: Any) -> str:
    """A reason to stop in chat's words, `""` where there is none."""
    if type(reason) is not str:
        return ""
    return FINISHES.get(reason, reason if is_word(reason) else "other")
