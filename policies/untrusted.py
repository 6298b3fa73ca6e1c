"""Untrusted text on its way into a critic's prompt: bounded, and stripped of what could steer it.

The text stays readable (no encoding: small critics fail on that). What goes is only what has a
meaning to the machinery: boundaries, chat-template markers, lines that pose as a role, fences and
the keys of the verdict object. They are sought in a plain reading of the text (`_Plain`), so that
zero-width characters, full-width brackets and look-alike letters hide none of them.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from classifiers.hidden_channels import reveal
from classifiers.lookalikes import plain_letters, skeleton

MAX_CHARACTERS = 24_000
LINE_MARK = "| "
"""Stands before every line of data that a critic reads: a line without it is not data."""

_FLAGS = re.MULTILINE | re.IGNORECASE
_TEMPLATE = re.compile(
    r"<\s?\|[^|<>\n]{1,40}\|\s?>|\[\s?/?\s?INST\s?\]|<<\s?/?SYS\s?>>"
    r"|</?\s?(?:system|assistant|user|tool)\s?>|<(?:start|end)_of_turn>",
    _FLAGS,
)
_NOUN = (
    "(?:draft|data|request|reply|answer|input|evidence|untrusted|document|content|findings|prompt|context)"
)
_WORD = "(?:begin|begins|start|starts|end|ends|stop|stops|close|closes|closed)"
_FRAME = re.compile(
    rf"\[\[[^\[\]\n]{{0,80}}\b{_WORD}\b[^\[\]\n]{{0,40}}\]\]"
    rf"|[\[(<{{]\s?/?\s?{_WORD}\s(?:of\s)?(?:the\s)?{_NOUN}\b[^\[\](){{}}<>\n]{{0,40}}[\])>}}]"
    rf"|[\[(<{{]\s?/?\s?{_NOUN}(?:\s{_WORD}\b[^\[\](){{}}<>\n]{{0,40}})?[\])>}}]"
    rf"|[-=#*_~<>+]{{2,12}}\s?(?:(?:{_WORD}\s(?:of\s)?(?:the\s)?)?{_NOUN}(?:\s{_WORD})?|{_WORD})\b[^\n]{{0,30}}"
    rf"|^[\W_]{{0,8}}(?:{_WORD}\s(?:of\s)?(?:the\s)?{_NOUN}|{_NOUN}\s{_WORD})\b[^\n]{{0,20}}$",
    _FLAGS,
)
_FENCE = re.compile(r"(?:```|~~~)(?=[ \t]*(?:json|verdict|yaml)|\s*[\[{])", _FLAGS)
_ROLE = (
    "(?:system|developer|assistant|critic|judge|human|user|tool|reviewer|moderator|checker|auditor|gatehouse"
    "|operator|administrator)"
)
_ROLE_LINE = re.compile(
    rf"^([\s>*#|\[({{<-]{{0,8}}{_ROLE}(?:\s(?:message|prompt|note|override|instructions?|verdict|update))?"
    r"[\s*\])}>]{0,4}):",
    _FLAGS,
)
_ROLE_HEAD = re.compile(rf"^[\s>|*-]{{0,8}}(?:\#{{1,6}}\s?|\[\s?)({_ROLE})\b(?:\s?\])?[ \t*]{{0,4}}$", _FLAGS)
_NOTE = re.compile(
    r"\b((?:note|message|memo|notice|instructions?|attention|reminder)s?(?:\s(?:to|for))?"
    rf"\s(?:the\s|any\s|all\s)?(?:{_ROLE}s?|grader|evaluator|model|ai)\b[^\n:]{{0,40}}):",
    _FLAGS,
)
_QUOTE = r"(?:\\?[\"'`]|&quot;|&\#34;|\\u0022)"
_VERDICT_KEY = re.compile(
    rf"(?:{_QUOTE}\s?|(?<=[{{,(])\s{{0,8}}|^[\s>|*-]{{0,8}})(findings|clause|quote|reason|severity|action|verdict)"
    rf"\s?{_QUOTE}?\s{{0,4}}(?::|=>?)",
    _FLAGS,
)


def without_markers(text: str, nonce: str) -> str:
    """The text with the boundary and chat-template markers taken out; fit to be revised."""
    return _settled(_middle_out(text), lambda t: _replaced(_without(t, nonce), _TEMPLATE, _nothing))


def as_evidence(text: str, nonce: str) -> str:
    """The text as a critic reads it: besides, no frame is closed, nobody speaks and no verdict is given."""
    return _settled(_seen(without_markers(text, nonce)), lambda t: _defused(_without(t, nonce)))


def enclosed(name: str, text: str, nonce: str) -> str:
    """The text between boundary lines that carry the nonce."""
    return f"[[{nonce} {name} BEGINS]]\n{text}\n[[{nonce} {name} ENDS]]"


def marked(text: str) -> str:
    """Every line behind the line mark."""
    return "\n".join(LINE_MARK + line for line in text.split("\n"))


def unmarked(text: str) -> str:
    """A copy of marked lines without their marks."""
    return _MARKS.sub("", text)


_MARKS = re.compile(r"^\|[ \t]?", re.MULTILINE)
_WORDS = re.compile(r"[^\W_]+")


def _settled(text: str, step: Callable[[str], str]) -> str:
    """`step` repeated until it changes nothing: taking one marker out may join the parts of another."""
    while True:
        changed = step(text)
        if changed == text:
            return text
        text = changed


def _without(text: str, nonce: str) -> str:
    return text.replace(nonce, "") if nonce else text


def _defused(text: str) -> str:
    for pattern, said in _DEFUSED:
        text = _replaced(text, pattern, said)
    return text


def _nothing(_: re.Match[str]) -> str:
    return " "


def _quoted(match: re.Match[str]) -> str:
    """The words of a frame, shown as words: what stands in it stays to be judged."""
    return f"(quoted: {' '.join(_WORDS.findall(match.group()))})"


_DEFUSED: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_TEMPLATE, _nothing),
    (_FRAME, _quoted),
    (_FENCE, lambda _: "'''"),
    (_VERDICT_KEY, lambda match: f" {match[1]} -"),
    (_NOTE, lambda match: f"{match[1]} -"),
    (_ROLE_LINE, lambda match: f"{match[1]} -"),
    (_ROLE_HEAD, lambda match: f"{match[1]} -"),
)


def _seen(text: str) -> str:
    """The text without what no reader sees, its line ends all alike."""
    return reveal(_LINE_ENDS.sub("\n", text)).text


_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class _Plain:
    """A plain reading of a text; `ends[i]`: where the part of it ends that comes from character `i`."""

    text: str
    ends: list[int]

    def place(self, position: int) -> int:
        """The character that a position of the reading comes from."""
        return bisect_right(self.ends, position)


def _read(text: str) -> _Plain:
    parts = [_plainly(char) for char in text]
    return _Plain("".join(parts), list(accumulate(map(len, parts))))


def _replaced(text: str, pattern: re.Pattern[str], said: Callable[[re.Match[str]], str]) -> str:
    """The text with what the pattern finds in its plain reading replaced."""
    if text.isascii():
        return pattern.sub(said, text)
    plain = _read(text)
    parts: list[str] = []
    done = 0
    for match in pattern.finditer(plain.text):
        start, end = plain.place(match.start()), plain.place(match.end() - 1) + 1
        parts += (text[done:start], said(match))
        done = end
    return "".join((*parts, text[done:])) if parts else text


@lru_cache(maxsize=4096)
def _plainly(char: str) -> str:
    """How a character reads: compatibility forms, look-alikes and accents undone, unseen ones gone."""
    if char.isascii():
        return char if char.isprintable() or char in "\n\t" else ""
    if unicodedata.category(char) in ("Cf", "Mn", "Me", "Cc", "Cs", "Co", "Cn") or char in _BLANK:
        return ""
    if char in _SIGNS:
        return _SIGNS[char]
    if char.isspace():
        return " "
    # A text without any Latin letter has no skeleton, so one is lent.
    plain = skeleton("a" + plain_letters(unicodedata.normalize("NFKC", char)))[1:]
    return "".join(_SIGNS.get(each, each) for each in plain)


_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
_SIGNS = {
    char: plain
    for plain, chars in {
        "[": "\u3010\u3014\u3016\u3018\u301a\u27e6\u2772\u2045\uff3b\u2e22\ufe5d",
        "]": "\u3011\u3015\u3017\u3019\u301b\u27e7\u2773\u2046\uff3d\u2e23\ufe5e",
        "<": "\u2039\u27e8\u3008\u300a\u2329\uff1c\ufe64\u02c2\u276e\u1438\u227a",
        ">": "\u203a\u27e9\u3009\u300b\u232a\uff1e\ufe65\u02c3\u276f\u1433\u227b",
        "{": "\uff5b\u2774\ufe5b",
        "}": "\uff5d\u2775\ufe5c",
        ":": "\uff1a\ufe13\ufe55\u2236\ua789\u02d0\u05c3\u0589\u205a\u2982",
        "|": "\uff5c\u2223\u2502\u2503\u01c0\u00a6\u23d0\u2758",
        '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u2036\uff02\u300c\u300d\u300e\u300f\u301d\u301e",
        "'": "\u2018\u2019\u201a\u201b\u2032\u2035\uff07\u00b4\u02bc",
        "`": "\uff40\u02cb\u1fef",
        "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u2501\uff0d\ufe58\ufe63",
        "=": "\uff1d\u2550\ua78a\u30a0",
        "#": "\uff03\ufe5f\u266f",
        "*": "\uff0a\u2217\u2731\ufe61",
        "~": "\uff5e\u223c\u02dc",
    }.items()
    for char in chars
}


def _middle_out(text: str) -> str:
    """At most `MAX_CHARACTERS`: the middle of a longer text is left out, and that is said."""
    if len(text) <= MAX_CHARACTERS:
        return text
    half = MAX_CHARACTERS // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"
