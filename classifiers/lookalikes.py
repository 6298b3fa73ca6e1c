"""Letters that look like Latin letters: found by name where Unicode names say so, listed where not.

Two strengths. `plain_letters` undoes writing that no language uses (small capitals, squared, circled,
fullwidth and mathematical letters, Braille) and may be applied to any text. `unmix` and `skeleton` take
Cyrillic, Greek, Cherokee and other letters for the Latin ones they imitate: `unmix` only in words that
mix scripts or stand in a Latin text, so that Russian and Greek stay what they are; `skeleton` everywhere
and with accents taken off, as one more reading.

The notion of a skeleton is that of Unicode Technical Standard 39; the tables are Gatehouse's own. They
are code points in hexadecimal, because a table of look-alikes cannot be reviewed by eye.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from string import ascii_lowercase, ascii_uppercase

_CLOSE = {
    "a": "430 410 3b1 391 13aa 15c5 a4ee 102a0 251 237a",
    "b": "42c 13f4 15f7 a4d0 184 392 412",
    "c": "441 421 3f2 3f9 13df a4da 2ca5",
    "d": "501 13a0 15de a4d3",
    "e": "435 415 395 13ac a4f0 4bd",
    "f": "a4dd 3dd 3dc",
    "g": "50d 261 13c0 a4d6 581",
    "h": "4bb 4ba 41d 397 13bb 13c2 a4e7 570",
    "i": "456 406 3b9 399 13a5 131",
    "j": "458 408 3f3 37f 13ab a4d9 575",
    "k": "41a 39a 13e6 a4d7 3ba",
    "l": "4cf 4c0 a4f2 a4e1 13de 546",
    "m": "41c 39c 13b7 a4df 3fa",
    "n": "39d 578 a4e0 572",
    "o": "43e 41e 3bf 39f 585 555 b20 a4f3 2c9f d20 17e0",
    "p": "440 420 3c1 3a1 13e2 a4d1",
    "q": "51b 51a 563 566",
    "r": "13a1 a4e3 2c85",
    "s": "455 405 a4e2 54f 13da",
    "t": "422 3a4 13a2 a4d4",
    "u": "3c5 57d 54d a4f4",
    "v": "475 474 3bd 13d9 a4e6",
    "w": "51d 51c 13b3 a4ea 561",
    "x": "445 425 3c7 3a7 a4eb 2cad",
    "y": "443 423 3a5 4ae 4af a4ec 3b3",
    "z": "396 13c3 a4dc",
}
_LOOSE = {
    "a": "434 414 3bb 39b 466 467 394 2206",
    "b": "432 3b2 3d0 44c 42a 44a 42b 44b 431 411",
    "c": "4ab 4aa a2 a9",
    "d": "3b4 2202 56a 502",
    "e": "401 451 3b5 454 404 44d 42d 437 417 3be 3a3 2211 20ac 4bf 39e 4d7",
    "f": "493 492 192",
    "g": "563",
    "h": "43d 452 45b 4a5 389",
    "i": "457 407 3af 3ca 390",
    "k": "43a 49b 49d 45c 3f0 49a",
    "l": "a3",
    "m": "43c 3fb",
    "n": "43f 41f 3b7 41d 438 418 439 419 3c0 3a0 48b 57a 57c",
    "o": "3c3 3b8 398 4e8 4e9 444 424 3a6 3c6 3cc 4e7",
    "p": "fe de",
    "q": "3e5",
    "r": "433 413 44f 42f 491 490",
    "s": "3c2 402 a7",
    "t": "442 3c4 2020 4ad",
    "u": "3bc 446 426 45f 3cd 3cb",
    "v": "2228 221a",
    "w": "448 428 449 429 3c9 3ce 461",
    "x": "436 416 4b3 d7",
    "y": "447 427 45e 40e 4ef 3d2 a5 3c8",
}
_TURNED = {
    "a": "250",
    "b": "71",
    "c": "254",
    "d": "70",
    "e": "1dd 259",
    "f": "25f",
    "g": "183 253 1d77",
    "h": "265",
    "i": "1d09 131",
    "j": "27e 17f",
    "k": "29e",
    "l": "283",
    "m": "26f 77",
    "n": "75",
    "p": "64",
    "q": "62",
    "r": "279",
    "t": "287",
    "u": "6e",
    "v": "28c",
    "w": "28d 6d",
    "y": "28e",
    "A": "2200",
    "C": "186",
    "E": "18e",
    "F": "2132",
    "G": "2141",
    "J": "17f",
    "L": "2142 2e5",
    "M": "57",
    "P": "500",
    "R": "1d1a",
    "T": "22a5 2534",
    "U": "2229 548",
    "V": "39b",
    "W": "4d",
    "Y": "2144",
    "?": "bf",
    "!": "a1",
    ".": "2d9",
    "_": "203e",
    "'": "2c",
    ",": "27",
    "6": "39",
    "9": "36",
    "(": "29",
    ")": "28",
}

_NAMED = (
    "LATIN LETTER SMALL CAPITAL {}",
    "NEGATIVE SQUARED LATIN CAPITAL LETTER {}",
    "NEGATIVE CIRCLED LATIN CAPITAL LETTER {}",
    "SQUARED LATIN CAPITAL LETTER {}",
    "PARENTHESIZED LATIN SMALL LETTER {}",
    "PARENTHESIZED LATIN CAPITAL LETTER {}",
    "COMBINING LATIN SMALL LETTER {}",
    "TAG LATIN SMALL LETTER {}",
)
"""Names of letters in dress that no orthography wears; NFKC undoes only some of them."""
_SMALL_CAPITALS = {0xA730: "f", 0xA731: "s", 0x1D04: "c"}
_BRAILLE = (
    "1 12 14 145 15 124 1245 125 24 245 13 123 134 "
    "1345 135 1234 12345 1235 234 2345 136 1236 2456 1346 13456 1356"
)
_LATIN_BLOCKS = (
    (0x00C0, 0x02B0),
    (0x1D00, 0x1DC0),
    (0x1E00, 0x1F00),
    (0x2C60, 0x2C80),
    (0xA720, 0xA800),
    (0xAB30, 0xAB70),
)
_LATIN_NAME = re.compile(r"LATIN (?:(CAPITAL)|SMALL) LETTER (?:\w+ )?([A-Z]|SHARP S|ETH)(?: WITH .*)?")
_REGIONAL = re.compile(r"[\U0001f1e6-\U0001f1ff]+")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_LETTER = re.compile(r"[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]")
_FOREIGN_LETTER = re.compile(r"[^\W\d_a-zA-Z\u00aa-\u024f\u1e00-\u1eff]")
_SYMBOLS = re.compile(r"[\u0370-\u03ff]|(?=.*[a-zA-Z])(?=.{2,5}\Z)(?:[a-zA-Z]?[\u0370-\u03ff])+[a-zA-Z]?")
"""A Greek letter by itself, or a few with single Latin ones beside them: in formulas they mean themselves."""
_TURNED_LETTERS = re.compile(
    r"[\u0250\u0254\u01dd\u025f\u0183\u1d77\u0265\u1d09\u027e\u029e\u026f\u0279\u0287\u028c-\u028e]"
)

Table = Mapping[int, str]


def plain_letters(text: str) -> str:
    """The text with letters in fancy dress written plainly; letters of any language stay."""
    return _REGIONAL.sub(_regional, text.translate(_dressed()))


def unmix(text: str) -> str:
    """The text with look-alikes made Latin in words that mix scripts, and in a Latin text also in
    words that consist of nothing but close look-alikes.

    Symbols of formulas (a lone alpha, delta x) stay; `skeleton` reads them as what they may imitate."""
    if not _LATIN_LETTER.search(text) or not _FOREIGN_LETTER.search(text):
        return text
    words = _WORD.findall(text)
    foreign = [word for word in words if not word.isascii() and not _is_latin(word)]
    close = _close()
    genuine = [word for word in foreign if not _is_mixed(word) and not _is_imitation(word, close)]
    latin = len(words) > 2 * len(genuine)
    loose = _loose()

    def repair(match: re.Match[str]) -> str:
        word = match.group()
        if word.isascii() or _SYMBOLS.fullmatch(word):
            return word
        if _is_mixed(word):
            return word.translate(loose)
        return word.translate(close) if latin and _is_imitation(word, close) else word

    return _WORD.sub(repair, text)


def skeleton(text: str) -> str:
    """The text with accents taken off and every look-alike made Latin, for texts that hold Latin words.

    A text without a single Latin letter is returned as it is: it imitates nothing.
    """
    if not _LATIN_LETTER.search(text):
        return text
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return bare.translate(_loose()).translate(_latin())


def upright(text: str) -> str:
    """Lines written upside down (turned letters, from their end to their start), set upright."""
    if not _TURNED_LETTERS.search(text):
        return text
    lines = text.split("\n")
    return "\n".join(
        line[::-1].translate(_upright()) if len(_TURNED_LETTERS.findall(line)) > 3 else line for line in lines
    )


def _is_latin(word: str) -> bool:
    return _FOREIGN_LETTER.search(word) is None


def _is_mixed(word: str) -> bool:
    return not _is_latin(word) and _LATIN_LETTER.search(word) is not None


def _is_imitation(word: str, close: Table) -> bool:
    return all(ord(char) in close for char in word)


def _regional(match: re.Match[str]) -> str:
    letters = match.group()
    if len(letters) == 2:
        return letters  # a flag
    return "".join(chr(ord(letter) - 0x1F1E6 + ord("a")) for letter in letters)


def _entries(table: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    for letter, codes in table.items():
        for code in codes.split():
            point = int(code, 16)
            yield point, letter.upper() if chr(point).isupper() else letter


@cache
def _close() -> Table:
    return dict(_entries(_CLOSE))


@cache
def _loose() -> Table:
    return dict(_entries(_LOOSE)) | dict(_entries(_CLOSE))


@cache
def _upright() -> Table:
    return {int(code, 16): letter for letter, codes in _TURNED.items() for code in codes.split()}


@cache
def _dressed() -> Table:
    table = dict(_SMALL_CAPITALS)
    for pattern in _NAMED:
        for letter in ascii_uppercase:
            char = _lookup(pattern.format(letter))
            if char:
                table[ord(char)] = letter.lower()
    for letter, dots in zip(ascii_lowercase, _BRAILLE.split(), strict=True):
        table[0x2800 + sum(1 << (int(dot) - 1) for dot in dots)] = letter
    table[0x2800] = " "
    return table


@cache
def _latin() -> Table:
    """Latin letters with strokes, hooks and other attachments that are no accents, to bare letters."""
    table = {0xE6: "ae", 0xC6: "AE", 0x153: "oe", 0x152: "OE", 0xDF: "ss", 0xFE: "th", 0x131: "i"}
    for first, last in _LATIN_BLOCKS:
        for point in range(first, last):
            found = _LATIN_NAME.fullmatch(unicodedata.name(chr(point), ""))
            if found and point not in table:
                letter = found[2][0] if found[2] != "ETH" else "D"
                table[point] = letter if found[1] else letter.lower()
    return table


def _lookup(name: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return ""
