"""Which language a text is in: by its script, and by the function words where the script is Latin.

Nothing is learnt and nothing is loaded. `guess` names the likely language of a text among some. `Languages`
says whether a text, or a substantial part of it, is in a language that a classifier was not trained on:
scores of such a text mean nothing, the low ones least of all. Without evidence a text counts as known: code,
names, numbers, formulas and single words stay what they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from classifiers.function_words import FUNCTION_WORDS, NAMELIKE, words_of

DETECTOR = "languages:1"
"""Part of a classifier's digest; raised whenever a text may be told otherwise than before."""

EVERY = "*"
"""In a manifest: the model reads every language. So does one that names none."""

PART, WHOLE = 0.3, 0.5
"""Shares of a text's words: from `PART` on so much is foreign that it counts, from `WHOLE` on all is."""
FEW, MANY = 6, 12
"""Foreign words that make a part, and those that make one however long the rest is."""
_SHORTEST, _FAINT_FROM = 3, 4
_PIECE = 16
_SHORT_TEXT = 48
_DENSITY = 6
_READ_CHARS = 600


@dataclass(frozen=True, slots=True)
class _Script:
    """`language`: whose it is where nothing else is known; `also`: others that are written in it.

    `share`: part of the characters from which on a text is in that language; low for letters that only
    one language has in its script.
    """

    language: str
    chars: str
    also: tuple[str, ...] = ()
    share: float = 0.2

    def count(self, text: str) -> int:
        """How many characters of a text are of the script."""
        return len(re.findall(f"[{self.chars}]", text))


