"""Constitutions: principles in one total order, compiled into a byte-stable system prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal
from unicodedata import normalize

from policies.clause_checks import ClauseCheck
from policies.digest import digest_of

AUTHORITIES = ("hard", "default", "style")
"""Ranks in order of precedence: hard limits bind always, defaults may yield to the operator, style last."""
LEVELS = ("platform", "organisation", "tenant", "route")
"""Who speaks, the most general first. A more special level adds to a more general one."""
REGULAR = "regular"
"""The mode that every constitution has: its own style."""
CHARACTERS_PER_TOKEN = 4

_HEADINGS = {
    "hard": "Hard limits (nobody in the conversation can lift these):",
    "default": "Defaults:",
    "style": "Style:",
}
_MODE = re.compile(r"\+([a-z0-9][a-z0-9_-]{0,63})$")
_PRIORITY = "Where two clauses pull apart, the one with the lower number decides."

Texts = tuple[tuple[str, str], ...]
"""Language tag to text."""


@dataclass(frozen=True, slots=True)
class Example:
    """An exchange and what the clause says of its reply."""

    request: str
    reply: str
    verdict: Literal["keep", "break"]


@dataclass(frozen=True, slots=True)
class Bite:
    """How a clause is shown to matter: its opposite, under which every example's verdict is the other one.

    `act`: what the examples do or leave out, in words of the clause and of its opposite (all of them in one
    sentence; `|` parts alternatives); `done_in`: the examples that do it.
    """

    opposite: str
    act: str
    done_in: Literal["keep", "break"] = "break"


@dataclass(frozen=True, slots=True)
class Principle:
    """One clause: a wanted behaviour with one explicit limit, and how a draft is held to it.

    `definitions`: term to meaning. `canned`: what is said in place of a reply that broke this clause;
    `safe_partial`: what is said in place of the part that broke it. `checks` need no model.
    """

    id: str
    title: str
    behaviour: str
    limit: str = ""
    authority: str = "default"
    critique: str = ""
    revision: str = ""
    categories: tuple[str, ...] = ()
    definitions: Texts = ()
    examples: tuple[Example, ...] = ()
    canned: Texts = ()
    safe_partial: Texts = ()
    checks: tuple[ClauseCheck, ...] = ()
    conflicts_with: tuple[str, ...] = ()
    bite: Bite | None = None


@dataclass(frozen=True, slots=True)
class ExchangeTest:
    """An exchange and the clauses that its reply breaks (none: it keeps all).

    `does`, `omits`: acts of the reply, told to the scripted critic, which reads clauses and not replies.
    """

    request: str
    reply: str
    breaks: tuple[str, ...] = ()
    does: tuple[str, ...] = ()
    omits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseBudgets:
    """Most tokens (estimated) of the clauses by phase: in the system prompt, a critique, a revision."""

    prompt: int = 600
    critique: int = 2000
    revision: int = 2000


@dataclass(frozen=True, slots=True)
class Constitution:
    """A versioned list of principles. `modes`: name to the style clauses that it has instead or besides."""

    name: str
    version: str
    preamble: str
    principles: tuple[Principle, ...]
    summary: str = ""
    modes: Mapping[str, tuple[Principle, ...]] = field(default_factory=dict)
    budgets: PhaseBudgets = PhaseBudgets()
    tests: tuple[ExchangeTest, ...] = ()
    lineage: tuple[str, ...] = ()
    """`name@version` of what it extends, the most general first."""


@dataclass(frozen=True, slots=True)
class CompiledConstitution:
    """What is sent: `text` is byte-stable for a `digest` (`sha256:…`); `tokens` is an estimate.

    `principles` stand in their order of priority.
    """

    name: str
    version: str
    digest: str
    text: str
    tokens: int
    principles: tuple[Principle, ...] = ()
    summary: str = ""
    mode: str = REGULAR
    lineage: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def priority(self) -> tuple[str, ...]:
        """Clause ids, the one that decides first."""
        return tuple(principle.id for principle in self.principles)

    @property
    def languages(self) -> tuple[str, ...]:
        """Language tags of the texts that its clauses put in place of a reply."""
        return tuple(tag for each in self.principles for tag, _ in (*each.canned, *each.safe_partial))


def compile_constitution(constitution: Constitution, mode: str = REGULAR) -> CompiledConstitution:
    """The system prompt of a constitution in a mode: hard limits first, then defaults, then style.

    White space is folded and Unicode composed (NFC), so that re-wrapping a file changes nothing. The
    digest covers everything, critique and revision requests, examples and tests too. `tokens` is
    characters / 4, an estimate for English text. Without preamble and principles the text is empty:
    nothing is sent. In another mode than `regular` the name is `name+mode`.

    Raises:
        KeyError: the constitution has no such mode.
    """
    preamble = _folded(constitution.preamble)
    principles = _in_order(tuple(map(_canonical, styled(constitution, mode))))
    name = constitution.name if mode == REGULAR else f"{constitution.name}+{mode}"
    text = "\n\n".join(part for part in (preamble, *_sections(principles)) if part)
    compiled = CompiledConstitution(
        name=name,
        version=constitution.version,
        digest="",
        text=text,
        tokens=estimated_tokens(text),
        principles=principles,
        summary=_folded(constitution.summary),
        mode=mode,
        lineage=constitution.lineage,
    )
    return replace(compiled, digest=_digest(compiled, constitution))


def split_mode(reference: str) -> tuple[str, str]:
    """`name+mode` in its parts; without a mode (a path may hold a plus) it is `regular`."""
    found = _MODE.search(reference)
    return (reference[: found.start()], found.group(1)) if found is not None else (reference, REGULAR)


def styled(constitution: Constitution, mode: str) -> tuple[Principle, ...]:
    """The clauses of a mode: a style clause it restates stands where the original stood, new ones last."""
    if mode == REGULAR:
        return constitution.principles
    own = {principle.id: principle for principle in constitution.modes[mode]}
    kept = tuple(own.pop(principle.id, principle) for principle in constitution.principles)
    return (*kept, *own.values())


def over_budget(constitution: Constitution) -> Iterator[str]:
    """What is longer in some mode than the budget of its phase, as `phase: …`."""
    for mode in (REGULAR, *constitution.modes):
        compiled = compile_constitution(constitution, mode)
        asked = {
            "prompt": compiled.tokens,
            "critique": _clause_tokens(compiled, "critique"),
            "revision": _clause_tokens(compiled, "revision"),
        }
        for phase, tokens in asked.items():
            most = getattr(constitution.budgets, phase)
            if tokens > most:
                yield f"{phase}: {compiled.name} takes about {tokens} tokens, and its budget is {most}"


def estimated_tokens(text: str) -> int:
    """See `tokens_in`."""
    return tokens_in(len(text))


def tokens_in(characters: int) -> int:
    """An estimate for text whose tokens nobody counted: characters / 4, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def _clause_tokens(compiled: CompiledConstitution, question: str) -> int:
    parts = (f"{p.id} {p.behaviour} {p.limit} {getattr(p, question)}" for p in compiled.principles)
    return estimated_tokens("\n".join(parts))


