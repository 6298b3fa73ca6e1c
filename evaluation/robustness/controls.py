"""Harmless texts that look odd: none may be rewritten or stopped.

Other scripts, formulas, code and tables, and what applications put around the words of their users.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifiers.normalize import normalize
from evaluation.intervals import Rate
from evaluation.robustness.guard import Guard

CONTROLS = Path(__file__).parent / "controls.txt"
_UNSAID = re.compile("[\\s\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f]")
"""White space, loose accents, and selectors of emoji: taken away without loss of words."""


@dataclass(frozen=True, slots=True)
class Control:
    """One kind of texts. `changed`, `stopped`: how often; `which`: the texts concerned, e.g. `changed 3`."""

    kind: str
    changed: Rate
    stopped: tuple[Rate, ...]
    which: tuple[str, ...]


def read_controls(path: Path = CONTROLS) -> dict[str, list[str]]:
    """Kind to texts. In the file each text follows a line `%% kind`."""
    kinds: dict[str, list[str]] = {}
    for block in re.split(r"^%% ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        kind, _, text = block.partition("\n")
        kinds.setdefault(kind, []).append(text.rstrip("\n"))
    return kinds


def check(guard: Guard, controls: Mapping[str, Sequence[str]], most: int) -> tuple[Control, ...]:
    """Look at the first `most` texts of every kind."""
    return tuple(_check(guard, kind, texts[:most]) for kind, texts in controls.items())


def _check(guard: Guard, kind: str, texts: Sequence[str]) -> Control:
    stops = [guard.stops_text(text) for text in texts]
    found = {"changed": [not keeps_what_is_said(text) for text in texts]}
    for place, line in enumerate(guard.lines):
        found[line.name] = [stop[place] for stop in stops]
    which = tuple(
        f"{name} {number}" for name, hits in found.items() for number, hit in enumerate(hits, 1) if hit
    )
    changed, *stopped = map(Rate.of, found.values())
    return Control(kind, changed, tuple(stopped), which)


def keeps_what_is_said(text: str) -> bool:
    """Whether the canonical copy has every visible character of a text in order, and no other.

    Width and dress of characters (NFKC), white space, loose accents and what is invisible do not count.
    """
    return _said(normalize(text).text) == _said(text)


def _said(text: str) -> str:
    plain = _UNSAID.sub("", unicodedata.normalize("NFKC", text))
    return "".join(char for char in plain if unicodedata.category(char) != "Cf")
