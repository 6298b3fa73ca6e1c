"""The language of a canned reply: what the client says it reads, else a cheap guess from its own words.

The guess looks at scripts first and at a handful of very frequent words second. It runs only when a reply is
canned, and answers `""` rather than something unlikely.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

# Language, the share of a text's characters that must be of the script (or of the letters that only this
# language has in it), and those characters; rarer letters before the script they belong to.
_SCRIPTS = (
    ("ja", 0.2, re.compile("[\u3040-\u30ff]")),
    ("ko", 0.2, re.compile("[\uac00-\ud7af]")),
    ("zh", 0.2, re.compile("[\u4e00-\u9fff]")),
    ("th", 0.2, re.compile("[\u0e00-\u0e7f]")),
    ("hi", 0.2, re.compile("[\u0900-\u097f]")),
    ("he", 0.2, re.compile("[\u0590-\u05ff]")),
    ("el", 0.2, re.compile("[\u0370-\u03ff]")),
    ("uk", 0.03, re.compile("[\u0456\u0457\u0454\u0491]")),
    ("ru", 0.2, re.compile("[\u0400-\u04ff]")),
    ("fa", 0.03, re.compile("[\u067e\u0686\u0698\u06af]")),
    ("ar", 0.2, re.compile("[\u0600-\u06ff]")),
)
_FREQUENT = {
    "en": "the and you how what with that this for are can please my of is to",
    "de": "der die das und ist nicht ich wie ein eine kann bitte mit für mir auf zu man den",
    "fr": "le les des est je vous une dans pour que pas comment avec mon sur peux moi du et",
    "es": "el los las una por para como cómo qué que puedo con mi está hacer del en y",
    "it": "il gli che una per come non sono con mio della puoi fare di sono è perché",
    "pt": "o os uma para como não você com meu posso fazer do da em é por",
    "nl": "het een de en niet ik hoe van voor met mijn kan maken op is je",
    "pl": "jak nie się jest na do czy co mogę mój dla w i że to",
    "tr": "bir ve nas\u0131l için bu ne ben mi da de ile olarak",
    "sv": "och att det jag hur en är för med kan inte på",
}
_WORDS = {language: frozenset(words.split()) for language, words in _FREQUENT.items()}
_WORD = re.compile(r"[^\W\d_]+")
_READ_CHARS = 600


def preferred(accept_language: str, available: Collection[str]) -> str:
    """The best available language of an `Accept-Language` header, `""` when none is."""
    wishes: list[tuple[float, int, str]] = []
    for position, item in enumerate(accept_language[:400].split(",")):
        tag, _, parameter = item.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in available:
            wishes.append((-_quality(parameter), position, primary))
    wishes.sort()
    return wishes[0][2] if wishes and wishes[0][0] < 0 else ""


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def guess(text: str, available: Collection[str]) -> str:
    """The likely language of a text among those available, `""` when nothing speaks for one."""
    sample = text[:_READ_CHARS].lower()
    for language, share, script in _SCRIPTS:
        if language in available and len(script.findall(sample)) >= share * len(sample) > 0:
            return language
    words = _WORD.findall(sample)
    hits = Counter({language: sum(word in known for word in words) for language, known in _WORDS.items()})
    (first, count), (_, second) = hits.most_common(2)
    likely = count >= 2 and count > second and first in available
    return first if likely else ""
