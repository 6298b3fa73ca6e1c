"""Text written in an encoding that a language model can read: base64, hexadecimal, escapes, Morse, …

`find_payloads` looks for characters that decode to writing; what decodes to anything else (images,
keys, digests) is left alone. Work is bounded: so many attempts, so many decoded characters.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from classifiers.findings import Finding, looks_like_text

MAX_ATTEMPTS = 16_384
"""Candidates decoded in one text."""
MAX_DECODED = 262_144
"""Characters decoded from one text."""
_MAX_INFLATED = 65_536

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{8,}+(?:\n[A-Za-z0-9+/_-]{8,}+)*+={0,2}")
_BASE64_SHORT = re.compile(r"(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/_-]{2,120}={1,2}\s{0,3}){1,}+")
_BASE32 = re.compile(r"(?<![A-Za-z0-9=])(?:[A-Z2-7]{16,}+|[a-z2-7]{24,}+)(?:\n[A-Z2-7]{8,}+)*+={0,6}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0[xX])?(?:[0-9A-Fa-f]{2}){8,}+(?![0-9A-Za-z])")
_HEX_PAIRS = re.compile(
    r"(?<![0-9A-Za-z])(?:0[xX])?[0-9A-Fa-f]{2}(?:[\s,:;_-]{1,2}(?:0[xX])?[0-9A-Fa-f]{2}(?![0-9A-Za-z])){5,}+"
)
_BITS = re.compile(r"(?<!\w)[01]{7,8}(?:[\s,]{0,2}[01]{7,8}){4,}+")
_NUMBERS = re.compile(r"(?<![\w.])\d{2,3}(?:[\s,;._-]{1,2}\d{2,3}(?!\w)){5,}+")
_DOTS = r"[.\-_\u00b7\u2022\u2013\u2014\u2212]{1,6}"
_MORSE = re.compile(rf"(?<![\w.-]){_DOTS}(?:[ /|\n]{{1,4}}{_DOTS}(?!\w)){{5,}}+")
_SPELT = re.compile(r"[A-Za-z]{4,8}-?[A-Za-z]{0,4}(?:[\s,/|-]{1,3}[A-Za-z]{1,8}){4,}+")
_ASCII85 = re.compile(r"<~([!-uz\s]{10,}?)~>")
_ESCAPES = (
    ("percent", re.compile(r"%[0-9A-Fa-f]{2}")),
    ("quoted_printable", re.compile(r"=[0-9A-F]{2}|=\n")),
    ("entities", re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")),
    (
        "escapes",
        re.compile(
            r"\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\x\{?[0-9A-Fa-f]{2}\}?|\\[0-3][0-7]{2}"
            r"|[Uu]\+[0-9A-Fa-f]{4,6}\s?|\\0{0,4}[0-9A-Fa-f]{2}\s"
        ),
    ),
)
_MIXED_CASE = re.compile(r"[a-z0-9+/].*[A-Z].*[a-z]|[A-Z].*[A-Z].*[a-z]")
_MAX_GAP = 16
_MORSE_CODES = (
    "A.- B-... C-.-. D-.. E. F..-. G--. H.... I.. J.--- K-.- L.-.. M-- N-. O--- P.--. Q--.- R.-. S... T- "
    "U..- V...- W.-- X-..- Y-.-- Z--.. 0----- 1.---- 2..--- 3...-- 4....- 5..... 6-.... 7--... 8---.. "
    "9----. ?..--.. ..-.-.- ,--..-- '.----. !-.-.-- --....- /-..-. :---... "
    '".-..-. (-.--. )-.--.- ;-.-.-. =-...- +.-.-. @.--.-.'
)
_SPELLING = (
    "alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november "
    "oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray x-ray yankee zulu"
)
_SPELLING_WORDS = frozenset(_SPELLING.split())


@dataclass(slots=True)
class Budget:
    """What may still be spent on one text. `refused`: characters of candidates left undecoded."""

    attempts: int = MAX_ATTEMPTS
    characters: int = MAX_DECODED
    refused: int = 0

    def admits(self) -> bool:
        """Whether one more candidate may be tried; counts it."""
        self.attempts -= 1
        return self.attempts >= 0 and self.characters > 0

    def clip(self, candidate: str) -> str:
        """As much of a candidate as may be decoded, cut at a whole unit of the usual encodings."""
        most = max(64, self.characters // 64 * 64)
        return candidate if len(candidate) <= most else candidate[:most]

    def spend(self, said: str, left_out: int) -> None:
        """Take decoded characters off; `left_out` characters of the candidate were not decoded."""
        self.characters -= len(said)
        self.refused += left_out


Decoder = Callable[[str], str]


def find_payloads(text: str, budget: Budget) -> list[Finding]:
    """Every stretch that decodes to writing, with what it says."""
    found: list[Finding] = []
    for start, end, decode in _candidates(text):
        if not budget.admits():
            budget.refused += end - start
            continue
        clipped = budget.clip(text[start:end])
        said = decode(clipped)
        if said:
            budget.spend(said, end - start - len(clipped))
            found.append(Finding(start, end, said))
    return found


def _candidates(text: str) -> Iterator[tuple[int, int, Decoder]]:
    for kind, pattern in _ESCAPES:
        for start, end in _clusters(pattern, text):
            yield start, end, partial(_unescape, kind, pattern)
    for pattern, decode in _DECODERS:
        for match in pattern.finditer(text):
            yield match.start(), match.end(), decode


def _clusters(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Runs of escapes, close to each other; single ones, as in links, are no payload."""
    start = end = -1
    units = 0
    for match in pattern.finditer(text):
        if start >= 0 and match.start() - end <= _MAX_GAP:
            end, units = match.end(), units + 1
            continue
        if units > 2:
            yield start, end
        start, end, units = match.start(), match.end(), 1
    if units > 2:
        yield start, end


