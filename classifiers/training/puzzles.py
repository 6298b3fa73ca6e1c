"""Ordinary requests that spell a text out: decode this, read it backwards, join these cells, and answer it.

Asking for that is no attack; what is spelt out decides. The rows are what the guard reads of such a text once
it has undone the disguise (``classifiers.normalize``), and so look as they do in service.
"""

from __future__ import annotations

import base64
import codecs
import random
from collections.abc import Callable, Mapping
from urllib.parse import quote

from classifiers.normalize import normalize

Spelling = Callable[[str], str]


def _table(text: str) -> str:
    rows = "\n".join(f"| {number} | {word} |" for number, word in enumerate(text.split(), 1))
    return f"| no | word |\n|---|---|\n{rows}"


SPELLINGS: Mapping[str, Spelling] = {
    "plain": str,
    "reversed": lambda text: text[::-1],
    "words": lambda text: " ".join(reversed(text.split())),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(" "),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "percent": quote,
    "escapes": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "binary": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
    "entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "lines": lambda text: "\n".join(text.split()),
    "table": _table,
    "spaced": lambda text: "  ".join(" ".join(word) for word in text.split()),
}
"""Ways to spell a text out, by the word that starts a line of `data/attacks/puzzles.txt`."""


def read_spelt(frame: str, core: str, rng: random.Random, *, understood: bool = False) -> str:
    """What the guard reads of a frame (``kind<tab>text with {core}``) around a core spelt out in its way.

    One of the readings; with ``understood`` one that holds the core itself, or the frame around it in plain.
    """
    kind, _, text = frame.partition("\t")
    readings = normalize(text.replace("{core}", SPELLINGS[kind](core))).readings
    if understood:
        readings = tuple(reading for reading in readings if core in reading) or (
            text.replace("{core}", core),
        )
    return rng.choice(readings)
