"""What a text carries that no reader sees: removed from the copy that is judged, and read by itself.

Tag characters, runs of variation selectors and bits written in zero-width characters can hold a whole
second message, which language models read. Marks of writing direction can show a text in another order
than it is stored in. Names of the channels found are reported, so that a policy may refuse them.

Joiners between letters of scripts that need them (Persian, Hindi, …), emoji sequences, the three flags
made with tags, and single selectors after a sign are writing and no channel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from classifiers.findings import looks_like_text

_FLAGS = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
_TAGS = re.compile("[\U000e0000-\U000e007f]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_JOINING = "\u0590-\u109f\u1700-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
_STRAY_JOINER = re.compile(f"(?<![{_JOINING}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINING}])")
_ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060-\u2064\ufeff\u180e]")
_OPERATORS = re.compile("[\u2061-\u2064]")
_DIRECTED = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ue000-\uf8ff\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_IN_WORD = re.compile("[a-zA-Z][\u034f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u180e]+[a-zA-Z]")
_CONTROLS = re.compile("[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_ANSI = re.compile("(?:\x1b\\[|\x9b)[0-9;?]{0,16}[A-Za-z]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_MAX_HIDDEN = 65_536


@dataclass(frozen=True, slots=True)
class Revealed:
    """What a text shows and what it hides.

    `text`: what is seen, in stored order (that is how a language model reads it); `shown`: the same in
    the order a person sees, `""` where that is no other; `messages`: what was hidden, as text;
    `channels`: names of the hidden channels.
    """

    text: str
    shown: str
    messages: tuple[str, ...]
    channels: tuple[str, ...]


def reveal(text: str) -> Revealed:
    """Split a text into what is seen and what is hidden in it."""
    channels: list[str] = []
    messages: list[str] = []
    text = _SURROGATES.sub("\ufffd", text)
    if "\x1b" in text or "\x9b" in text:
        text = _ANSI.sub("", text)
    for name, take in _CHANNELS:
        text, message = take(text)
        if message is not None:
            channels.append(name)
            messages.append(message)
    if _IN_WORD.search(text):
        channels.append("zero_width")
    shown = ""
    if _DIRECTED.search(text):
        shown = in_shown_order(text)
        text = _BIDI.sub("", text)
        if shown != text:
            channels.append("bidi")
    shown = _strip(shown) if shown != text else ""
    readable = tuple(message for message in messages if message)
    return Revealed(_strip(text), shown, readable, tuple(dict.fromkeys(channels)))


def apply_backspaces(text: str) -> str:
    """The text as a terminal shows it: each backspace takes the character before it."""
    if "\b" not in text:
        return text
    shown: list[str] = []
    for char in text:
        if char != "\b":
            shown.append(char)
        elif shown and shown[-1] != "\n":
            shown.pop()
    return "".join(shown)


def _strip(text: str) -> str:
    text = apply_backspaces(_IGNORABLE.sub("", text))
    return _STRAY_JOINER.sub("", _CONTROLS.sub("", text))


def _take_tags(text: str) -> tuple[str, str | None]:
    if not _TAGS.search(text):
        return text, None
    text = _FLAGS.sub("\U0001f3f4", text)
    found = "".join(_TAGS.findall(text))
    if not found:
        return text, None
    points = [ord(char) - 0xE0000 for char in found[:_MAX_HIDDEN]]
    message = "".join(chr(point) for point in points if 0x1F < point < 0x7F)
    return _TAGS.sub("", text), message


def _take_selectors(text: str) -> tuple[str, str | None]:
    runs = _SELECTORS.findall(text)
    if not runs:
        return text, None
    text = _SELECTORS.sub("", text)
    stray = "".join(runs)[:_MAX_HIDDEN]
    supplementary = any(char > "\ufffe" for char in stray)
    if len(runs) == sum(map(len, runs)) and not supplementary:
        return text, None
    return text, _selector_message(stray)


def _selector_message(stray: str) -> str:
    points = [ord(char) for char in stray]
    values = [point - 0xFE00 if point < 0xFF00 else point - 0xE0100 + 16 for point in points]
    shifted = [point - 0xE0100 for point in points if point >= 0xE0100]
    halves = zip(values[::2], values[1::2], strict=False)
    joined = bytes(high << 4 | low for high, low in halves if high < 16 and low < 16)
    return _first_text(bytes(values), bytes(shifted), joined)


def _take_bits(text: str) -> tuple[str, str | None]:
    found = _ZERO_WIDTH.findall(text)
    if not found:
        return text, None
    message = _bits_message(found[: 8 * 4096]) if len(found) >= 24 else ""
    if message:
        return _ZERO_WIDTH.sub("", text), message
    return text, "" if _OPERATORS.search(text) and re.search("[\u2061-\u2064]{4}", text) else None


def _bits_message(found: list[str]) -> str:
    symbols = sorted(set(found), key=found.count, reverse=True)[:2]
    if len(symbols) != 2:
        return ""
    candidates = []
    for zero, one in (symbols, symbols[::-1]):
        bits = "".join("0" if char == zero else "1" for char in found if char in {zero, one})
        candidates += [_octets(bits, 8), _octets(bits, 7)]
    return _first_text(*candidates)


def _octets(bits: str, width: int) -> bytes:
    ends = range(width, len(bits) + 1, width)
    return bytes(int(bits[end - width : end], 2) for end in ends)


def _first_text(*candidates: bytes) -> str:
    for data in candidates:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if looks_like_text(text):
            return text
    return ""


_CHANNELS: tuple[tuple[str, Callable[[str], tuple[str, str | None]]], ...] = (
    ("tag_characters", _take_tags),
    ("variation_selectors", _take_selectors),
    ("invisible_bits", _take_bits),
)

_OPEN_REVERSED = frozenset("\u202e")
_OPEN_RIGHT = frozenset("\u202b\u2067")
_CLOSE = frozenset("\u202c\u2069")
_MAX_LEVELS = 125


@dataclass(slots=True)
class _Run:
    """A stretch between direction marks; `units` are texts and finished inner stretches."""

    mark: str
    units: list[str]

    def shown(self) -> str:
        if self.mark in _OPEN_REVERSED:
            return "".join(unit if inner else unit[::-1] for inner, unit in self._marked()[::-1])
        if self.mark in _OPEN_RIGHT:
            return "".join(unit for _, unit in self._marked()[::-1])
        return "".join(unit for _, unit in self._marked())

    def _marked(self) -> list[tuple[bool, str]]:
        return [(unit.startswith("\0"), unit.removeprefix("\0")) for unit in self.units]


def in_shown_order(text: str) -> str:
    """The text in the order a reader of Latin letters sees, direction marks taken out.

    A small part of the bidirectional algorithm (UAX 9): overrides and embeddings nest, a right-to-left
    override turns its letters round, a right-to-left stretch turns the order of its parts round.
    """
    stack = [_Run("", [])]
    for piece in re.split("([\u202a-\u202e\u2066-\u2069\n])", text):
        if piece in _CLOSE and piece:
            _close_run(stack)
        elif piece == "\n":
            while len(stack) > 1:
                _close_run(stack)
            stack[0].units.append(piece)
        elif "\u202a" <= piece <= "\u202e" or "\u2066" <= piece <= "\u2068":
            if len(stack) <= _MAX_LEVELS:
                stack.append(_Run(piece, []))
        elif piece:
            stack[-1].units.append(piece)
    while len(stack) > 1:
        _close_run(stack)
    return re.sub("[\u061c\u200e\u200f]", "", stack[0].shown())


def _close_run(stack: list[_Run]) -> None:
    if len(stack) > 1:
        run = stack.pop()
        stack[-1].units.append("\0" + run.shown())
