"""Function words: the little words that hardly a sentence of a language does without.

They tell languages in Latin script apart. `function_words.txt` has them by language, written by hand: a word
that languages share stands in each list and so tells nothing between them. Forms without accents are added,
because many people type without them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

_ENGLISH_TOO = frozenset(
    """
    ab ac ai air ali also ann ap ar art ay az bare bent best bet bio biz boi bus by ca cad cal car care
    carson cat chan co cox dad dame dang data date day dig dom drug ef em er face fare fast fi fins fu
    fun fur game gan gen gift go gum gun hear here hi hint hit ho hon hum ike ini io jab jam jane jen
    kay kim lang len lib log made mai main man mans max meg meme men mere mind mine mix mod modo multi
    nan ned net nog note num ob ole os page pam pan pat pee pen pendant pod pot pre rat res rev sam same
    see sense seo sing sit site size sub sue tab table tables tag take tar teen ten tha theo there till
    tim tip tom ton uber um var vec vice vid wake wax word
    """.split()  # noqa: SIM905  (a list of words reads better as words)
)
"""Words that English, its names and its code use so often that they tell nothing of another language."""

NAMELIKE = frozenset(
    """
    abu ada al alt ammo ana ang apa ate att awake ban bang bat ben bin bis che chi cine com come comment
    como con cos cum da dab dan das dat de del dem den der des di dia die dir dit do door dos du een ein
    el ellen era est far fo fran gore gusto hans hat hoe hun ing inga iso ist itu jan jira jus kai kami
    kane kang kao kaya kita la las le les lori los lui mama man mana manga mani mar mas mei mein met mga
    mia min mit moet mon mot nana nil nila nina non notre ons ora pale par para pas per pie plus por
    pour pro proc que saint sama san sans sara ser sin son sur tie til toda todo todos tot tout tra tres
    uga una und van vina von wanda war wat yaya yeh yen zen
    """.split()  # noqa: SIM905  (a list of words reads better as words)
)
"""Words that stand in names, titles and loan phrases as well: by themselves they tell little."""

_WORD = re.compile(r"[^\W\d_]+")
_UNACCENTED = str.maketrans({"ß": "ss", "ł": "l", "đ": "d", "\u0131": "i"})


def words_of(text: str) -> list[str]:
    """The words of a text; apostrophes, hyphens, digits and signs part them."""
    return _WORD.findall(text)


def _read() -> Iterator[tuple[str, frozenset[str]]]:
    text = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    lists = {
        language: words_of(words) for language, words in re.findall(r"^(\w+): ([^:]*)$", text, re.MULTILINE)
    }
    english = frozenset(lists.pop("en"))
    yield "en", frozenset(word for word in english if len(word) > 1)
    for language, words in lists.items():
        yield language, frozenset(_forms(words, english)) - _ENGLISH_TOO


def _forms(words: list[str], english: frozenset[str]) -> Iterator[str]:
    """Each word, and as it is typed without accents; single ASCII letters are no words."""
    for word in words:
        if len(word) > 1 or not word.isascii():
            yield word
        letters = unicodedata.normalize("NFD", word.translate(_UNACCENTED))
        plain = "".join(char for char in letters if not unicodedata.combining(char))
        if len(plain) > 2 and plain not in english:
            yield plain


FUNCTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(dict(_read()))
"""Language to its function words, in lower case."""
