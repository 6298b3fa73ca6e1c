"""One examination: what is measured, how much of it, and all that was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import classifiers
from classifiers.normalize import NORMALISER
from evaluation.robustness import controls, disguises, placements
from evaluation.robustness.controls import Control
from evaluation.robustness.disguises import Families, Reader, Retention
from evaluation.robustness.guard import Guard, shipped_lines
from evaluation.robustness.placements import Capped, Search
from evaluation.robustness.subject import Subject

PROBES = Path(classifiers.__file__).parent / "training" / "data" / "probe_prompts.tsv"
"""Hand-written prompts that no model was trained on."""
PROBE_LABEL = "harm"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. `texts`: of each family and kind of control; `tokens`: length of the long text;
    `beyond`: length of the text for the cap."""

    texts: int = 40
    sentences: int = 6
    places: int = 50
    tokens: int = 8_000
    beyond: int = 2_000

    @classmethod
    def sample(cls, texts: int) -> Plan:
        """A plan for a quick look: so many texts, sentences and places where the full one has more."""
        full = cls()
        return cls(min(texts, full.texts), min(texts, full.sentences), min(texts, full.places))


@dataclass(frozen=True, slots=True)
class Result:
    """All that was measured of one model.

    `lines`: names, in the order of every tuple of rates; `digest`: of all that determines scores;
    `sentences`: how many were looked for in long texts.
    """

    model: str
    digest: str
    normaliser: str
    lines: tuple[str, ...]
    plan: Plan
    disguises: tuple[Retention, ...]
    controls: tuple[Control, ...]
    sentences: int
    anywhere: Search
    seam: Search
    capped: Capped


def examine(
    subject: Subject,
    rows: tuple[Families, Families],
    read: Reader,
    plan: Plan,
    progress: Callable[[str], None],
) -> Result:
    """Measure everything. `read`: from a request body to the conversation that is judged.

    Raises:
        ClassifierError: the model failed.
        PolicyError: a shipped policy names what the model does not have.
    """
    lines = shipped_lines(subject.classifier)
    guard = Guard(subject.classifier, lines)
    found = disguises.measure(guard, rows, read, plan.texts, progress)
    progress("controls")
    odd = controls.check(guard, controls.read_controls(), plan.texts)
    sentences = placements.caught(guard, probes(), plan.sentences)
    windows, manifest = subject.windows, subject.manifest
    return Result(
        model=subject.classifier.model,
        digest=subject.classifier.digest,
        normaliser=NORMALISER,
        lines=tuple(line.name for line in lines),
        plan=plan,
        disguises=found,
        controls=odd,
        sentences=len(sentences),
        anywhere=placements.across(guard, windows, sentences, plan.tokens, plan.places, progress),
        seam=placements.over_seam(guard, windows, sentences, manifest.overlap),
        capped=placements.beyond_cap(Guard(subject.capped, lines), windows, sentences, plan.beyond),
    )


def probes(path: Path = PROBES) -> list[str]:
    """The harmful sentences of the probe file."""
    rows = (line.partition("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return [text for label, _, text in rows if label == PROBE_LABEL]
