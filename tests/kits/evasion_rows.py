"""A small stand-in for the disguised requests of the data pool."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from classifiers.testing import MARKER
from evaluation.robustness.disguises import FILES
from policies.categories import HAZARDS

LABELS = ("harm", "jailbreak", "prompt_injection", *HAZARDS)
"""What the shipped policies expect of the input classifier."""


def request(*messages: tuple[str, str]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in messages]}


FAMILIES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "lost": ("model", lambda text: request(("user", text.replace(MARKER, "")))),
    "earlier_turn": ("extract", lambda text: request(("user", text), ("assistant", "One moment."))),
    "spaced": ("normalise", lambda text: request(("user", "\u200b".join(text)))),
    "loud": ("decode", lambda text: request(("user", f"{text} {MARKER}"))),
}
TEXTS = ([f"a {MARKER} b", "nothing here", f"{MARKER}!"], ["bread", "a river", "some music"])


def write_rows(folder: Path) -> Path:
    """Four families of three harmful texts, of which two hold the marker, and of three harmless ones."""
    for name, texts in zip(FILES, TEXTS, strict=True):
        with gzip.open(folder / name, "wt", encoding="utf-8") as lines:
            for family, (layer, disguise) in FAMILIES.items():
                for source, text in enumerate(texts):
                    row = {"family": family, "layer": layer, "source": source, "request": disguise(text)}
                    lines.write(json.dumps(row) + "\n")
    return folder
