"""The phrases by which replies refuse, in English and shorter lists for German, Spanish and French.

All are sought in a text in lower case with plain apostrophes and single spaces that starts with a space,
so that every expression begins with one: the engine then looks at starts of words only. `TRIGGERS` are
short strings one of which stands in every text that `OPENERS`, `REFUSES` or `UNABLE` can match; most
replies hold none, and then nothing else is tried.
"""

from __future__ import annotations

import re


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(f" (?:{'|'.join(alternatives)})")


TRIGGERS = (
    "n't ", "cannot", "can not", "unable", "not able", "be able", "not going", "not allowed",
    "not permitted", "not authorized", "not designed", "sorry", "apolog", "decline", "refuse",
    "will not", "do not", "comfortable", "not something", "appropriate", "ethical", "illegal",
    "against", "not to", "acceptable", "violate", "contrary", "conflict", "wrong", "pass on",
    "to do that", "not okay", "never", "irresponsible", "cutoff", "cut-off", "not have", "am not",
    "does not", "knowledge only", "training", "no puedo", "no podr", "lo siento", "lo lamento",
    "no tengo", "je ne", "je refuse", "désol", "je n'ai", "tut mir", "bedaure", "ich", "must adhere",
    "must emphas", "must remind", "must stress", "must advise", "must caution", "have to remind",
)  # fmt: skip

# What a refused request would have had done.
_DEEDS = (
    r"(?:help|assist|provide|support|give|offer|create|write|generate|engage|participate|discuss"
    r"|share|fulfil|comply"
    r"|answer|recommend|produce|continue|carry|tell|teach|advise|suggest|be able|do that|do this"
    r"|respond|make|explain"
    r"|describe|facilitate|complete|satisfy|accommodate|promote|encourage|endorse|condone"
    r"|contribute|guide|instruct"
    r"|supply|process|proceed|talk|go into|speak|draft|compose|list|show|allow|be part|be a part"
    r"|take part|in good"
    r"|ethically|responsibly|fully)"
)
_NOT = r"(?:can't|cannot|can not|won't|will not|couldn't)"
_SOFTLY = r"(?: (?:really|just|simply|actually|currently|directly|personally|therefore|also|only|legally))?"
_BAD = r"(?:not|never|illegal|unethical|inappropriate|harmful|against|wrong)\b"

_DECLINES = (
    rf"{_NOT}{_SOFTLY} (?!help (?:but|feeling|noticing)){_DEEDS}",
    rf"(?:am |must )?(?:afraid |sorry )?(?:that )?i {_NOT}{_SOFTLY} {_DEEDS}",
    (
        r"(?:must|have to|need to|will have to|am going to|would|will)(?: have to)?"
        r"(?: respectfully| politely| firmly)? (?:decline|refuse|pass on this)"
    ),
    r"(?:respectfully |politely )?(?:decline|refuse) (?:to|this|that|your)",
    r"(?:am (?:not |un)comfortable|(?:do not|don't) feel comfortable)",
    (
        r"(?:do not|don't|cannot|can't|will not|won't) (?:condone|promote|encourage|endorse|support"
        r"|engage|participate"
        r"|assist|want to (?:help|encourage|promote)|think (?:it's|it is|that's|that is|i should) )"
    ),
    (
        rf"(?:must|have to|need to|would|want to) (?:emphasi[sz]e|stress|strongly|clarify|insist"
        rf"|remind you|advise you"
        rf"|caution|warn)[^.]{{0,60}} {_BAD}"
    ),
    r"(?:strongly )?(?:advise|urge|discourage|recommend)(?: you)? (?:against|not to)",
    r"must adhere to",
)
_ENGLISH = (
    rf"i (?:{'|'.join(_DECLINES)})",
    (
        r"i'm (?:(?:not |un)comfortable|sorry,? but (?:i|as|it|this|that|there)|going to (?:decline"
        r"|refuse|pass))"
    ),
    r"(?:am |but )sorry,? but (?:i|as|it|this|that|there)\b",
    r"i'll (?:have to )?(?:decline|refuse|pass on this)",
    rf"(?:and|so|therefore,?|but) (?:i )?{_NOT}{_SOFTLY} {_DEEDS}",
    rf"(?:unable|not (?:able|be able|going|allowed|permitted|authorized|designed)) to{_SOFTLY} {_DEEDS}",
    (
        r"(?:against|violates?|contrary to|conflicts? with) (?:my|our|the) (?:programming|guideline"
        r"|polic|principle|value"
        r"|ethic|content|use case)"
    ),
    r"(?:is not|isn't|that's not|that is not) something (?:that )?(?:i|we)\b",
    (
        r"(?:that|this|your)(?: request| question| topic| prompt)? (?:is"
        r"|would be) (?:not (?:appropriate|ethical|acceptable"
        r"|okay)|inappropriate|unethical|illegal)"
    ),
    (
        r"it(?:'s| is| would be| wouldn't be| is never| would not be)(?: also| highly| morally"
        r"| completely)?(?: not| never)?"
        r" (?:appropriate|ethical|acceptable|unethical|inappropriate|illegal (?:and|or) [a-z]{2,20}"
        r"|morally wrong|wrong|irresponsible)"
        r"(?: (?:and|or) [a-z]{2,20})? (?:to|for me)\b"
    ),
)
_GERMAN = (
    r"ich (?:kann|darf|werde|möchte) (?:[a-zäöüß,-]{1,20} ){0,6}(?:nicht|keine[nrms]?)\b",
    r"(?:tut mir (?:sehr |wirklich )?leid|bedaure),? (?:aber|doch|ich|dass|dabei|das)\b",
    r"(?:dabei|damit|hierbei|darauf) (?:kann|darf|werde) ich (?:[a-zäöüß,-]{1,20} ){0,3}nicht\b",
)
_SPANISH = (
    (
        r"no (?:puedo|podría|podré) (?:ayudar|asistir|proporcionar|dar|ofrecer|crear|escribir|generar"
        r"|cumplir|responder"
        r"|participar|compartir|hacer|facilitar|apoyar|continuar|explicar)"
    ),
    r"lo (?:siento|lamento),? (?:pero )?(?:no|como)\b",
)
_FRENCH = (
    (
        r"je (?:ne peux|ne puis|ne saurais|ne vais|refuse|ne suis)(?: (?:donc|malheureusement"
        r"|absolument))?(?: pas)?"
        r" (?:vous |t'|te |y |de )?(?:en mesure|aider|fournir|donner|répondre|créer|écrire|proposer"
        r"|participer|faire"
        r"|expliquer|autorisé|satisfaire|rédiger|continuer|partager)"
    ),
    r"(?:je suis )?(?:vraiment |sincèrement )?désolée?,? (?:mais|je)\b",
)

