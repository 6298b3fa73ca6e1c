"""Golden wire transcripts: what a client gets, byte by byte, in a file beside the tests.

Run with `GOLDEN=write` in the environment to write the files anew, then read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.kits.surface_kit import DECISION, Answer

FOLDER = Path(__file__).resolve().parents[1] / "golden"
_OF_THE_MOMENT = (
    (re.compile(rb"(x-gatehouse-overhead-ms:) [0-9.]+"), rb"\1 0.0"),
    (re.compile(rb"(x-gatehouse-constitution: \S+) [0-9a-f]{12}"), rb"\1 000000000000"),
    (re.compile(rb"gh-[0-9a-hjkmnp-tv-z]{26}"), DECISION.encode()),
    (re.compile(rb'("(?:created|created_at|completed_at)":)1[7-9][0-9]{8}(?:\.[0-9]+)?'), rb"\g<1>0"),
)
"""What differs from run to run, and what stands in its place."""


def transcript(answer: Answer) -> bytes:
    """Status, headers in their order, body."""
    lines = [f"HTTP {answer.status}", *(f"{name}: {value}" for name, value in answer.headers), ""]
    return "\n".join(lines).encode() + b"\n" + answer.body + b"\n"


def check(answer: Answer, folder: str, name: str, *, clocked: bool = False) -> None:
    """The answer is what the file says; `clocked`: but for times, the decision's id and digests."""
    found, path = transcript(answer), FOLDER / folder / f"{name}.http"
    for pattern, instead in _OF_THE_MOMENT if clocked else ():
        found = pattern.sub(instead, found)
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found)
    assert found == path.read_bytes()


def kept(folder: str) -> set[str]:
    """Names of the transcripts of a folder."""
    return {path.stem for path in (FOLDER / folder).glob("*.http")}