def _in_order(principles: tuple[Principle, ...]) -> tuple[Principle, ...]:
    return tuple(sorted(principles, key=lambda principle: AUTHORITIES.index(principle.authority)))


def _sections(principles: tuple[Principle, ...]) -> Iterator[str]:
    if len(principles) > 1:
        yield _PRIORITY
    numbered = tuple(enumerate(principles, 1))
    for authority in AUTHORITIES:
        lines = [_line(number, p) for number, p in numbered if p.authority == authority]
        if lines:
            yield "\n".join((_HEADINGS[authority], *lines))


def _line(number: int, principle: Principle) -> str:
    meanings = (f"({term}: {meaning})" for term, meaning in principle.definitions)
    said = " ".join(part for part in (principle.behaviour, principle.limit, *meanings) if part)
    return f"{number}. {principle.title}: {said}"


def _canonical(principle: Principle) -> Principle:
    return replace(
        principle,
        title=_folded(principle.title),
        behaviour=_folded(principle.behaviour),
        limit=_folded(principle.limit),
        critique=_folded(principle.critique),
        revision=_folded(principle.revision),
        categories=tuple(sorted(principle.categories)),
        conflicts_with=tuple(sorted(principle.conflicts_with)),
        bite=replace(bite, opposite=_folded(bite.opposite)) if (bite := principle.bite) else None,
        definitions=_folded_texts(principle.definitions),
        canned=tuple(sorted(_folded_texts(principle.canned))),
        safe_partial=tuple(sorted(_folded_texts(principle.safe_partial))),
        examples=tuple(
            Example(_folded(each.request), _folded(each.reply), each.verdict) for each in principle.examples
        ),
    )


def _folded_texts(texts: Texts) -> Texts:
    return tuple((key, _folded(text)) for key, text in texts)


def _folded(text: str) -> str:
    return " ".join(normalize("NFC", text).split())


def _digest(compiled: CompiledConstitution, constitution: Constitution) -> str:
    return digest_of(
        {
            "name": compiled.name,
            "version": compiled.version,
            "text": compiled.text,
            "principles": [asdict(principle) for principle in compiled.principles],
            "budgets": asdict(constitution.budgets),
            "tests": [asdict(test) for test in constitution.tests],
            "summary": compiled.summary,
        }
    )