_SCRIPTS = (
    _Script("ja", "\u3040-\u30ff"),
    _Script("ko", "\uac00-\ud7af\u1100-\u11ff\u3130-\u318f"),
    _Script("zh", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f", ("ja",)),
    _Script("th", "\u0e00-\u0e7f"),
    _Script("hi", "\u0900-\u097f", ("mr", "ne", "sa")),
    _Script("bn", "\u0980-\u09ff", ("as",)),
    _Script("he", "\u0590-\u05ff", ("yi",)),
    _Script("el", "\u0370-\u03ff\u1f00-\u1fff"),
    _Script("uk", "\u0404\u0406\u0407\u0454\u0456\u0457\u0490\u0491", share=0.03),
    _Script("ru", "\u0400-\u052f", ("uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg", "tt")),
    _Script("fa", "\u067e\u0686\u0698\u06a9\u06af\u06cc", ("ur", "ps", "ku"), share=0.03),
    _Script(
        "ar", "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc", ("fa", "ur", "ps", "ku")
    ),
    _Script("ka", "\u10a0-\u10ff\u1c90-\u1cbf"),
    _Script("hy", "\u0530-\u058f"),
    _Script("am", "\u1200-\u139f", ("ti",)),
    _Script("pa", "\u0a00-\u0a7f"),
    _Script("gu", "\u0a80-\u0aff"),
    _Script("or", "\u0b00-\u0b7f"),
    _Script("ta", "\u0b80-\u0bff"),
    _Script("te", "\u0c00-\u0c7f"),
    _Script("kn", "\u0c80-\u0cff"),
    _Script("ml", "\u0d00-\u0d7f"),
    _Script("si", "\u0d80-\u0dff"),
    _Script("lo", "\u0e80-\u0eff"),
    _Script("bo", "\u0f00-\u0fff"),
    _Script("my", "\u1000-\u109f"),
    _Script("km", "\u1780-\u17ff"),
    _Script(
        "other",
        "\u0700-\u08ff\u13a0-\u16ff\u1700-\u177f\u1800-\u1aaf\u1b00-\u1c7f\u2c00-\u2c5f\u2d30-\u2d7f"
        "\ua000-\ua63f\ua800-\uaaff\uabc0-\uabff\U00010000-\U0001bfff\U0001e100-\U0001e95f",
        share=0.0,
    ),
)
"""Rarer letters stand before the script they belong to; letters that no line names are Latin."""
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_CHARS_A_WORD = 6
_BREAKS = re.compile('[.!?;:|\n"\u201c\u201d\u201e\u00ab\u00bb()\u2022]+')
_ADDRESS = re.compile(r"://\S+")
_BLANK = str.maketrans({chr(point): " " for point in range(128) if not chr(point).isalpha()})

LANGUAGES = tuple(dict.fromkeys((*FUNCTION_WORDS, *(script.language for script in _SCRIPTS))))
"""Every language that can be told, and `other` for the rest of the scripts."""


class Languages:
    """The languages that a classifier reads (tags such as `en` or `pt-BR`), and what is outside of them."""

    def __init__(self, languages: Collection[str]) -> None:
        own = {tag.lower().partition("-")[0] for tag in languages}
        self._every = not own or EVERY in own
        foreign = [script.chars for script in _SCRIPTS if own.isdisjoint((script.language, *script.also))]
        self._runs = re.compile(f"[{''.join(foreign)}]+")
        self._known = frozenset[str]().union(*(FUNCTION_WORDS.get(tag, ()) for tag in own))
        self._languages_of: dict[str, list[str]] = {}
        for tag in FUNCTION_WORDS.keys() - own:
            for word in FUNCTION_WORDS[tag] - self._known:
                self._languages_of.setdefault(word, []).append(tag)
        self._foreign = frozenset(self._languages_of)
        self._telling = frozenset(filter(_tells, self._foreign))

    def outside(self, text: str) -> str:
        """The language that a text, or much of it, is in where that is none of these, else `""`.

        Cost is linear; ordinary ASCII text costs one pass over its words.
        """
        if self._every:
            return ""
        sure, faint = Counter[str](), Counter[str]()
        if text.isascii():
            words = text.lower().translate(_BLANK).split()
        else:
            text = self._without_scripts(text, sure)
            words = words_of(text.lower())
        total = len(words) + sure.total()
        if self._is_suspect(words):
            for piece in _pieces(text):
                language, certain = self._judge(piece)
                if language:
                    (sure if certain else faint)[language] += len(piece)
        return _likeliest(sure + faint) if _is_much(sure.total(), faint.total(), total) else ""

    def _is_suspect(self, words: Sequence[str]) -> bool:
        """A closer look is worth while; long texts in another language always have a word that tells."""
        if len(words) > _SHORT_TEXT:
            return not self._telling.isdisjoint(words)
        return len(self._foreign.intersection(words)) > 1 or not self._telling.isdisjoint(words)

    def _without_scripts(self, text: str, words: Counter[str]) -> str:
        """The text without foreign scripts; what stands in them is counted in `words`.

        A single letter is a sign of a formula, unless its script writes words with one.
        """
        runs = [run for run in self._runs.findall(text) if len(run) > 1 or _DENSE.match(run)]
        if not runs:
            return text
        size = sum(len(run) / 2 if _DENSE.match(run) else max(1, len(run) / _CHARS_A_WORD) for run in runs)
        words[_by_script("".join(runs))] += round(size)
        return self._runs.sub(" ", text)

    def _judge(self, piece: Sequence[str]) -> tuple[str, bool]:
        """The foreign language of a few words (`""`: none), and whether that is certain.

        Its function words must outweigh the known ones that it has not, and one of them must tell. With
        less of them there is a faint case, and only where nothing known stands beside them.
        """
        words = [word.lower() for word in piece]
        foreign = self._foreign.intersection(words)
        if len(words) < _SHORTEST or not foreign:
            return "", False
        hits = Counter(tag for word in words if word in foreign for tag in self._languages_of[word])
        known = [word for word in words if word in self._known]
        marked = {word for word in piece if not word.isascii() and word[0].islower()} - foreign
        faint = ""
        for language, count in sorted(hits.items(), key=lambda item: (-item[1], item[0])):
            against = sum(word not in FUNCTION_WORDS[language] for word in known)
            own = {word for word in foreign if language in self._languages_of[word]}
            telling = own & self._telling
            evidence = len(own) + len(telling)
            if telling and evidence >= 3 + 2 * against and count > against and count * _DENSITY >= len(words):
                return language, True
            if not (faint or against) and (telling or len(own) + len(marked) >= 3):
                faint = language
        return ("" if len(words) < _FAINT_FROM or _is_list_of_names(piece) else faint), False


def _is_list_of_names(words: Sequence[str]) -> bool:
    """More than a third of the words, the first aside, begin with a capital."""
    return 3 * sum(word[0].isupper() for word in words[1:]) > len(words)


def _tells(word: str) -> bool:
    """Whether a function word speaks for its language by itself: no short one, and none that names have."""
    return word not in NAMELIKE and len(word) > (2 if word.isascii() else 1)


def _pieces(text: str) -> Iterator[list[str]]:
    """Words sentence by sentence; long ones are cut, short ones go with the next."""
    held: list[str] = []
    for sentence in _BREAKS.split(_ADDRESS.sub(" ", text)):
        held += words_of(sentence)
        if len(held) > _SHORTEST:
            step = -(-len(held) // -(-len(held) // _PIECE))
            yield from (held[place : place + step] for place in range(0, len(held), step))
            held = []
    yield held


def _is_much(sure: int, faint: int, total: int) -> bool:
    """Whether so many foreign words among all make a text one that cannot be scored.

    Faint cases count beside a sure one, and by themselves where they are most of the text.
    """
    foreign = sure + faint
    part = sure > 0 and foreign >= FEW and (foreign >= PART * total or foreign >= MANY)
    return part or foreign >= max(2, WHOLE * total)


def _likeliest(words: Counter[str]) -> str:
    return words.most_common(1)[0][0]


def _by_script(text: str) -> str:
    """Whose script the characters are; all of them are of some script."""
    found = (script for script in _SCRIPTS if script.count(text) >= max(1.0, script.share * len(text)))
    return next(found, _SCRIPTS[-1]).language


def guess(text: str, available: Collection[str]) -> str:
    """The likely language of a text among those available, `""` when nothing speaks for one."""
    sample = text[:_READ_CHARS].lower()
    for script in _SCRIPTS:
        if script.language in available and script.count(sample) >= script.share * len(sample) > 0:
            return script.language
    words = words_of(sample)
    hits = Counter(
        {language: sum(word in known for word in words) for language, known in FUNCTION_WORDS.items()}
    )
    (first, count), (_, second) = hits.most_common(2)
    likely = count >= 2 and count > second and first in available
    return first if likely else ""
