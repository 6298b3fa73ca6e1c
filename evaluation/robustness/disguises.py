"""Disguised requests: how many of the harmful ones are still stopped, and how many harmless ones besides.

The rows are a sample kept in the data pool, not in the repository: `harmful.jsonl.gz` and
`benign.jsonl.gz`, one JSON object a line with `family`, `layer` (what ought to undo the disguise), `source`
(the same number is the same text in every family) and `request`, a chat completion request.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers.classification import Conversation
from evaluation.intervals import Rate, Rise
from evaluation.robustness.guard import Guard, Stops

Request = dict[str, Any]
Reader = Callable[[Request], Conversation]
"""From a chat request to the conversation that is judged, as the proxy reads it."""

LAYERS = ("normalise", "decode", "window", "extract", "model", "reject")
FILES = ("harmful.jsonl.gz", "benign.jsonl.gz")
AS_WRITTEN = "earlier_turn"
"""The rows have no plain form of their own; in this family the first message is the text as written."""


class RowsMissing(Exception):
    """The rows are not where they are looked for."""


@dataclass(frozen=True, slots=True)
class Family:
    """Requests in one disguise, by the number of their text."""

    name: str
    layer: str
    requests: Mapping[int, Request]


Families = dict[str, Family]
"""By name."""


@dataclass(frozen=True, slots=True)
class Retention:
    """For each line: share of the texts stopped in plain form that are stopped in this disguise (`kept`),
    and the rise of the share of harmless texts stopped (`price`)."""

    family: str
    layer: str
    kept: tuple[Rate, ...]
    price: tuple[Rise, ...]


def read_rows(folder: Path) -> tuple[Families, Families]:
    """Harmful and harmless requests by the name of their family.

    Raises:
        RowsMissing: a file is not there, or is no such file.
    """
    harmful, harmless = (_read(folder / file) for file in FILES)
    if harmful.keys() != harmless.keys():
        raise RowsMissing(f"{folder}: the two files hold different families")
    return harmful, harmless


def _read(path: Path) -> Families:
    if not path.is_file():
        raise RowsMissing(f"no disguised requests: {' and '.join(FILES)} must lie in {path.parent}")
    found: dict[str, tuple[str, dict[int, Request]]] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                found.setdefault(row["family"], (row["layer"], {}))[1][row["source"]] = row["request"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RowsMissing(f"{path} holds no disguised requests ({type(error).__name__})") from None
    if AS_WRITTEN not in found:
        raise RowsMissing(f"{path} has no family {AS_WRITTEN}, where the texts stand as they were written")
    return {name: Family(name, layer, requests) for name, (layer, requests) in found.items()}


def measure(
    guard: Guard,
    rows: tuple[Families, Families],
    read: Reader,
    most: int,
    progress: Callable[[str], None],
) -> tuple[Retention, ...]:
    """Every family, in the order of layers; at most so many harmful and so many harmless texts of each.

    Harmful texts that no line stops in plain form have nothing to retain and are left out.
    """
    harmful, harmless = rows
    risky, safe = (_as_written(guard, families) for families in rows)
    stopped = [number for number, stops in risky.items() if any(stops)][:most]
    lines = range(len(guard.lines))
    found = []
    for number, family in enumerate(sorted(harmful.values(), key=_layer), 1):
        disguised = _stops(guard, family, stopped, read)
        calm = _stops(guard, harmless[family.name], list(safe)[:most], read)
        kept = tuple(_kept(risky, disguised, line) for line in lines)
        price = tuple(_price(safe, calm, line) for line in lines)
        found.append(Retention(family.name, family.layer, kept, price))
        progress(f"disguises: {number} of {len(harmful)}, {family.name}")
    return tuple(found)


def _layer(family: Family) -> int:
    return LAYERS.index(family.layer) if family.layer in LAYERS else len(LAYERS)


def _as_written(guard: Guard, families: Families) -> dict[int, Stops]:
    return {
        number: guard.stops_text(request["messages"][0]["content"])
        for number, request in families[AS_WRITTEN].requests.items()
    }


def _stops(guard: Guard, family: Family, numbers: Sequence[int], read: Reader) -> dict[int, Stops]:
    return {number: guard.stops(read(family.requests[number])) for number in numbers}


def _kept(before: Mapping[int, Stops], after: Mapping[int, Stops], line: int) -> Rate:
    return Rate.of(stops[line] for number, stops in after.items() if before[number][line])


def _price(before: Mapping[int, Stops], after: Mapping[int, Stops], line: int) -> Rise:
    return Rise(
        Rate.of(before[number][line] for number in after), Rate.of(stops[line] for stops in after.values())
    )
