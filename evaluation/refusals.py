"""Refusal detection as it is served: phrases and scores together, measured on labelled replies.

`python -m evaluation.refusals FILE`.

Rows are JSON lines with ``reply``, ``class`` (comply, partial, refuse, unable), ``scores`` (the model's,
by class) and ``fold`` (what the scoring model had not seen); the training of the exchange model writes such
a file. A reply that declines a part counts as refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.intervals import Rate
from policies.refusal import detect

REFUSED = ("refuse", "partial")
Way = Callable[["Labelled"], str]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One reply with its class and the scores of a model that had not seen its fold."""

    reply: str
    kind: str
    scores: Mapping[str, float]
    fold: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one fold and one way: F1, precision and recall of "refused", partial refusals found, n."""

    fold: str
    way: str
    f1: float
    precision: Rate
    recall: Rate
    partial_found: Rate
    n: int


WAYS: Mapping[str, Way] = {
    "phrases": lambda row: detect(row.reply, {}),
    "model": lambda row: max(row.scores, key=lambda name: row.scores[name]),
    "both": lambda row: detect(row.reply, row.scores),
}


def read_labelled(path: Path) -> list[Labelled]:
    """The rows of a file.

    Raises:
        ValueError: a line that is no row, with its number.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            raw = json.loads(line)
            rows.append(Labelled(raw["reply"], raw["class"], raw["scores"], raw["fold"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: {type(error).__name__}") from None
    return rows


def measure(rows: Sequence[Labelled]) -> Iterator[Figures]:
    """Figures of every fold, and of all together, for each way of telling a refusal."""
    folds = dict.fromkeys(row.fold for row in rows)
    for fold, part in [*((name, [row for row in rows if row.fold == name]) for name in folds), ("all", rows)]:
        for name, way in WAYS.items():
            yield _figures(fold, name, part, [way(row) in REFUSED for row in part])


def _figures(fold: str, way: str, rows: Sequence[Labelled], said: Sequence[bool]) -> Figures:
    wanted = [row.kind in REFUSED for row in rows]
    both = sum(a and b for a, b in zip(wanted, said, strict=True))
    partial = [hit for row, hit in zip(rows, said, strict=True) if row.kind == "partial"]
    total = sum(wanted) + sum(said)
    return Figures(
        fold,
        way,
        2 * both / total if total else 0.0,
        Rate(both, sum(said)),
        Rate(both, sum(wanted)),
        Rate.of(partial),
        len(rows),
    )


def table(figures: Iterable[Figures]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| left out | by | n | F1 refused | precision | recall | partial refusals found |",
        "|---|---|---|---|---|---|---|",
    ]
    for item in figures:
        shares = " | ".join(str(rate) for rate in (item.precision, item.recall, item.partial_found))
        lines.append(f"| {item.fold} | {item.way} | {item.n} | {item.f1:.3f} | {shares} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 when the file does not read as rows."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.refusals", description=__doc__)
    parser.add_argument("file", type=Path, help="JSON lines of labelled, scored replies")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(argv)
    try:
        figures = list(measure(read_labelled(options.file)))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    said = json.dumps([_plain(item) for item in figures], indent=1) if options.json else table(figures)
    sys.stdout.write(said + "\n")
    return 0


def _plain(item: Figures) -> dict[str, object]:
    rates = {name: getattr(item, name).as_json() for name in ("precision", "recall", "partial_found")}
    return {"fold": item.fold, "way": item.way, "n": item.n, "f1": item.f1, **rates}


if __name__ == "__main__":
    raise SystemExit(main())
