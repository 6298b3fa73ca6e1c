"""One training example, whatever its source."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the labels that its source really gives.

    ``targets`` maps a label to 0..1; a label that is not in it is unknown and its loss is masked.
    ``request`` is only used by the exchange model (the text is then the reply). ``weight`` scales the whole
    row; noisy labels carry 0.5.
    """

    text: str
    targets: Mapping[str, float]
    source: str
    licence: str
    weight: float = 1.0
    request: str = ""
    family: str = field(default="")

    def digest(self) -> str:
        """First 16 hex digits of the text's SHA-256: names a row without copying it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def key(self) -> str:
        """Text with case and spacing removed: rows with the same key are duplicates."""
        return _SPACE.sub(" ", f"{self.request}\n{self.text}").strip().lower()


def drop_duplicates(examples: list[Example]) -> list[Example]:
    """Keep the first of all rows that read the same."""
    kept: dict[str, Example] = {}
    for example in examples:
        kept.setdefault(example.key(), example)
    return list(kept.values())


def targets_of(examples: Sequence[Example], head: str) -> npt.NDArray[np.float64]:
    """Labels of one head, NaN where unknown."""
    return np.array([example.targets.get(head, np.nan) for example in examples], dtype=np.float64)