def _unescape(kind: str, pattern: re.Pattern[str], escaped: str) -> str:
    letters = 0

    def unit(match: re.Match[str]) -> str:
        nonlocal letters
        char = _unit(kind, match.group())
        letters += char.isalpha()
        return char

    said = pattern.sub(unit, escaped)
    if letters < 3:
        return ""
    if kind != "entities":
        said = _as_utf8(said)
    return said if looks_like_text(said) else ""


def _unit(kind: str, escape: str) -> str:
    if kind == "entities":
        return html.unescape(escape)
    if kind == "quoted_printable" and escape == "=\n":
        return ""
    digits = escape[1:].strip("uUxX+{} \n\t")
    octal = escape[0] == "\\" and len(escape) == 4 and escape[1:].isdigit()
    point = int(digits, 8 if octal else 16)
    return chr(point) if point < 0x110000 else ""


def _as_utf8(said: str) -> str:
    """Bytes that were escaped one by one, and halves of surrogate pairs, put together.

    Bytes that are no UTF-8 are an older encoding only where most of them are ASCII: three bonds of a
    chemical formula (`=CC`) are none.
    """
    try:
        if all(char < "\u0100" for char in said):
            return said.encode("latin-1").decode("utf-8")
        return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except UnicodeDecodeError:
        return said if 2 * sum(map(str.isascii, said)) > len(said) else ""


def _text_of(data: bytes) -> str:
    """The writing in some bytes (UTF-8, UTF-16, or compressed), `""` if there is none."""
    if data[:2] == b"\x1f\x8b" or (data[:1] == b"\x78" and data[1:2] in b"\x01\x5e\x9c\xda"):
        data = _inflated(data)
    if data.count(b"\0") * 3 > len(data):
        data = data.replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    try:
        said = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return said if looks_like_text(said) else ""


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(47).decompress(data, _MAX_INFLATED)
    except zlib.error:
        return b""


