"""Token windows with overlap over a whole text: nothing is cut off, and nothing is padded.

A text window is `[CLS] tokens [SEP]`, an exchange window `[CLS] request tail [SEP] reply tokens [SEP]`
with segment ids 0 and 1. The special tokens are read off the tokenizer itself, so that any fast
tokenizer will do. Long texts are tokenised in pieces, as windows are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tokenizers import Tokenizer

from classifiers.classification import ModelFileError

PIECE = 16_384
"""Characters tokenised at a time: bounds memory and lets a reader stop early."""
_TAIL_CHARACTERS = 24
"""Characters kept for each token of the request's tail; no ordinary text has longer tokens."""
_UNBROKEN = re.compile(r"(\w{64})(?=\w)")
"""WordPiece reads a word of more than 100 characters as one unknown token: long words are broken up."""


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids and segment ids of one pass, special tokens included; equal lengths.

    `fresh`: how many of the text's tokens this window is the first to hold; `unknown`: how many of
    those the tokenizer does not know.
    """

    ids: tuple[int, ...]
    types: tuple[int, ...]
    fresh: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class _Frame:
    """Special tokens around one text, or around and between two."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    first_type: int
    second_type: int


class Windows:
    """Cuts texts into windows. Safe to share between threads: it holds no state of a text.

    `max_tokens`: length of a window with its special tokens; `overlap`: tokens shared by neighbours;
    `request_tokens`: longest tail of the request, 0 for text alone.
    """

    __slots__ = ("_frame", "_max_tokens", "_overlap", "_request_tokens", "_tokenizer", "_unknown")

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, overlap: int, request_tokens: int = 0) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._overlap = overlap
        self._request_tokens = request_tokens
        self._frame = _pair_frame(tokenizer) if request_tokens else _text_frame(tokenizer)
        self._unknown = _unknown_id(tokenizer)
        special = len(self._frame.before) + len(self._frame.between) + len(self._frame.after)
        if max_tokens - special - request_tokens <= overlap:
            raise ModelFileError("max_tokens leaves no room beside special tokens, request and overlap")

    def over(self, text: str, request: str = "") -> Iterator[Window]:
        """Windows over all of `text`, at least one, in order."""
        head, types = self._head(request)
        room = self._max_tokens - len(head) - len(self._frame.after)
        step = room - self._overlap
        held: list[int] = []
        seen = 0
        for ids in self._token_runs(text):
            held += ids
            while len(held) > room:
                yield self._window(head, types, held[:room], seen)
                held, seen = held[step:], self._overlap
        yield self._window(head, types, held, seen)

    def count(self, text: str) -> int:
        """Number of tokens of a text, special tokens left out."""
        return sum(map(len, self._token_runs(text)))

    def _window(self, head: list[int], types: tuple[int, ...], body: list[int], seen: int) -> Window:
        tail = [*body, *self._frame.after]
        fresh = body[seen:]
        unknown = 0 if self._unknown is None else fresh.count(self._unknown)
        return Window((*head, *tail), types + (self._frame.second_type,) * len(tail), len(fresh), unknown)

    def _head(self, request: str) -> tuple[list[int], tuple[int, ...]]:
        frame = self._frame
        if not self._request_tokens:
            return list(frame.before), (frame.first_type,) * len(frame.before)
        ids = self._encode(_tail(request, self._request_tokens * _TAIL_CHARACTERS))
        head = [*frame.before, *ids[-self._request_tokens :], *frame.between]
        return head, (frame.first_type,) * len(head)

    def _token_runs(self, text: str) -> Iterator[list[int]]:
        if len(text) <= PIECE:
            yield self._encode(text)
            return
        start = 0
        while start < len(text):
            end = _break_before(text, start, start + PIECE)
            yield self._encode(text[start:end])
            start = end

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        if self._unknown is not None and self._unknown in ids:
            broken = _UNBROKEN.sub(r"\1 ", text)
            if broken != text:
                ids = self._tokenizer.encode(broken, add_special_tokens=False).ids
        return ids


def _break_before(text: str, start: int, end: int) -> int:
    """The last white space before `end`, or `end` itself where a word is longer than a piece."""
    if end >= len(text):
        return len(text)
    for position in range(end, max(start, end - 512), -1):
        if text[position].isspace():
            return position
    return end


def _tail(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[-characters:]


def _unknown_id(tokenizer: Tokenizer) -> int | None:
    token = getattr(tokenizer.model, "unk_token", None)
    found: int | None = tokenizer.token_to_id(token) if isinstance(token, str) else None
    return found


def _text_frame(tokenizer: Tokenizer) -> _Frame:
    probe = tokenizer.encode("a")
    special = probe.special_tokens_mask
    if 0 not in special:
        raise ModelFileError("the tokenizer reads no ordinary letter")
    first = special.index(0)
    last = len(special) - special[::-1].index(0)
    return _Frame(
        before=tuple(probe.ids[:first]),
        between=(),
        after=tuple(probe.ids[last:]),
        first_type=probe.type_ids[0],
        second_type=probe.type_ids[-1],
    )


def _pair_frame(tokenizer: Tokenizer) -> _Frame:
    probe = tokenizer.encode("a", "a")
    places = probe.sequence_ids
    if 0 not in places or 1 not in places:
        raise ModelFileError("the tokenizer has no form for a pair of texts")
    first, second = places.index(0), places.index(1)
    first_end = len(places) - places[::-1].index(0)
    second_end = len(places) - places[::-1].index(1)
    return _Frame(
        before=tuple(probe.ids[:first]),
        between=tuple(probe.ids[first_end:second]),
        after=tuple(probe.ids[second_end:]),
        first_type=probe.type_ids[first],
        second_type=probe.type_ids[second],
    )
