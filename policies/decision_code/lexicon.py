"""Personal attributes by the names that programs give them: protected ones, and proxies that stand for
them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from policies.decision_code.names import (
    AMBIGUOUS,
    BIRTH,
    GROUPS,
    LANDS,
    NAMED_GROUPS,
    OF_PERSONS,
    OF_THINGS,
    PROTECTED,
    PROXIES,
    STEMS,
    THINGS,
    is_person,
    word_set,
)

LONGEST_GROUP = 200
NAMES = frozenset(("surname", "first name"))
"""Proxies by which lists are put into alphabetical order."""

_OTHER_THINGS: Mapping[str, frozenset[str]] = {
    "race": word_set("""
condition conditions time times lap laps day track car number winner result results pace
"""),
    "age": frozenset(),
    "school": word_set("year"),
    "accent": word_set("color colour id sql csv json db database schema name"),
    "first name": word_set("len length"),
}
_OF_GROUPS = word_set("""
gap parity rate rates count counts ratio by per mean average total groups distribution
difference disparity col column columns key keys neutral balance options choices labels
""")
"""With one of these an identifier is about groups, or about a column, and not about a person."""
_QUALIFIES = word_set("""
applicant candidate user customer client borrower person patient employee student tenant driver
member owner years year yr yrs in at of current raw norm normalized normalised scaled group band
bracket bucket bin category code his her their my x a p c log squared sq z std feature value val
real actual num int prefix area home get inferred estimated predicted guessed declared self reported
application hire entry admission birth exact approx decade cohort segment class min minimum max maximum
estimate detect infer predict guess get compute calc calculate child kid worker buyer guest player
claimant holder pupil parent spouse partner
over under above below older younger than
""")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "\u0131": "i", "đ": "d"}
)


def fold(text: str) -> str:
    """Without accents: `raça` and `raca` are one word."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(each for each in parts if not unicodedata.combining(each))


def words_of(name: str) -> tuple[str, ...]:
    """Lower-case words of an identifier in snake or camel case, without accents."""
    return tuple(part.lower() for part in _PARTS.findall(fold(name)))


_OF_PERSONS = frozenset(words_of(name) for name in OF_PERSONS.values())
_HAVE_ACCOUNTS = word_set(
    "user users employee member members customer client profile subscriber seller driver lead"
)
_STEMS = re.compile("|".join(f"(?P<_{place}>{stem})" for place, (_, stem) in enumerate(STEMS)))
_GROUP_OF = {word: attribute for attribute, words in GROUPS.items() for word in words.split()}


def group_of(text: str) -> str:
    """The attribute by which the text names a group of people; empty: none, or too long a text."""
    if len(text) > LONGEST_GROUP:
        return ""
    return next((_GROUP_OF[word] for word in words_of(text) if word in _GROUP_OF), "")


@dataclass(frozen=True)
class Lexicon:
    """Which names mean which attribute. `proxies`: attributes that only stand for protected ones."""

    phrases: Mapping[tuple[str, ...], str]
    proxies: frozenset[str]
    _known: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def attribute_of(self, name: str) -> str:
        """The attribute that an identifier, key or column names; empty: none."""
        if len(name) > 60:
            return ""
        found = self._known.get(name)
        if found is None:
            found = self._find(words_of(name))
            if len(self._known) < 4096:
                self._known[name] = found
        return found

    def _find(self, words: tuple[str, ...]) -> str:
        if not words or len(words) > 6 or _OF_GROUPS.intersection(words):
            return ""
        for size in (3, 2, 1):
            for start in range(len(words) - size + 1):
                attribute = self.phrases.get(words[start : start + size], "")
                rest = {*words[:start], *words[start + size :]}
                if attribute and self._fits(attribute, words[start : start + size], rest):
                    return attribute
        if not BIRTH.isdisjoint(words) and not LANDS.isdisjoint(words):
            return self.known("nationality")
        stems = (_STEMS.search(word) for word in words if not word.endswith("s"))
        found = (STEMS[int(each.lastgroup[1:])][0] for each in stems if each and each.lastgroup)
        return self.known(next(found, ""))

    def known(self, attribute: str) -> str:
        """The attribute, unless this lexicon is without it."""
        return attribute if attribute in self._attributes else ""

    @cached_property
    def _attributes(self) -> frozenset[str]:
        return frozenset(self.phrases.values())

    @staticmethod
    def _fits(attribute: str, phrase: tuple[str, ...], rest: Collection[str]) -> bool:
        if phrase in _OF_PERSONS:
            return bool(rest) and all(is_person((word,)) and word not in _HAVE_ACCOUNTS for word in rest)
        if phrase in (("age",), ("zip",)):
            return all(word in _QUALIFIES or word.isdigit() for word in rest)
        if attribute in OF_THINGS and THINGS.intersection(rest) and not is_person(rest):
            return False
        return _OTHER_THINGS.get(attribute, frozenset()).isdisjoint(rest)

    def in_foreign_words(self) -> Lexicon:
        """With names that are attributes only where a program is not written in English."""
        kept = {phrase: each for phrase, each in _phrases(AMBIGUOUS).items() if self.known(each)}
        return replace(self, phrases={**kept, **self.phrases}, _known={})

    def with_names(self, names: Iterable[str], attribute: str = "listed proxy") -> Lexicon:
        """More names that stand for a protected attribute."""
        more = {words_of(name): attribute for name in names}
        return replace(self, phrases={**self.phrases, **more}, proxies=self.proxies | {attribute}, _known={})

    def without(self, attributes: Collection[str]) -> Lexicon:
        """The lexicon without these attributes."""
        kept = {phrase: each for phrase, each in self.phrases.items() if each not in attributes}
        return replace(self, phrases=kept, _known={})


_SHARES = frozenset(
    f"{share}_{group}"
    for share in ("share", "pct", "percent", "percentage", "fraction")
    for group in ("black", "white", "hispanic", "latino", "asian", "minority", "immigrant", "foreign")
)
"""What is known of an area, and stands for the race of those who live there."""


def _phrases(*tables: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    named = {
        words_of(name): attribute
        for table in tables
        for attribute, names in table.items()
        for name in names.split()
    }
    shares = {words: "race" for name in _SHARES for words in (words_of(name), words_of(name)[::-1])}
    return {**shares, **named}


@cache
def shipped_lexicon() -> Lexicon:
    """The attributes above, protected ones and proxies."""
    groups = {each: GROUPS[each] for each in NAMED_GROUPS}
    return Lexicon(_phrases(groups, OF_PERSONS, PROTECTED, PROXIES), frozenset(PROXIES))