def _base64(candidate: str) -> str:
    compact = re.sub(r"[\s=]", "", candidate)
    if len(compact) < 32 and not _MIXED_CASE.search(compact):
        return ""  # an ordinary word: encoded writing mixes capitals and small letters
    said = _text_of(_base64_bytes(compact))
    return said if len(compact) > 15 or said.replace(" ", "").isalpha() else ""


def _base64_bytes(compact: str) -> bytes:
    compact = compact.replace("-", "+").replace("_", "/")
    compact = compact[: len(compact) - (len(compact) % 4 == 1)]
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return b""


def _base64_words(candidate: str) -> str:
    words = [_base64_bytes(word.rstrip("=")) for word in candidate.split()]
    return _text_of(b" ".join(words)) if all(word.isascii() for word in words) else ""


def _base32(candidate: str) -> str:
    compact = re.sub(r"[\s=]", "", candidate).upper()
    try:
        return _text_of(base64.b32decode(compact + "=" * (-len(compact) % 8)))
    except (binascii.Error, ValueError):
        return ""


def _hex(candidate: str) -> str:
    digits = re.sub(r"0[xX]|[^0-9A-Fa-f]", "", candidate)
    return _text_of(bytes.fromhex(digits)) if len(digits) % 2 == 0 else ""


def _bits(candidate: str) -> str:
    groups = re.findall(r"[01]+", candidate)
    bits = "".join(groups)
    widths = {len(group) for group in groups}
    width = 7 if widths == {7} or (len(groups) == 1 and len(bits) % 8) else 8
    if len(groups) == 1:
        groups = [bits[place : place + width] for place in range(0, len(bits), width)]
    return _text_of(bytes(int(group, 2) & 0xFF for group in groups))


def _numbers(candidate: str) -> str:
    groups = re.findall(r"\d+", candidate)
    for number_base in (10, 8):
        if number_base == 8 and any(digit in candidate for digit in "89"):
            break
        points = [int(group, number_base) for group in groups]
        if all(point < 127 for point in points):
            said = _text_of(bytes(points))
            if said:
                return said
    return ""


def _ascii85(candidate: str) -> str:
    try:
        return _text_of(base64.a85decode(candidate, adobe=True))
    except ValueError:
        return ""


def _morse_table() -> dict[str, str]:
    return {entry[1:]: entry[0] for entry in _MORSE_CODES.split()}


_MORSE_LETTERS = _morse_table()
_DASHES = str.maketrans("\u00b7\u2022\u2013\u2014\u2212_", "..----")


def _morse(candidate: str) -> str:
    dots = re.sub(r"^-{3,}$", "", candidate.translate(_DASHES), flags=re.MULTILINE)  # rulers between lines
    words = re.split(r"\s*[/|\n]\s*|\s{2,}", dots.strip())
    letters = ["".join(_MORSE_LETTERS.get(code, "") for code in word.split()) for word in words]
    said = " ".join(letters).lower()
    return said if len(set(said)) > 5 and looks_like_text(said) else ""  # ornaments repeat themselves


def _spelt(candidate: str) -> str:
    words = re.findall(r"[A-Za-z]+(?:-ray)?", candidate.lower())
    hits = sum(word in _SPELLING_WORDS for word in words)
    if hits < 4 or hits < 0.8 * len(words):
        return ""
    return "".join(word[0] if word in _SPELLING_WORDS else f" {word} " for word in words)


_DECODERS: tuple[tuple[re.Pattern[str], Decoder], ...] = (
    (_BASE64, _base64),
    (_BASE64_SHORT, _base64_words),
    (_BASE32, _base32),
    (_HEX, _hex),
    (_HEX_PAIRS, _hex),
    (_BITS, _bits),
    (_NUMBERS, _numbers),
    (_MORSE, _morse),
    (_SPELT, _spelt),
    (_ASCII85, _ascii85),
)
