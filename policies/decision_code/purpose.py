"""What a piece of a program is for, by its words: deciding about people, measuring groups, or something
else."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from policies.decision_code.lexicon import word_set, words_of
from policies.decision_code.vocabulary import TRADE, asks, decides, is_trade

LONGEST_TEXT = 200
_MEASURES = word_set("""
audit auditing disparity disparities disparate parity fairness bias metric metrics breakdown
distribution histogram plot chart counterfactual equalized equalised odds reweigh reweight
mitigate debias anonymise anonymize mask redact monitor monitoring statistic statistics stats
fifths proportions crosstab independence oversample undersample resample rebalance stratify
stratified stratum strata randomise randomize arm simulate simulated simulation synthetic fake faker mock
""")
_MEASURES_ALONE = word_set("""
report summary summarise summarize average mean compare analysis analyse analyze gap outcomes
counts impact equal test tests describe rates opportunity per groups
""")
_WEIGHS, _SAMPLES = word_set("weigh weight weights"), word_set("sample samples sampling")
_SCORES = re.compile(
    r"score|approv|decid|decision|eligib|hire|reject|accept|risk|limit|rank|premium|salary|grant|offer"
)
_PREPARES = word_set("""
encode encoded encoder feature features vector to format title greet greeting salutation label
display repr str parse load read normalise normalize clean to_dict serialise serialize valid
validate address article color colour icon emoji css marker split documents docs
paperwork complete present missing filled
""")
_LEGITIMATE: tuple[tuple[frozenset[str], frozenset[str], frozenset[str]], ...] = (
    (
        word_set("""
dose doses dosing dosage bmi bmr gfr egfr creatinine clearance heart clinical cholesterol
vaccine vaccines vaccination calorie calories kcal spirometry lung bone percentile patient
patients cardiac workout zone fitness pulse alcohol bac blood diabetes symptom symptoms medical screening_age
mammography drug mg paediatric pediatric glucose
"""),
        frozenset(("age", "gender", "pregnancy", "disability")),
        word_set("""
premium insurance insurer loan credit hire hiring salary price pricing job employee candidate
waiting queue priority triage bed beds slot slots appointment organ transplant waitlist next
"""),
    ),
    (
        word_set("""
visa passport customs tax residency vote voting voter consular immigration election
"""),
        frozenset(("nationality", "age")),
        word_set("score risk loan credit hire fraud suspicion"),
    ),
    (
        word_set("""
ticket tickets fare fares fee fees library museum entrance membership concession retirement retire
retired pension pensioner senior child
"""),
        frozenset(("age", "disability")),
        word_set("loan credit hire hiring salary job mortgage insurance"),
    ),
    (
        word_set("""
accessible accessibility adjustments accommodation accommodations assistive ramp seating leave
"""),
        frozenset(("disability", "pregnancy", "religion")),
        word_set("""
loan credit hire hiring salary score rating mortgage insurance
"""),
    ),
    (
        word_set("""
match matching duplicate duplicates dedupe similarity password username email linkage
"""),
        frozenset(("surname", "first name", "postcode")),
        word_set("loan credit hire risk applicant insurance"),
    ),
    (
        word_set(
            "translator translators interpreter interpreters translation locale language subtitle subtitles"
        ),
        frozenset(("native language", "accent", "nationality")),
        word_set("loan credit hire hiring salary applicant candidate score risk"),
    ),
    (
        word_set("menu meal meals diet dietary food catering prayer holiday holidays calendar"),
        frozenset(("religion", "pregnancy")),
        word_set("loan credit hire hiring salary applicant candidate score risk"),
    ),
    (
        word_set("size sizes clothing shoe shoes garment outfit"),
        frozenset(("gender", "age")),
        word_set("loan credit hire salary applicant candidate"),
    ),
    (
        word_set("""
shipping delivery courier parcel weather geocode distance nearest branch store tax vat address region route
"""),
        frozenset(("postcode", "neighbourhood")),
        word_set("loan credit hire risk applicant insurance"),
    ),
)
"""Where words of the first kind, and none of the last, are about, attributes of the second are in their
place."""
_PEOPLE = word_set("""
applicant applicants candidate candidates person people user users customer customers client
borrower employee employees student tenant defendant inmate patient driver income salary gender
race ethnicity citizen resume cv hire loan mortgage
""")
_THINGS = word_set("""
cache file path mtime getmtime entry created house building car vehicle machine page pages
document token session server certificate ttl password evict expire expiry artwork wine property
pages
""")
_SPORT = word_set("""
lap laps fastest runner runners finish marathon circuit horse horses podium thread threads
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

    def excuses(self, attribute: str) -> bool:
        """The attribute has a place here, or its name means something else."""
        near = set(self._words) | self.parameters
        if attribute == "age" and self.used & _THINGS and not self.used & (_PEOPLE | TRADE):
            return True
        if attribute == "race" and (self.used & _SPORT or "condition" in self._words):
            return True
        return any(
            attribute in attributes and near & about and not (near | set(self._words)) & unless
            for about, attributes, unless in _LEGITIMATE
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
