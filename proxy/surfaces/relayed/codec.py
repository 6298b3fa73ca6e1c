"""Whole answers that are relayed as they are; their text, where they have some, is read for judging. Pure."""

from __future__ import annotations

import re

import orjson

from proxy.exchange.exchange import Delta, Exchange, Piece, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions.codec import is_faithful
from proxy.surfaces.leaves import QUIET_KEYS, Found
from proxy.surfaces.relayed.fields import KNOWN
from proxy.surfaces.sse import data_of

_ANSWER_WORDS = """
    task duration segments words seek start end tokens avg_logprob compression_ratio no_speech_prob speaker
    b64_json revised_prompt partial_image_index output_format delta input_tokens output_tokens total_tokens
"""
_QUIET = QUIET_KEYS | KNOWN | frozenset(_ANSWER_WORDS.split())
_USAGE = re.compile(rb'"usage"\s*:\s*(\{[^{}]{1,400}\})')
_TAIL = 1024
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class BytesCodec:
    """The translator of answers without text: vectors and speech (see `ports.Codec`). Their usage is read."""

    def payload(self, exchange: Exchange, constitution: str) -> bytes:  # noqa: ARG002
        """The original bytes."""
        return exchange.original

    def body(self, raw: bytes) -> Delta:
        """A whole answer."""
        return Delta(raw, "body", usage=_usage(raw))

    def frame(self, raw: bytes) -> Delta:  # noqa: ARG002
        """These routes are not streamed.

        Raises:
            UpstreamError: always.
        """
        raise UpstreamError.invalid()


class MediaCodec(BytesCodec):
    """The translator of transcripts and images: text and captions are read, media are not."""

    def body(self, raw: bytes) -> Delta:
        """A whole answer: JSON, events, text or a medium. Of two keys of one name only what was read is left.

        Raises:
            UpstreamError: `upstream_invalid`, an event has two keys of one name.
        """
        raw = _single(raw)
        text = "\n".join(read_answer(raw))
        pieces = (Piece(0, "content", text),) if text else ()
        return Delta(raw, "body", pieces, usage=_usage(raw))


def _single(raw: bytes) -> bytes:
    """The answer with every key once."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw
    return raw if type(data) is not dict or is_faithful(raw, data) else orjson.dumps(data)


def read_answer(raw: bytes) -> list[str]:
    """All text of an answer whatever its format; none where it is a medium."""
    found = Found(quiet=_QUIET)
    try:
        found.walk(orjson.loads(raw), "", "")
    except orjson.JSONDecodeError:
        return _read_lines(raw, found)
    return found.texts


def _read_lines(raw: bytes, found: Found) -> list[str]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return []
    if not text.lstrip().startswith(("data:", "event:", ":")):
        return [text]
    for frame in _BLANK_LINE.split(raw):
        _read_event(frame, found)
    return found.texts


def _read_event(frame: bytes, found: Found) -> None:
    data = data_of(frame)
    if data is None:
        found.texts.extend(line for line in frame.decode().splitlines() if line[:6] != "event:")
        return
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        found.texts.append(data.decode())
        return
    if type(event) is dict and not is_faithful(data, event):
        raise UpstreamError.invalid()
    found.walk(event, "", "")


def _usage(raw: bytes) -> Usage | None:
    """Usage at the end of an answer, where servers put it: vectors are too long to be parsed for it."""
    match = _USAGE.search(raw, max(0, len(raw) - _TAIL))
    try:
        usage = orjson.loads(match[1]) if match else {}
    except orjson.JSONDecodeError:
        return None
    spent = usage.get("prompt_tokens", usage.get("input_tokens"))
    made = usage.get("completion_tokens", usage.get("output_tokens", 0))
    return Usage(spent, made) if type(spent) is int and type(made) is int else None
