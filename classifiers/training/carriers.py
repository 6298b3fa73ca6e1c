"""Carriers: short texts that words are put into, and the word lists of the audit.

A file of carriers is either JSON lines, ``{"text": …, "harmful": true or false}``, or plain text, one
carrier a line: ``0<TAB>text`` or the text alone for a harmless one, ``harm<TAB>text`` (or any other label)
for a harmful one. Lines that begin with ``# `` are comments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifiers.training.compose import DATA, read_grammar

LISTS = DATA / "audit.txt"
PROBES = DATA / "probe_prompts.tsv"
MOST_CHARACTERS = 400
"""A longer carrier is left out: the audit's cost is counted in short texts."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """Texts that should not be blocked, and texts that should."""

    harmless: tuple[str, ...]
    harmful: tuple[str, ...]

    def at_most(self, harmless: int, harmful: int) -> Carriers:
        """An even sample of both kinds, of at most so many."""
        return Carriers(_sample(self.harmless, harmless), _sample(self.harmful, harmful))


@dataclass(frozen=True, slots=True)
class WordLists:
    """``neutral``: class to words that carry no label. ``identity``: kind to terms, the first of which is
    what the others are compared with; ``templates``: kind to sentences with ``{x}`` in place of the term.
    """

    neutral: Mapping[str, Sequence[str]]
    identity: Mapping[str, Sequence[str]]
    templates: Mapping[str, Sequence[str]]

    def every(self, step: int) -> WordLists:
        """Every so many-th word; terms keep the one that they are compared with."""
        return WordLists(
            {name: words[::step] for name, words in self.neutral.items()},
            {name: words[::step] for name, words in self.identity.items()},
            {name: templates[::step] for name, templates in self.templates.items()},
        )


def read_word_lists(path: Path = LISTS) -> WordLists:
    """The audit's own words."""
    lists = read_grammar([path], frozenset()).lists
    kinds = ("neutral", "identity", "templates")
    return WordLists(
        *({name.partition(":")[2]: lists[name] for name in lists if name.startswith(f"{k}:")} for k in kinds)
    )


def shipped_carriers() -> Carriers:
    """The audit's own carriers together with the hand-written probe prompts."""
    lists = read_grammar([LISTS], frozenset()).lists
    own = [(text, False) for text in lists["harmless"]] + [(text, True) for text in lists["harmful"]]
    return _carriers([*own, *_read_lines(PROBES)])


def read_carriers(path: Path) -> Carriers:
    """The carriers of a file; repeated and long texts are left out.

    Raises:
        ValueError: a line is neither of the two forms, or no carrier is left.
    """
    found = _carriers(_read_json(path) if path.suffix in (".jsonl", ".json") else _read_lines(path))
    if not (found.harmless or found.harmful):
        raise ValueError(f"{path}: no carrier of at most {MOST_CHARACTERS} characters")
    return found


def _carriers(rows: Iterable[tuple[str, bool]]) -> Carriers:
    kept = {text.strip(): harmful for text, harmful in rows if 0 < len(text.strip()) <= MOST_CHARACTERS}
    return Carriers(
        tuple(text for text, harmful in kept.items() if not harmful),
        tuple(text for text, harmful in kept.items() if harmful),
    )


def _read_lines(path: Path) -> Iterator[tuple[str, bool]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            continue
        label, tab, text = line.partition("\t")
        yield (text, label != "0") if tab else (line, False)


def _read_json(path: Path) -> Iterator[tuple[str, bool]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            yield _read_row(line, f"{path}:{number}")


def _read_row(line: str, place: str) -> tuple[str, bool]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    match row:
        case {"text": str(text), "harmful": bool(harmful)}:
            return text, harmful
    raise ValueError(f'{place}: not {{"text": …, "harmful": true or false}}')


def _sample(texts: tuple[str, ...], most: int) -> tuple[str, ...]:
    step = max(1.0, len(texts) / most)
    return tuple(texts[int(place * step)] for place in range(min(most, len(texts))))
