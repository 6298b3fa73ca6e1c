"""The copy of a text that is judged, and other ways to read it. What is forwarded is never touched.

The canonical copy undoes how a text is written: hidden characters, width, dress, mixed scripts,
encodings. Further readings undo what may have been done to it: letters spaced or stacked, ciphers, lines
upside down. Each reading is scored; the further ones hold only the neighbourhood of what was found, so
one odd line in a long text costs one more window.

Ordinary text has one reading. For ASCII that is decided by a word set and a few byte searches, before
any pattern is tried. All work is bounded: readings, characters and decoding attempts are counted, and
what was left out lowers `coverage`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from classifiers.ciphers import count_common, find_ciphers, find_turned, suspicious_words
from classifiers.findings import Finding, alone, in_context, outside, replaced, without_overlaps
from classifiers.hidden_channels import reveal
from classifiers.layouts import find_arrangements, find_leet, find_spellings
from classifiers.lookalikes import plain_letters, skeleton, unmix, upright
from classifiers.payloads import Budget, find_payloads

NORMALISER = "normaliser:3"
"""Part of every classifier's digest; raised whenever a text may get other readings than before."""

MAX_READINGS = 12
MAX_DEPTH = 3
MIN_EXTRA_CHARACTERS = 4096
"""Readings beside the first may hold twice the text's characters, or this many where it is short."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text prepared for judging.

    `text`: the canonical copy, encoded writing in it decoded; `readings`: that copy first, then other
    readings worth scoring, none twice; `hidden`: names of hidden channels (`tag_characters`,
    `variation_selectors`, `invisible_bits`, `zero_width`, `bidi`); `coverage`: share of the text that
    bounded reading could look into, (0, 1].
    """

    text: str
    readings: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    coverage: float = 1.0


def normalize(text: str) -> Normalised:
    """The canonical copy of a text and its other readings."""
    if text.isascii() and _is_ordinary(text):
        return Normalised(text, (text,))
    return _read(text)


def _is_ordinary(text: str) -> bool:
    """Whether a canonical text holds nothing that reads otherwise; in doubt it does."""
    lowered = text.lower()
    classes = lowered.encode("ascii", "replace").translate(_CLASSES)
    if any(hint in classes for hint in _HINTS):
        return False
    if any(sign in classes and any(hint in classes for hint in hints) for sign, hints in _SIGNS):
        return False
    if "aaa" in lowered or "eee" in lowered or "ooo" in lowered:
        return False
    hits = _SUSPICIOUS.intersection(lowered.split())
    return len(hits) < 2 and hits.isdisjoint(_TURNING)


def _classes() -> bytes:
    """Byte to its class: letters `a`, digits and signs used as letters `0`, white space, separators `.`,
    in-word marks `*`, control characters `\\0`, a few signs as themselves, all others `,`."""
    table = bytearray(b"," * 256)
    for point in range(128):
        char = chr(point)
        if char.isalpha():
            table[point] = ord("a")
        else:
            table[point] = next((kind for kind, chars in _KINDS.items() if char in chars), ord(","))
    return bytes(table)


_KINDS = {
    ord("0"): "0123456789$@!",
    ord(" "): "\t\n\r ",
    ord("."): "-.+/:,;'^?",
    ord("*"): "*_~`",
    ord("("): "([{",
    **{ord(sign): sign for sign in '%\\&=|<"'},
    0: "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 127))),
}
_CLASSES = _classes()
_HINTS = (b"\0", b"aaaaaaaaaaaaaaaa", b".a.a", b" . . . ", b".. .. ")
"""Shapes of encodings and layouts, in classes of characters; `?` stands for all that is not ASCII."""
_SIGNS = (
    (b"\\", (b"\\",)),
    (b"%", (b"%a", b"%0")),
    (b"&", (b"&a", b"&,")),
    (b"=", (b"==", b"=00", b"=0a", b'= "')),
    (b"|", (b"| ",)),
    (b"(", (b"(a,", b"(.,", b"(0,", b"( ,")),
    (b"<", (b"a<", b"<*")),
    (b'"', (b'" "', b'" . "')),
    (b"*", (b"a*a", b"a**")),
    (b"0", (b"a0a", b"0a0", b"0000000", b" 00 00 00 ", b" 00 0a ", b"00 000 000", b"000.000.000")),
)
"""The same for shapes with a rarer sign in them, looked for only where the sign occurs."""
_LETTERS = frozenset("bcdefghjklmnopqrstuvwxyz")
_SPELLING = frozenset(
    ["bravo", "foxtrot", "kilo", "tango", "uniform", "yankee", "zulu", "whiskey", "charlie"]
)
_TURNING = frozenset(["backwards", "backward", "reverse", "reversed"])
_MORSE = frozenset(
    [
        ".-",
        "-...",
        "-.-.",
        "-..",
        "....",
        "..",
        ".---",
        ".-..",
        ".--.",
        ".-.",
        "..-",
        ".--",
        "-.--",
        "--",
        "-.",
    ]
)
_CIPHERS = frozenset(["rot13", "caesar", "cipher", "decode", "decrypt", "encoded", "encrypted", "atbash"])
_SUSPICIOUS = suspicious_words() | _LETTERS | _SPELLING | _TURNING | _MORSE | _CIPHERS
"""Words that ordinary text seldom holds: two of them are worth a closer look, one that speaks of
turning round is enough."""

