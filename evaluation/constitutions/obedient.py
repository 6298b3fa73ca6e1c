"""A scripted critic that obeys the text of the clauses it is shown.

What a reply does is told to it (it cannot read replies); whether that breaks a clause it reads in the
prompt: a sentence of a clause that names an act after a negation forbids it, one that names it without
wants it, and a clause that does not name it has no say. So a clause that is reworded, turned round or
left out changes its verdicts, and nothing else does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.constitution import Constitution, ExchangeTest

_CLAUSE = re.compile(r"^- ([a-z0-9][a-z0-9._-]*): (.*)$", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.;!?])\s+")
_WORD = re.compile(r"[\w'\u2019-]+")
_NEGATIONS = frozenset(
    (
        "no",
        "not",
        "never",
        "without",
        "nor",
        "neither",
        "none",
        "nothing",
        "nobody",
        "don't",
        "avoid",
        "refrain",
    )
)
_STEM = 5
_QUOTED_WORDS = 25


@dataclass(frozen=True, slots=True)
class Perception:
    """A reply does an act, or leaves it out. `clause`: the only one it concerns; empty: every one."""

    reply: str
    act: str
    done: bool
    clause: str = ""


class ObedientCritic:
    """Answers critique prompts about the replies that it was told of; it keeps all others."""

    def __init__(self, perceptions: Iterable[Perception]) -> None:
        self._perceptions = tuple(dict.fromkeys(perceptions))

    def __call__(self, system: str, user: str) -> str:
        """The critic's object, as the prompt asks for it."""
        draft = _unwrapped(user.rpartition("DRAFT BEGINS")[2])
        seen = [each for each in self._perceptions if _unwrapped(each.reply) in draft]
        findings = [
            {
                "clause": name,
                "quote": _quoted(each.reply),
                "reason": "The clause says otherwise.",
                "severity": 2,
            }
            for name, text in _clauses(system)
            for each in seen
            if each.clause in ("", name) and breaks(text, each.act, done=each.done)
        ]
        unique = list({finding["clause"]: finding for finding in findings}.values())
        return json.dumps({"findings": unique, "action": "revise" if unique else "keep"})


def perceptions_of(constitution: Constitution) -> Iterator[Perception]:
    """What the examples and tests of a constitution do and leave out."""
    everywhere = (*constitution.principles, *(each for mode in constitution.modes.values() for each in mode))
    for principle in everywhere:
        if principle.bite is not None:
            for example in principle.examples:
                done = example.verdict == principle.bite.done_in
                yield Perception(example.reply, principle.bite.act, done, principle.id)
    for test in constitution.tests:
        yield from perceptions_in(test)


def perceptions_in(test: ExchangeTest) -> Iterator[Perception]:
    """What one exchange does and leaves out."""
    yield from (Perception(test.reply, act, True) for act in test.does)
    yield from (Perception(test.reply, act, False) for act in test.omits)


def breaks(clause: str, act: str, *, done: bool) -> bool:
    """Whether doing an act, or leaving it out, breaks the words of a clause."""
    wanted = polarity(clause, act)
    return wanted is not None and wanted != done


def polarity(clause: str, act: str) -> bool | None:
    """True where a clause wants an act, False where it forbids it, None where it does not speak of it."""
    found: bool | None = None
    for sentence in _SENTENCE_END.split(clause):
        words = [word.lower().replace("\u2019", "'") for word in _WORD.findall(sentence)]
        places = [_places(words, each) for each in act.split("|")]
        named = min((place for place in places if place is not None), default=None)
        if named is not None:
            forbidden = any(word in _NEGATIONS for word in words[:named])
            found = not forbidden if found is not False else False
    return found


def _places(words: list[str], act: str) -> int | None:
    """Where the first word of an act stands, if all of its words are there (by their first letters)."""
    stems = [word.lower()[:_STEM] for word in act.split()]
    firsts = [next((at for at, word in enumerate(words) if word[:_STEM] == stem), None) for stem in stems]
    known = [at for at in firsts if at is not None]
    return min(known) if len(known) == len(firsts) and known else None


def _clauses(system: str) -> Iterator[tuple[str, str]]:
    for name, text in _CLAUSE.findall(system.rpartition("\nClauses:\n")[2]):
        yield name, text.partition(" Ask: ")[0]


def _unwrapped(text: str) -> str:
    return " ".join(text.replace("\n| ", "\n").split())


def _quoted(reply: str) -> str:
    return " ".join(reply.split()[:_QUOTED_WORDS])
