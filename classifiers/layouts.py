"""Words laid out so that a tokenizer does not see them: spaced, dotted, stacked, bracketed, glued.

Each function finds places in a canonical text and says what they read. All are linear in the length of
the text: no pattern here repeats an unbounded part inside another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from classifiers.findings import Finding

_SPACED = re.compile(r"(?<!\S)\S(?:\s{1,6}\S(?!\S)){3,}+")
_MIDDLE_DOTS = r"\u00b7\u2022\u2027\u2219\u22c5"
_DOTTED = re.compile(
    rf"(?<![^\W_])[^\W\d_](?:[-._~*|/\\+,:;'\"^={_MIDDLE_DOTS}]{{1,2}}[^\W\d_](?![^\W_])){{2,}}+[{_MIDDLE_DOTS}]?"
)
_MARKED = re.compile(
    rf"(?<=[^\W\d_]|')(?:\*{{1,3}}|_{{2,3}}|~~|`|[{_MIDDLE_DOTS}]|<[^<>\s]{{0,40}}>)(?=[^\W\d_])"
)
_BRACKETED = re.compile(r"[(\[{<]([^\s()\[\]{}<>]| )[)\]}>]")
_GLUED = re.compile(r"(?<![A-Za-z])[A-Za-z][a-z']*+(?:[A-Z][a-z']++|[AI](?=[A-Z])){4,}+")
_TRIPLE = re.compile(r"([^\W\d_])\1\1")
_STRETCHED = re.compile(r"([^\W\d_])\1+")
_DOUBLED = re.compile(r"([ahijkquvwxyAHIJKQUVWXY])\1|\b([^\W\d_])\2")
_WORD = re.compile(r"[^\W\d_]+")
_ROW = re.compile(r"^[ \t]*+\|(.*)\|[ \t]*+$", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*+(?:(?:\d{1,4}[.):]|[-*+#\u2022])[ \t]*+)?(\S{1,40})[ \t]*+$", re.MULTILINE)
_PIECE = re.compile(r"\b([A-Za-z_]\w{0,30})\s{0,4}=\s{0,4}(?:\"([^\"\n]{0,2000})\"|'([^'\n]{0,2000})')")
_SUM = re.compile(r"\b[A-Za-z_]\w{0,30}(?:\s{0,4}[+.&,]\s{0,4}[A-Za-z_]\w{0,30})++")
_LITERALS = re.compile(r"([\"'])([^\"'\n]{0,400})\1(?:\s{0,8}[+.&]?\s{0,8}([\"'])[^\"'\n]{0,400}\3)++")
_LITERAL = re.compile(r"([\"'])([^\"'\n]{0,400})\1")
_LEET_WORD = re.compile(r"(?<![\w@$!|+])[A-Za-z0-9@$!|+]{2,24}+(?![\w@$|+])")
_LEET = str.maketrans("0134578@$!|+9", "oieastbasiltg")
_NUMBERED = re.compile(r"[A-Za-z]+\d+|\d+[A-Za-z]{1,3}|[\w.]+@[\w.]+|\$\w+")
_MAX_FINDINGS = 4096


def find_spellings(text: str) -> list[Finding]:
    """Words whose letters are pulled apart, glued together or stretched; every letter is kept."""
    return _all(text, (_spaced, _dotted, _marked, _glued, _stretched))


def find_arrangements(text: str) -> list[Finding]:
    """Words set apart from others that are to be passed over: in brackets, columns, lines, pieces."""
    return _all(text, (_bracketed, _tables, _stacked, _pieces))


def _all(text: str, finders: Iterable[Callable[[str], Iterable[Finding]]]) -> list[Finding]:
    return [finding for finder in finders for finding in islice(finder(text), _MAX_FINDINGS)]


def find_leet(text: str) -> list[Finding]:
    """Words that mix letters with digits or signs standing for letters, if there are several of them.

    Numbered names (`array1`) and quantities (`10km`) are read along, but are no evidence.
    """
    found = []
    evidence = 0
    for match in _LEET_WORD.finditer(text):
        word = match.group()
        bare = word.rstrip("!|+")
        plain = bare.lower().translate(_LEET)
        if plain != bare.lower() and plain.isalpha() and len(plain) > 1 and not bare.isdigit():
            evidence += len(plain) > 2 and not _NUMBERED.fullmatch(bare)
            found.append(Finding(match.start(), match.end(), plain + word[len(bare) :]))
    return found if evidence > 2 else []


def _spaced(text: str) -> Iterator[Finding]:
    for match in _SPACED.finditer(text):
        run = match.group()
        letters = sum(map(str.isalpha, run))
        if letters > 3 and 2 * letters > len(run.split()):
            yield Finding(match.start(), match.end(), _joined(run))


def _joined(run: str) -> str:
    """Single characters joined; a wider gap than the usual one parts words."""
    gaps = re.findall(r"\s+", run)
    usual = Counter(gaps).most_common(1)[0][0]
    words = re.split(r"(\s+)", run)
    return "".join(part if not part.isspace() else "" if len(part) <= len(usual) else " " for part in words)


def _dotted(text: str) -> Iterator[Finding]:
    for match in _DOTTED.finditer(text):
        letters = "".join(filter(str.isalpha, match.group()))
        if len(letters) > 2:
            yield Finding(match.start(), match.end(), letters)


def _marked(text: str) -> list[Finding]:
    found = [Finding(match.start(), match.end(), "") for match in _MARKED.finditer(text)]
    return found if len(found) > 1 else []


def _bracketed(text: str) -> list[Finding]:
    matches = list(_BRACKETED.finditer(text))
    letters = "".join(match[1] for match in matches)
    if sum(map(str.isalpha, letters)) < 6 or letters == "".join(sorted(letters)):
        return []  # too little, or the options (A) (B) (C) of a question
    return [Finding(matches[0].start(), matches[-1].end(), letters)]


def _glued(text: str) -> Iterator[Finding]:
    for match in _GLUED.finditer(text):
        parted = re.sub(r"(?<=[a-z'])(?=[A-Z])|(?<=[AI])(?=[A-Z][a-z])", " ", match.group())
        yield Finding(match.start(), match.end(), parted)


def _stretched(text: str) -> list[Finding]:
    if not _TRIPLE.search(text):
        return []
    found = []
    triples = 0
    for match in _WORD.finditer(text):
        word = match.group()
        pattern = _STRETCHED if _TRIPLE.search(word) else _DOUBLED
        plain = pattern.sub(lambda run: run.group()[0], word)
        if plain != word and word.lower() != "www":
            triples += pattern is _STRETCHED
            found.append(Finding(match.start(), match.end(), plain))
    return found if triples > 1 else []


def _tables(text: str) -> Iterator[Finding]:
    """The column of a table that holds words, read downwards, where there is but one."""
    rows = list(_ROW.finditer(text))
    if len(rows) < 4:
        return
    cells = [[cell.strip() for cell in row[1].split("|")] for row in rows]
    width = min(32, max(map(len, cells)))
    columns = [" ".join(row[place] for row in cells if place < len(row)) for place in range(width)]
    written = [column for column in columns if sum(map(str.isalpha, column)) > len(rows)]
    if len(written) == 1:
        yield Finding(rows[0].start(), rows[-1].end(), re.sub(r"[-:]{3,}", "", written[0]))


def _stacked(text: str) -> list[Finding]:
    """One word a line, perhaps numbered."""
    found: list[Finding] = []
    run: list[re.Match[str]] = []
    for match in [*_ITEM.finditer(text), None]:
        if match is not None and (not run or match.start() <= run[-1].end() + 2):
            run.append(match)
            continue
        if len(run) > 3 and any(len(item[1]) > 1 for item in run):
            found.append(Finding(run[0].start(), run[-1].end(), " ".join(item[1] for item in run)))
        run = [match] if match is not None else []
    return found


def _pieces(text: str) -> Iterator[Finding]:
    """Strings that a program puts together: named pieces summed up, or literals side by side."""
    pieces = {match[1]: match[2] or match[3] or "" for match in _PIECE.finditer(text)}
    if len(pieces) > 1:
        for match in _SUM.finditer(text):
            names = re.findall(r"\w+", match.group())
            if all(name in pieces for name in names):
                whole = "".join(pieces[name] for name in names)
                yield Finding(match.start(), match.end(), whole)
    for match in _LITERALS.finditer(text):
        parts = [part[1] for part in _LITERAL.findall(match.group())]
        yield Finding(match.start(), match.end(), "".join(parts))