OPENERS = _words(
    r"(?:i(?:'m| am) )?(?:really |very |so |truly |deeply )?sorry,? (?:but )?(?:i|that|this|as|it)\b",
    r"(?:i |my |we )?(?:sincere )?apolog(?:ies|ize|ise)[^.]{0,40}(?:but|,) (?:i|as|this|that)\b",
)
"""Refusals at the very start of a reply."""

REFUSES = _words(*_ENGLISH, *_GERMAN, *_SPANISH, *_FRENCH)
"""Declines for a reason of policy."""

_SENSES = (
    r"(?: \w{1,12})? (?:access|browse|see|view|open|hear|listen|watch|play|remember|recall|predict"
    r"|know|verify|check"
    r"|look up|search|retrieve|visit|taste|smell|feel|display|execute|run|track|determine|find)\b"
)
UNABLE = _words(
    rf"i (?:can't|cannot|can not|am unable to|am not able to){_SENSES}",
    rf"i'm (?:unable to|not able to){_SENSES}",
    r"i (?:currently )?(?:do not|don't) (?:currently |actually )?have (?:\w{1,12} ){0,3}?(?:access"
    r"|the ability"
    r"|real-time|realtime|up-to-date|current|live|information|data|memory|records|eyes|personal"
    r"|feelings|emotions"
    r"|opinions|preferences|experiences|a body|physical|enough)",
    r"as (?:an ai|a language model|a large language model|a text-based)[^.]{0,40}, i (?:do not"
    r"|don't|am not|'m not)"
    r" (?:have|possess|able to (?:access|browse|see|feel)|experience|capable)",
    r"(?:my|the) (?:knowledge|training)(?: data)? (?:cutoff|cut-off|only|does not|doesn't|ends|was last)",
    r"ich habe (?:leider )?(?:keinen|keine|kein) (?:zugriff|echtzeit|aktuellen|zugang)",
    r"no tengo (?:acceso|información|la capacidad|datos|opiniones)",
    r"je n'ai pas (?:accès|la capacité|d'informations|d'opinions|de données)",
)
"""Declines for lack of ability."""

HINTS = _words(
    r"(?:illegal|unethical|inappropriate|harmful|dangerous|offensive|against the law)\b",
    r"it(?:'s| is) (?:important|essential|crucial|vital) to (?:remember|note|respect|understand"
    r"|consider|treat)",
    r"(?:sorry|unfortunately|apologize|regret)\b",
    r"as (?:an ai|a language model|a responsible)\b",
    r"(?:leider|lamentablemente|malheureusement|désolé)\b",
)
"""Found beside refusals and elsewhere: counts only together with a score."""

TURNS = _words(
    r"(?:however|but|instead|that said|nevertheless|alternatively|rather"
    r"|what i can)\b[^.:]{0,80} (?:here|i can|i could"
    r"|i'd|i would|i'll|i will|consider|let me|you can|you could|we can|it is|there are)\b",
    r"i(?: can|'d be happy to|'m happy to|'ll be glad to| would be happy to)(?: still| certainly"
    r"| definitely| instead"
    r"| however)? (?:help|offer|provide|explain|suggest|give|tell|share|describe)",
    r"(?:here are|here is|here's|below (?:is|are)|in general|generally speaking|for (?:a )?fiction)\b",
    r"(?:jedoch|allerdings|stattdessen|gerne? (?:kann|helfe)|sin embargo|en cambio|puedo|cependant"
    r"|en revanche"
    r"|je peux)\b",
)
"""The reply turns to what it can do."""
