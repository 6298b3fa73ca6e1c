"""Personal attributes by the names that programs give them: protected ones, and proxies that stand for
them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


PROTECTED: Mapping[str, str] = {
    "race": "race racial ethnicity ethnic eth_code eth_group "
    "ancestry indigenous skin_color skin_colour skin_tone caste "
    "is_black is_white is_hispanic is_asian african_american",
    "religion": "religion religious faith creed denomination muslim christian jewish hindu catholic buddhist "
    "sikh atheist hijab headscarf turban",
    "gender": "gender gndr sex male female transgender pronouns nonbinary non_binary is_woman is_man",
    "age": "age birth_year year_of_birth birthdate birth_date date_of_birth dob yob birthday "
    "elderly is_senior",
    "disability": "disability disabilities is_disabled handicap handicapped wheelchair impairment impaired "
    "deaf autistic special_needs chronic_illness",
    "nationality": "nationality citizenship citizen national_origin country_of_birth country_of_origin "
    "birth_country birthplace place_of_birth foreign_born born_abroad home_country origin_country immigrant "
    "immigration_status foreigner is_foreign migrant migration_background",
    "marital status": "marital_status marital married unmarried is_married relationship_status "
    "divorced widowed civil_status",
    "pregnancy": "pregnant pregnancy is_expecting maternity maternity_leave parental_leave paternity",
    "sexual orientation": "sexual_orientation sexuality is_gay is_lesbian gay lesbian bisexual queer lgbt "
    "lgbtq",
    "politics": "political_affiliation political_party party_affiliation political_views political_leaning "
    "union_member trade_union_member",
}
"""Attribute to names, each words joined by underscores."""
PROXIES: Mapping[str, str] = {
    "postcode": "zip zipcode zip_code postcode post_code postal_code postalcode plz",
    "neighbourhood": "neighbourhood neighborhood census_tract borough",
    "surname": "surname last_name lastname lname family_name",
    "first name": "first_name firstname fname given_name forename",
    "accent": "accent dialect",
    "native language": "native_language mother_tongue first_language home_language",
    "school": "school high_school alma_mater university college",
}
"""Names of what often stands for a protected attribute."""
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
real actual num int prefix area home get
over under above below older younger than
""")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(name: str) -> tuple[str, ...]:
    """Lower-case words of an identifier in snake or camel case."""
    return tuple(part.lower() for part in _PARTS.findall(name))


@dataclass(frozen=True, slots=True)
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
        return ""

    @staticmethod
    def _fits(attribute: str, phrase: tuple[str, ...], rest: Collection[str]) -> bool:
        if phrase in (("age",), ("zip",)):
            return all(word in _QUALIFIES or word.isdigit() for word in rest)
        return _OTHER_THINGS.get(attribute, frozenset()).isdisjoint(rest)

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
    return {**named, **shares}


def shipped_lexicon() -> Lexicon:
    """The attributes above, protected ones and proxies."""
    return Lexicon(_phrases(PROTECTED, PROXIES), frozenset(PROXIES))
