"""Rows of a preference journal, for tests of what reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evaluation.preferences import Journal, read_journal

_THINGS = ("bread", "glass", "copper", "tides", "violins", "maps", "bees", "chess", "rivers", "kites", "moss")
_PLACES = ("Norway", "winter", "antiquity", "schools", "kitchens", "harbours", "Peru", "deserts", "gardens")
_WAYS = ("slowly", "by hand", "with machines", "in groups", "at night", "for money", "as a hobby", "alone")


def subject(number: int) -> str:
    """Words that no other number has."""
    thing, place = _THINGS[number % len(_THINGS)], _PLACES[number // len(_THINGS) % len(_PLACES)]
    return f"{thing} in {place} {_WAYS[number // 99 % len(_WAYS)]} case {number * 7919 % 100_003}"


def pair(number: int, **changes: Any) -> dict[str, Any]:
    """An accepted revision of a conversation of its own, under a key and of an end user of its own."""
    row = {
        "schema": 1,
        "kind": "pair",
        "at": 1000.0 + number,
        "id": f"gh-{number:05}",
        "choice": 0,
        "tenant": "t1",
        "key": f"key-{number}",
        "end_user": f"user-{number}",
        "conversation": f"c-{number:05}",
        "consent": "tenant: training",
        "model": "m",
        "language": "en",
        "messages": [{"role": "user", "content": f"What do you know about {subject(number)}?"}],
        "draft": f"Here is careless talk of {subject(number)}, with a slur and a rumour.",
        "critique": '{"findings": [], "action": "revise"}',
        "revision": f"Here is what is known of {subject(number)}, and how people found it out.",
        "outcome": "revised",
        "delivered": "revision",
        "category": "hate",
        "risk": 0.6,
        "masked": 0,
        "digests": {"prompt": "sha256:1", "draft": "sha256:2", "revision": "sha256:3"},
        "policy": "default@1",
        "policy_digest": "sha256:p",
        "constitution": "default@1",
        "constitution_digest": "sha256:c",
    }
    return {**row, **changes}


def feedback(number: int, kind: str) -> dict[str, Any]:
    """Somebody's word on that exchange."""
    return {
        "schema": 1,
        "kind": "feedback",
        "at": 1.0,
        "id": f"gh-{number:05}",
        "tenant": "t1",
        "feedback": kind,
    }


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """The rows as a journal file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def journal(path: Path, rows: Iterable[dict[str, Any]]) -> Journal:
    """The same, read."""
    return read_journal(write(path / "journal.jsonl", rows))
