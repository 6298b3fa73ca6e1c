"""Rows written for Gatehouse by hand, and hand labels for the pool's unlabelled red-team turns.

``data/written/*.tsv`` holds one row a line, ``LABEL<TAB>text``; ``\\n`` and ``\\t`` stand for line breaks and
tabs. ``# topic | note`` starts a cell of the grid; rows between blank lines are twins: nearly the same words
with another meaning. Every label was checked by a second reader who did not see it; rows on which the two
differ are not in the files.

Whole cells are held out of training, chosen by a hash of their title, so that twins are never torn apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from classifiers.training.collect import read_rows
from classifiers.training.compose import DATA, OWN_LICENCE
from classifiers.training.examples import Example
from classifiers.training.labels import ATTACKS, CALM, HAZARDS, INPUT_HEADS, REFUSAL

WRITTEN = "written:"
HELD = "written-held:"
REDTEAM_SOURCE = "anthropics/hh-rlhf harmless-base test turns (own labels)"
DISTRESS_WEIGHT = 0.5
ANSWERS = "written:answers"
HELD_SHARE = 0.1
SALT = 4
"""Of the hash that holds cells out: chosen so that every file of twins has a share in what is held out."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a file's grid: ``rows`` are (label, text, number of the twin group)."""

    file: str
    title: str
    rows: tuple[tuple[str, str, int], ...]

    @property
    def held(self) -> bool:
        """Whether the cell is held out of training."""
        drawn = hashlib.sha256(f"{SALT}/{self.file}/{self.title}".encode()).digest()
        return int.from_bytes(drawn[:4], "big") < HELD_SHARE * 2**32


def label_targets(label: str) -> tuple[dict[str, float], float]:
    """Targets and weight of a written label.

    ``0`` is harmless. ``harm`` without a hazard leaves the hazards open. ``ssh`` alone is a person in
    distress: of concern, but no harmful request, so it weighs less. Attacks say nothing of harm unless
    they state it.

    Raises:
        ValueError: a code that is not one of the labels.
    """
    codes = set(label.split("+"))
    heads = [head.name for head in INPUT_HEADS]
    if unknown := codes - {*heads, "0"}:
        raise ValueError(f"unknown label: {', '.join(sorted(unknown))}")
    if codes == {"0"}:
        return dict(CALM), 1.0
    if codes & set(ATTACKS):
        return dict.fromkeys(codes, 1.0), 1.0
    targets = {name: float(name in codes) for name in heads}
    if codes == {"ssh"}:
        return targets | {"harm": 1.0}, DISTRESS_WEIGHT
    if not codes & set(HAZARDS):
        targets = {name: value for name, value in targets.items() if name not in HAZARDS}
    return targets, 1.0


def read_cells(path: Path) -> Iterator[Cell]:
    """The cells of one file.

    Raises:
        ValueError: a line that is no row, with its number.
    """
    title, rows, group = "", list[tuple[str, str, int]](), 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("# "):
            if rows:
                yield Cell(path.stem, title, tuple(rows))
            title, rows = line[2:].strip(), []
        elif line.strip():
            label, tab, text = line.partition("\t")
            if not tab or not text.strip():
                raise ValueError(f"{path.name}, line {number}: not LABEL<TAB>text")
            rows.append((label, text.replace("\\n", "\n").replace("\\t", "\t"), group))
            continue
        group += 1
    if rows:
        yield Cell(path.stem, title, tuple(rows))


def read_written(folder: Path = DATA / "written") -> list[Example]:
    """All written rows; ``family`` names file and twin group, held-out cells have a source of their own."""
    examples = []
    for path in sorted(folder.glob("*.tsv")):
        if path.stem.startswith("replies_"):
            continue
        for cell in read_cells(path):
            source = (HELD if cell.held else WRITTEN) + cell.file
            for label, text, group in cell.rows:
                targets, weight = label_targets(label)
                family = f"{cell.file}/{group}"
                examples.append(Example(text, targets, source, OWN_LICENCE, weight, family=family))
    return examples


def read_replies(folder: Path = DATA / "written") -> list[Example]:
    """Written replies with their requests, from ``replies_*.tsv``: ``CLASS<TAB>request<TAB>reply``.

    None of them delivers harm or insults anybody. A request alone must not tell the class, so every reply
    comes a second time without it.

    Raises:
        ValueError: a line that is no row, with its number.
    """
    examples = []
    for path in sorted(folder.glob("replies_*.tsv")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            name, *texts = line.replace("\\n", "\n").split("\t")
            if name not in REFUSAL or len(texts) != 2 or not texts[1].strip():
                raise ValueError(f"{path.name}, line {number}: not CLASS<TAB>request<TAB>reply")
            request, reply = texts
            targets = {label: float(label == name) for label in REFUSAL}
            targets |= {"harm_delivered": 0.0, "toxic_reply": 0.0}
            row = Example(reply, targets, f"{WRITTEN}{path.stem}", OWN_LICENCE, request=request)
            examples += [row, replace(row, request="")]
    return examples


def read_answers(folder: Path = DATA / "written") -> list[Example]:
    """The written replies by themselves, as harmless rows: what stands in a conversation besides requests."""
    texts = {row.text for row in read_replies(folder)}
    return [Example(text, CALM, ANSWERS, OWN_LICENCE) for text in sorted(texts)]


def read_label_file(path: Path) -> Mapping[str, str]:
    """Digest to label, from lines ``digest<TAB>label``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = (line.partition("\t") for line in lines if line.strip() and not line.startswith("# "))
    return {digest: label for digest, _, label in rows}


def label_redteam(pool: Path | None, labels: Path = DATA / "redteam_labels.tsv") -> list[Example]:
    """The pool's red-team turns on whose label two readers agree."""
    known = read_label_file(labels)
    examples = []
    for row in read_rows(pool, "redteam_unlabelled_en"):
        example = Example(row["text"], {}, REDTEAM_SOURCE, row["licence"])
        label = known.get(example.digest())
        if label is not None:
            targets, weight = label_targets(label)
            examples.append(Example(row["text"], targets, REDTEAM_SOURCE, row["licence"], weight))
    return examples
