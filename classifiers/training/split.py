"""Splitting by source: what a model is judged on comes from sources that it never saw.

A random split says little here (a source's rows share their wording), so each part is a list of source
names:

- ``train``: everything not named elsewhere
- ``tune``: harmless prompts from which thresholds are read
- ``check``: harmless prompts that neither training nor thresholds have seen
- ``probe``: held-out risky sources; they fit the calibration, and their recall is reported (calibration is
  monotone, so it cannot change which rows lie above a threshold)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from classifiers.training.examples import Example

PARTS = ("tune", "check", "probe")


@dataclass(slots=True)
class Split:
    """The parts of a data set."""

    train: list[Example] = field(default_factory=list)
    tune: list[Example] = field(default_factory=list)
    probe: list[Example] = field(default_factory=list)
    check: list[Example] = field(default_factory=list)


def split_by_source(examples: list[Example], parts: dict[str, list[str]]) -> Split:
    """Put each example in the first part one of whose names occurs in its source, else in ``train``.

    Rows of the held-out parts that occur word for word in training are removed from training. Raises
    ValueError for a part that does not exist.
    """
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise ValueError(f"unknown parts: {sorted(unknown)}; known: {PARTS}")
    split = Split()
    for example in examples:
        getattr(split, _part_of(example, parts)).append(example)
    held_out = {example.key() for part in PARTS for example in getattr(split, part)}
    split.train = [example for example in split.train if example.key() not in held_out]
    return split


def lend_harmless(split: Split) -> None:
    """Fill empty harmless parts from the held-out ones: without a pool nothing else is left for thresholds.

    Twins stay together: half of the families lend their harmless rows to ``tune``, half to ``check``.
    """
    if split.tune or split.check:
        return
    harmless = [example for example in split.probe if not any(example.targets.values())]
    for example in harmless:
        drawn = hashlib.sha256(f"{example.source}/{example.family}".encode()).digest()[0] % 2
        (split.tune if drawn else split.check).append(example)
    split.probe = [example for example in split.probe if any(example.targets.values())]


def _part_of(example: Example, parts: dict[str, list[str]]) -> str:
    for part in PARTS:
        if any(name in example.source for name in parts.get(part, [])):
            return part
    return "train"
