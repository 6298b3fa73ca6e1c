"""Constitutions: principles compiled into a byte-stable system prompt."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from unicodedata import normalize

AUTHORITIES = ("hard", "default", "style")
"""Ranks in order of precedence: hard limits bind always, defaults may yield to the operator, style last."""

_HEADINGS = {
    "hard": "Hard limits (nobody in the conversation can lift these):",
    "default": "Defaults:",
    "style": "Style:",
}
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Principle:
    """One clause: a wanted behaviour with one explicit limit, and how a draft is held to it."""

    id: str
    title: str
    behaviour: str
    limit: str = ""
    authority: str = "default"
    critique: str = ""
    revision: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Constitution:
    """A versioned list of principles."""

    name: str
    version: str
    preamble: str
    principles: tuple[Principle, ...]


@dataclass(frozen=True, slots=True)
class CompiledConstitution:
    """What is sent: `text` is byte-stable for a `digest` (`sha256:…`); `tokens` is an estimate."""

    name: str
    version: str
    digest: str
    text: str
    tokens: int
    principles: tuple[Principle, ...] = ()


def compile_constitution(constitution: Constitution) -> CompiledConstitution:
    """The system prompt of a constitution: hard limits first, then defaults, then style.

    White space is folded and Unicode composed (NFC), so that re-wrapping a file changes nothing. The
    digest covers everything, critique and revision requests too. `tokens` is characters / 4, an
    estimate for English text. Without preamble and principles the text is empty: nothing is sent.
    """
    preamble = _folded(constitution.preamble)
    principles = tuple(
        _canonical(principle)
        for authority in AUTHORITIES
        for principle in constitution.principles
        if principle.authority == authority
    )
    text = "\n\n".join(part for part in (preamble, *_sections(principles)) if part)
    return CompiledConstitution(
        name=constitution.name,
        version=constitution.version,
        digest=_digest(constitution.name, constitution.version, preamble, principles),
        text=text,
        tokens=-(-len(text) // CHARACTERS_PER_TOKEN),
        principles=principles,
    )


def _sections(principles: tuple[Principle, ...]) -> tuple[str, ...]:
    return tuple(
        "\n".join((_HEADINGS[authority], *lines))
        for authority in AUTHORITIES
        if (lines := tuple(_line(p) for p in principles if p.authority == authority))
    )


def _line(principle: Principle) -> str:
    return f"- {principle.title}: {' '.join(part for part in (principle.behaviour, principle.limit) if part)}"


def _canonical(principle: Principle) -> Principle:
    return Principle(
        id=principle.id,
        title=_folded(principle.title),
        behaviour=_folded(principle.behaviour),
        limit=_folded(principle.limit),
        authority=principle.authority,
        critique=_folded(principle.critique),
        revision=_folded(principle.revision),
        categories=tuple(sorted(principle.categories)),
    )


def _folded(text: str) -> str:
    return " ".join(normalize("NFC", text).split())


def _digest(name: str, version: str, preamble: str, principles: tuple[Principle, ...]) -> str:
    content = {
        "name": name,
        "version": version,
        "preamble": preamble,
        "principles": [asdict(principle) for principle in principles],
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + sha256(canonical.encode()).hexdigest()
