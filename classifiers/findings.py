"""Places in a text that say something else than they show, and the short texts that read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONTEXT = 160
"""Characters kept on each side of a finding: enough for the sentence it stands in."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Characters `start` to `end` of the searched text really read `text`."""

    start: int
    end: int
    text: str


def without_overlaps(findings: Sequence[Finding]) -> list[Finding]:
    """The findings in order of place; of two that overlap the longer one stays."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda found: (found.start, -found.end)):
        if kept and finding.start < kept[-1].end:
            if finding.end - finding.start > kept[-1].end - kept[-1].start:
                kept[-1] = finding
            continue
        kept.append(finding)
    return kept


def outside(taken: Sequence[Finding], findings: Sequence[Finding]) -> list[Finding]:
    """Those findings that touch none of the taken ones; both in order of place."""
    free: list[Finding] = []
    place = 0
    for finding in findings:
        while place < len(taken) and taken[place].end <= finding.start:
            place += 1
        if place == len(taken) or taken[place].start >= finding.end:
            free.append(finding)
    return free


def replaced(text: str, findings: Sequence[Finding]) -> str:
    """The whole text with each finding in the place of what it was found in."""
    pieces: list[str] = []
    position = 0
    for finding in findings:
        pieces += (text[position : finding.start], finding.text)
        position = finding.end
    return "".join((*pieces, text[position:]))


def in_context(text: str, findings: Sequence[Finding]) -> str:
    """The text around the findings with each of them replaced; far-off parts are left out.

    Keeps a long text cheap: what lies further than `CONTEXT` characters from every finding is read
    in the canonical copy already.
    """
    pieces: list[str] = []
    position = 0
    for finding in findings:
        if finding.start - position > 2 * CONTEXT:
            if pieces:
                pieces.append(text[position : position + CONTEXT] + "\n")
            position = finding.start - CONTEXT
        pieces.append(text[position : finding.start])
        pieces.append(finding.text)
        position = finding.end
    pieces.append(text[position : position + CONTEXT])
    return "".join(pieces)


def alone(text: str, findings: Sequence[Finding]) -> str:  # noqa: ARG001  (same shape as in_context)
    """What the findings say, one after the other."""
    return " ".join(finding.text.strip() for finding in findings)


def looks_like_text(text: str) -> bool:
    """Whether decoded characters are writing: printable, and letters for the greater part."""
    if len(text) < 3:
        return False
    letters = sum(map(str.isalpha, text))
    spaces = sum(map(text.count, " \n\r\t"))
    if letters < 3 or (letters + spaces) < 0.6 * len(text):
        return False
    printable = len(text) if text.isprintable() else sum(map(str.isprintable, text)) + spaces
    return printable >= 0.95 * len(text)