_EXCESS = re.compile(r"[^\w\s\x00-\x7f]{24,}")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARK_RUN = re.compile(f"([{_MARKS}]{{2}})[{_MARKS}]+")
_LOOSE_MARK = re.compile(f"[{_MARKS}]")
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_-]{48,}+")
_ODD_SPACE = re.compile(r"[^\S\n\t\r ]")
_ODD_BREAK = re.compile("[\x85\u2028\u2029]")


def _canonical(text: str) -> str:
    """Visible text with letters written plainly. Linear: long runs of marks, which Unicode's own
    ordering would sort at quadratic cost, are cut first."""
    if text.isascii():
        return text
    text = _EXCESS.sub(_without_marks, _MARK_RUN.sub(r"\1", text))
    text = unicodedata.normalize("NFKC", plain_letters(text))
    text = _ODD_SPACE.sub(" ", _ODD_BREAK.sub("\n", _LOOSE_MARK.sub("", text)))
    return unmix(text)


def _without_marks(match: re.Match[str]) -> str:
    return "".join(char for char in match.group() if not unicodedata.combining(char))


_Way = Callable[[str, Sequence[Finding]], str]


class _Readings:
    """Readings found so far, each once, within the bounds."""

    def __init__(self, first: str, size: int) -> None:
        self.found = [first]
        self.refused = 0
        self._room = max(MIN_EXTRA_CHARACTERS, 2 * size)

    def add(self, text: str) -> bool:
        """Keep a reading; False where it is not new, or too much."""
        if not text.strip() or text in self.found:
            return False
        if len(self.found) >= MAX_READINGS or len(text) > self._room:
            self.refused += len(text)
            return False
        self._room -= len(text)
        self.found.append(text)
        return True


def _read(text: str) -> Normalised:
    revealed, budget = reveal(text), Budget()
    first, payloads = _undone(_canonical(revealed.text), budget)
    readings = _Readings(first, len(text))
    level = [first]
    others = map(_canonical, (revealed.shown, *revealed.messages, *payloads))
    level += [other for other in others if readings.add(other)]
    for _ in range(MAX_DEPTH):
        level = [
            new
            for known in level
            for new in _derive(known, None if known is first else budget)
            if readings.add(new)
        ]
    looked = sum(map(len, readings.found)) or 1
    return Normalised(
        text=first,
        readings=tuple(readings.found),
        hidden=revealed.channels,
        coverage=looked / (looked + readings.refused + budget.refused),
    )


def _undone(text: str, budget: Budget) -> tuple[str, list[str]]:
    """A canonical text with payloads, and payloads within them, replaced by what they say; and what
    they say by themselves.

    Words pulled apart are joined too, where that makes the text more of a text. What was replaced is
    not scored: to a model it is noise, and noise flags. Nothing is lost by it, for only encoded
    characters, separators and doubled letters go.
    """
    said: list[str] = []
    for _ in range(MAX_DEPTH):
        if _is_ordinary(text):
            return text, said
        payloads = without_overlaps(find_payloads(text, budget))
        if not payloads:
            break
        said.append(_visible(alone(text, payloads)))
        text = _visible(replaced(text, payloads))
    spellings = outside(list(_opaque(text)), without_overlaps([*find_spellings(text), *find_leet(text)]))
    joined = replaced(text, spellings)
    gain = count_common(joined) - count_common(text)
    return (joined if gain > 0 or (gain == 0 and _is_telling(spellings)) else text), said


def _is_telling(spellings: Sequence[Finding]) -> bool:
    """Whether so many words pulled apart are no chance; those of three letters may be code (`x.y.z`)."""
    return sum(len(spelling.text) != 3 for spelling in spellings) > 2


def _derive(text: str, budget: Budget | None) -> Iterator[str]:
    """Other readings of one text, the likeliest first. No budget: its payloads are known already."""
    if not _is_ordinary(text):
        payloads = without_overlaps(find_payloads(text, budget)) if budget else []
        if payloads:
            yield _visible(alone(text, payloads))
            yield _visible(in_context(text, payloads))
        taken = without_overlaps([*payloads, *_opaque(text)])
        for findings, way in _searches(text):
            found = outside(taken, without_overlaps(findings))
            if found:
                yield _visible(way(text, found))
    if not text.isascii():
        yield upright(text)
        yield skeleton(text)


def _searches(text: str) -> Iterator[tuple[list[Finding], _Way]]:
    yield find_ciphers(text, set(text.lower().split())), alone
    yield find_turned(text), alone
    yield find_leet(text), in_context
    yield find_spellings(text), in_context
    arranged = find_arrangements(text)
    yield arranged, in_context
    yield [finding for finding in arranged if finding.text.count(" ") > 2], alone


def _opaque(text: str) -> Iterator[Finding]:
    """Long runs of letters with digits among them (keys, pictures as text): no words to be read."""
    for match in _OPAQUE.finditer(text):
        if any(map(str.isdigit, match.group())):
            yield Finding(match.start(), match.end(), "")


def _visible(text: str) -> str:
    return text if text.isascii() else _canonical(reveal(text).text)
