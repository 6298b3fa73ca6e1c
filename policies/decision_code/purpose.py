"""What a piece of a program is for, by its words: deciding about people, measuring groups, or something
else."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from policies.decision_code.lexicon import word_set, words_of
from policies.decision_code.names import is_person, is_thing
from policies.decision_code.places import PLACES, TRADES, touches
from policies.decision_code.vocabulary import TRADE, asks, decides, is_trade

LONGEST_TEXT = 200
_MEASURES = word_set("""
audit auditing disparity disparities disparate parity fairness bias metric metrics breakdown
distribution histogram plot chart counterfactual equalized equalised odds reweigh reweight
mitigate debias anonymise anonymize mask redact monitor monitoring statistic statistics stats
statistik statistiken verteilung anteil anteile vergleich repartition ecart moyenne distribucion brecha
disparidad disparidade estadisticas distribuicao divario distribuzione verdeling verschil rozklad fordelning
fifths proportions crosstab independence oversample undersample resample rebalance stratify
stratified stratum strata randomise randomize arm simulate simulated simulation synthetic fake faker mock
""")
_MEASURES_ALONE = word_set("""
report summary summarise summarize average mean compare analysis analyse analyze gap outcomes
counts impact equal test tests describe rates opportunity per groups
""")
_CHOOSES = word_set("flag select pick choose mark refer send screen queue nominate")
"""What they choose somebody for is nothing that they do: `flag_for_audit`."""
_WEIGHS, _SAMPLES = word_set("weigh weight weights"), word_set("sample samples sampling")
_SCORES = re.compile(
    r"score|approv|decid|decision|eligib|hire|reject|accept|risk|limit|rank|premium|salary|grant|offer|bid|price"
)
_PREPARES = word_set("""
encode encoded encoder feature features vector to format title greet greeting salutation label
display repr str parse load read normalise normalize clean to_dict serialise serialize valid
validate address article color colour icon emoji css marker split documents docs
paperwork topic topics tag tags keyword keywords complete present missing filled anrede sprache valida valide valider validar validieren validiere formatear
formater formattare
""")
_CONTESTS = word_set("bib podium triathlon marathon")
_STATUTES = word_set("statute statutory gesetzlich gesetzliche gesetzlicher")
_KEPT = word_set("cache mtime getmtime expire expiry expires ttl evict password certificate")
"""Words of what grows old and is nobody."""
_SPORT = word_set("""
lap laps fastest runner runners finish finisher finishers finished marathon triathlon bib net circuit
elf dwarf orc goblin hobbit wizard hp dex npc dungeon spell horse horses podium thread threads
condition lock mutex qualifying grid pace positions
""")


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
        words = set(self._words)
        if self._words[:1] and self._words[0] in _CHOOSES and "for" in words:
            words = set(self._words[: self._words.index("for")])
        if self._words[:1] == ("test",) or _MEASURES & words or {"four", "fifths"} <= words:
            return True
        if "by" in words or "rates" in words:
            return True
        if _WEIGHS & words and (_SAMPLES & words or "groupby" in self.used):
            return True
        return bool(_MEASURES_ALONE & words) and not any(_SCORES.match(word) for word in words)

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
        return is_thing(self._words) and not (decides(self.name) or is_person(self.parameters))

    @cached_property
    def _on_people(self) -> bool:
        return is_person(self.used) or bool(self.used & TRADE)

    def excuses(self, attribute: str) -> bool:
        """The attribute has a place here, or its name means something else."""
        near = {*self._words, *self.parameters, *(self.said & _STATUTES), *(self.used & _CONTESTS)}
        if attribute == "age" and (is_thing(self._words) or self.used & _KEPT) and not self._on_people:
            return True
        if attribute == "race" and (self.used & _SPORT or "condition" in self._words):
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
