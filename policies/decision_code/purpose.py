"""What a piece of a program is for, by its words: deciding about people, measuring groups, or something
else."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from policies.decision_code.lexicon import shipped_lexicon, words_of
from policies.decision_code.names import is_person, is_thing, word_set
from policies.decision_code.places import PLACES, TRADES, touches
from policies.decision_code.vocabulary import TRADE, acts, asks, decides, is_trade

LONGEST_TEXT = 200
_MEASURES = word_set("""
audit auditing disparity disparities disparate parity fairness bias biased metric metrics breakdown crosstab
counterfactual equalized equalised odds fifths reweigh reweight mitigate debias permutation permuted flip
confusion
oversample undersample resample rebalance stratify stratified stratum strata arm simulate simulated
simulation
synthetic fake faker mock anonymise anonymize anonymous redact pseudonymise pseudonymize
""")
"""Words of functions that measure how groups fare, or protect them."""
_PRICES = re.compile(r"price|premium|insur|interest|rent|pay|wage|salar|fee|fare|loan|mortgage|hour")
_PREPARES = word_set("""
valid validate validator validation valida valide valider validar validieren validiere complete missing
filled required
documents docs document paperwork color colour icon emoji css marker label labels greet greeting
salutation anrede
topic topics tag tags keyword keywords encode encoded encoder vector features
repr str serialise serialize sprache
""")
"""Words of functions that make data or texts ready."""
_CONTESTS = word_set("bib podium triathlon marathon")
_STATUTES = word_set("statute statutory gesetzlich gesetzliche gesetzlicher")
_KEPT = word_set("cache mtime getmtime expire expiry expires ttl evict password certificate")
"""Words of what grows old and is nobody."""
_SPORT = word_set("""
laps lap fastest runner runners marathon triathlon bib circuit horse horses podium threads mutex qualifying
elf dwarf orc goblin hobbit wizard npc dungeon
""")
"""Words of where a race is a contest or a people of a game."""


@dataclass(frozen=True)
class Purpose:
    """What a function (or the module itself, whose name is empty) is for. `used`: words of all
    identifiers; `said`: words of short texts."""

    name: str
    used: frozenset[str]
    parameters: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return words_of(self.name)

    @cached_property
    def measures(self) -> bool:
        """It measures or protects groups rather than decides about somebody."""
        words = self._words
        if words[:1] in (("test",), ("audit",)) or self._by_group:
            return True
        if "rates" in words:
            return not any(map(_PRICES.search, words))
        if {"weights", "weigh"} & set(words) and "groupby" in self.used:
            return True
        return bool(_MEASURES.intersection(words)) and not acts(self.name)

    @cached_property
    def _by_group(self) -> bool:
        """`approval_by_gender`, but not `rank_by_fit`."""
        if "by" not in self._words[1:]:
            return self._words[:1] == ("by",)
        key = "_".join(self._words[self._words.index("by", 1) + 1 :])
        return key.startswith("group") or shipped_lexicon().attribute_of(key) != ""

    @cached_property
    def returns_result(self) -> bool:
        """What it returns is a result about somebody."""
        if self.measures or not self._words:
            return False
        return decides(self.name) or asks(self._words)

    @cached_property
    def may_decide(self) -> bool:
        """Its name does not say that it measures, or makes data or texts ready."""
        return bool(self.name) and not (self.measures or _PREPARES.intersection(self._words))

    @cached_property
    def about_people(self) -> bool:
        """It is about a trade in which people get something or do not."""
        return is_trade(self.used) or bool(self.said & TRADE)

    @cached_property
    def on_things(self) -> bool:
        """Its name tells that it is about what is nobody."""
        words = self._words[1:] if self._words[:1] == ("auto",) else self._words
        return is_thing(words) and not (decides(self.name) or is_person(self.parameters))

    @cached_property
    def on_people(self) -> bool:
        """It has words of somebody or of a trade."""
        return is_person(self.used) or bool(self.used & TRADE)

    def excuses(self, attribute: str) -> bool:
        """The attribute has a place here, or its name means something else."""
        near = {*self._words, *self.parameters, *(self.said & _STATUTES), *(self.used & _CONTESTS)}
        if attribute == "age" and (is_thing(self._words) or self.used & _KEPT) and not self.on_people:
            return True
        if attribute == "race" and ((self.used | self.said) & _SPORT or "condition" in self._words):
            return True
        if touches(near, TRADES):
            return False
        return any(
            attribute in place.attributes and touches(near, place.about) and not touches(near, place.unless)
            for place in PLACES
        )


def purpose_of(node: ast.AST, name: str) -> Purpose:
    """The purpose of a function by its name and all identifiers in it."""
    names: set[str] = set()
    said: set[str] = set()
    for each in ast.walk(node):
        names.update(_identifiers(each))
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and len(each.value) <= LONGEST_TEXT:
            said.update(words_of(each.value))
    parameters = frozenset(word for each in _parameters(node) for word in words_of(each))
    used = frozenset(word for each in names for word in words_of(each))
    return Purpose(name, used, parameters, frozenset(said))


def _parameters(node: ast.AST) -> Iterable[str]:
    arguments = getattr(node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return ()
    return [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _identifiers(node: ast.AST) -> Collection[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.Constant(value=str(text)) if text.isidentifier():
            return (text,)
        case ast.keyword(arg=str(name)):
            return (name,)
        case _:
            return ()
