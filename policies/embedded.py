"""The embedded critic: a classifier names the sentences that go too far, and they are left out.

It asks no model. Each part of the draft is measured by itself, then the riskiest are left out one after
another while that makes the rest safer. What it finds passes through the same acceptance test as a
model's revision.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from policies.constitution import CompiledConstitution
from policies.findings import Critique, Evidence, Finding, folded

NAME = "embedded"
"""What a policy calls this critic."""
MAX_PARTS = 16
"""A draft is measured in at most so many parts; a longer one in groups of sentences."""
MAX_DROPS = 6
"""At most so many parts are left out."""
SUSPICIOUS = 0.5
"""A part that scores this share of the review threshold by itself goes where another one has to go."""
MIN_FALL = 0.02
"""Any other part stays unless the risk falls by this much without it."""
SEVERITY = 2
_QUOTED = 4000

_FENCED = re.compile(r"```.*?(?:```|\Z)\s*", re.DOTALL)
_SENTENCE = re.compile(r".+?(?:[.!?\u2026\u3002\uff01\uff1f][\"')\]*_]*(?=\s|\Z)\s*|\n\s*|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Measure:
    """A text to classify as a reply to the request: answered with `Measured`, or None on failure."""

    text: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Risk in [0, 1] (highest reviewed label), whether the text is a refusal, and what fixed checks find."""

    risk: float
    refusal: bool
    evidence: tuple[Evidence, ...] = ()


Risks = Generator[Measure, "str | Measured | None", "float | None"]


def split(draft: str) -> tuple[str, ...]:
    """At most `MAX_PARTS` parts of whole sentences, lines and code blocks; joined they are the draft."""
    parts: list[str] = []
    start = 0
    for fenced in _FENCED.finditer(draft):
        parts += [*_SENTENCE.findall(draft[start : fenced.start()]), fenced.group()]
        start = fenced.end()
    parts += _SENTENCE.findall(draft[start:])
    size = -(-len(parts) // MAX_PARTS) or 1
    return tuple("".join(parts[first : first + size]) for first in range(0, len(parts), size))


def point_out(
    parts: Sequence[str], risk: float, review_at: float, evidence: Sequence[Evidence] = (), least: float = 1
) -> Generator[Measure, str | Measured | None, tuple[int, ...] | None]:
    """Numbers of the parts that should go; None where something could not be measured.

    Parts in which a fixed check found something go in any case. Of the others the riskiest go first: those
    that are suspicious by themselves, and those without which the rest is safer, until it is safe enough.
    `least`: characters that have to be left.
    """
    condemned = {number for number, part in enumerate(parts) if _is_evidence(part, evidence)}
    if risk < review_at:
        return tuple(sorted(condemned))
    alone: list[tuple[float, int]] = []
    for number, part in enumerate(parts):
        own = yield from _risk(part)
        if own is None:
            return None
        alone.append((own, number))
    for own, number in sorted(alone, key=lambda item: (-item[0], item[1]))[:MAX_DROPS]:
        left = without(parts, {*condemned, number})
        suspicious = own >= SUSPICIOUS * review_at
        if number in condemned or len(left) < least or not (suspicious or risk >= review_at):
            continue
        rest = yield from _risk(left)
        if rest is None:
            return None
        if suspicious or risk - rest >= MIN_FALL:
            condemned.add(number)
            risk = rest
    return tuple(sorted(condemned))


def without(parts: Sequence[str], gone: set[int] | Sequence[int], gap: str = "") -> str:
    """The draft without some parts; `gap` stands once, where the first of them stood. "" where all go."""
    if len(gone) == len(parts):
        return ""
    first = min(gone, default=-1)
    kept = [
        part if number not in gone else f"{gap} " if gap else ""
        for number, part in enumerate(parts)
        if number not in gone or number == first
    ]
    return "".join(kept).strip()


def critique(
    parts: Sequence[str], gone: Sequence[int], category: str, constitution: CompiledConstitution
) -> Critique:
    """What was found, as any other critic would say it."""
    clause = next((p.id for p in constitution.principles if category in p.categories), category or "output")
    reason = "the classifier's risk falls without it"
    findings = [
        Finding(clause=clause[:80], quote=parts[number].strip()[:_QUOTED], reason=reason, severity=SEVERITY)
        for number in gone
    ]
    return Critique(findings=findings, action="revise" if findings else "keep")


def _risk(text: str) -> Risks:
    if not text.strip():
        return 0.0
    measured = yield Measure(text.strip())
    return measured.risk if isinstance(measured, Measured) else None


def _is_evidence(part: str, evidence: Sequence[Evidence]) -> bool:
    text = folded(part)
    quotes = [folded(one.quote) for one in evidence] if text else []
    return any(quote and (quote in text or text in quote) for quote in quotes)
