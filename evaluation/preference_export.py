"""A preference journal becomes a training file: without duplicates, split, and with caps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import floor
from typing import Any, Literal

from evaluation.intervals import Rate
from evaluation.near_duplicates import clusters, link, normalised, root
from evaluation.preference_formats import Dialect, Format, TrainingRow, check_known, rows_of, written
from evaluation.preferences import Journal, examples_of
from policies import refusal

REFUSALS = 0.05
"""Most of the rows that may teach a refusal: more of them make a model refuse what it should not."""
SOURCE = 0.01
"""Most of the rows that may come from one key, or one end user, so that nobody steers the file alone."""


class ExportError(ValueError):
    """The journal gives no such file; the message says what is missing."""


Source = Literal["key", "end_user"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write. Shares in [0, 1]; the same seed gives the same file."""

    form: Format
    dialect: Dialect
    seed: int = 0
    validation: float = 0.1
    refusals: float = REFUSALS
    per_key: float = SOURCE
    per_end_user: float = SOURCE


@dataclass(frozen=True, slots=True)
class Exported:
    """Rows in their dialect, and what the card needs."""

    plan: Plan
    train: tuple[dict[str, Any], ...]
    validation: tuple[dict[str, Any], ...]
    rows: tuple[TrainingRow, ...]
    read: int
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def refusals(self) -> Rate:
        """Rows that teach a refusal."""
        return Rate.of(_teaches_refusal(row) for row in self.rows)

    def sources(self, kind: Source) -> Counter[str]:
        """Rows by key or by end user; those without an end user are none's."""
        return _sources(self.rows, kind)


def export(journal: Journal, plan: Plan) -> Exported:
    """The training file of a journal.

    Raises:
        FormatError: the dialect lacks the format.
        ExportError: too few rows, keys or end users for the shares asked for.
    """
    check_known(plan.dialect, plan.form)
    reading = examples_of(journal)
    dropped = Counter(reading.dropped)
    if journal.torn:
        dropped["cut off by a crash"] = journal.torn
    rows = [row for example in reading.examples for row in rows_of(example, plan.form)]
    silent = sum(1 for example in reading.examples if not any(rows_of(example, plan.form)))
    if silent:
        dropped[f"nothing to say in {plan.form}"] = silent
    rows = _distinct(rows, dropped)
    before = len(rows) + 1
    while len(rows) < before:  # each cap may make the other one too small again
        before = len(rows)
        rows = _capped(rows, plan, dropped, "key", plan.per_key)
        rows = _capped(rows, plan, dropped, "end_user", plan.per_end_user)
        rows = _capped_refusals(rows, plan, dropped)
    if not rows:
        raise ExportError("there is no row to export")
    held = _validation(rows, plan)
    lines = [written(row, plan.dialect, plan.form) for row in rows]
    return Exported(
        plan,
        tuple(line for line, out in zip(lines, held, strict=True) if not out),
        tuple(line for line, out in zip(lines, held, strict=True) if out),
        tuple(rows),
        len(journal.pairs),
        dropped,
    )


def _distinct(rows: Sequence[TrainingRow], dropped: Counter[str]) -> list[TrainingRow]:
    """Without rows that say the same, or nearly the same, as an earlier one."""
    exact: dict[tuple[str, str, bool | None], TrainingRow] = {}
    for row in rows:
        exact.setdefault((normalised(_asked(row)), normalised(row.target), row.label), row)
    _count(dropped, "duplicate", len(rows) - len(exact))
    kept: list[TrainingRow] = []
    for label in (None, True, False):
        same = [row for row in exact.values() if row.label is label]
        heads = clusters([f"{_asked(row)}\n{row.target}" for row in same])
        kept += [row for place, row in enumerate(same) if heads[place] == place]
    _count(dropped, "near duplicate", len(exact) - len(kept))
    return kept


def _sources(rows: Iterable[TrainingRow], kind: Source) -> Counter[str]:
    named = (getattr(row.example.pair, kind) for row in rows)
    return Counter(name for name in named if name)


def _capped(
    rows: list[TrainingRow], plan: Plan, dropped: Counter[str], kind: Source, share: float
) -> list[TrainingRow]:
    """At most this share from each key or end user; which of its rows stay is drawn."""
    counts = _sources(rows, kind)
    most = max(counts.values(), default=0)
    if most <= share * len(rows) or share >= 1:
        return rows
    free = len(rows) - counts.total()
    fitting = (n for n in range(most, 0, -1) if n <= share * (free + sum(min(n, c) for c in counts.values())))
    limit = next(fitting, 0)
    if not limit and not free:
        said = kind.replace("_", " ")
        raise ExportError(
            f"no {said} may have more than {share:.0%} of the rows, and there are {len(counts)} {said}s; "
            f"wait for more, or allow a larger share"
        )
    taken: Counter[str] = Counter()
    kept = []
    for row in sorted(rows, key=lambda each: _lot(plan, each)):
        name = getattr(row.example.pair, kind)
        taken[name] += 1
        if not name or taken[name] <= limit:
            kept.append(row)
    _count(dropped, f"share of one {kind.replace('_', ' ')}", len(rows) - len(kept))
    return _in_order(kept)


def _capped_refusals(rows: list[TrainingRow], plan: Plan, dropped: Counter[str]) -> list[TrainingRow]:
    """At most the plan's share of rows that teach a refusal; which of them stay is drawn."""
    if plan.refusals >= 1:
        return rows
    refusing = [row for row in rows if _teaches_refusal(row)]
    others = len(rows) - len(refusing)
    most = floor(plan.refusals * others / (1 - plan.refusals) + 1e-9)
    kept = sorted(refusing, key=lambda each: _lot(plan, each))[:most]
    _count(dropped, "share of refusals", len(refusing) - len(kept))
    gone = {id(row) for row in refusing} - {id(row) for row in kept}
    return [row for row in rows if id(row) not in gone]


def _validation(rows: Sequence[TrainingRow], plan: Plan) -> list[bool]:
    """Which rows are held out: by lot over conversations, those with nearly the same prompts together."""
    roots = clusters([_asked(row) for row in rows])
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        link(roots, first.setdefault(row.example.pair.conversation, place), place)
    groups = [root(roots, place) for place in range(len(rows))]
    names: dict[int, str] = {}
    for group, row in zip(groups, rows, strict=True):
        conversation = row.example.pair.conversation
        names[group] = min(names.get(group, conversation), conversation)
    return [_share(f"{plan.seed} validation {names[group]}") < plan.validation for group in groups]


def _teaches_refusal(row: TrainingRow) -> bool:
    return row.label is not False and refusal.detect(row.target, {}) == "refuse"


def _asked(row: TrainingRow) -> str:
    return row.example.prompt[-1].content


def _in_order(rows: Iterable[TrainingRow]) -> list[TrainingRow]:
    return sorted(
        rows, key=lambda row: (row.example.pair.id, row.example.pair.choice, row.label is False, row.target)
    )


def _lot(plan: Plan, row: TrainingRow) -> float:
    pair = row.example.pair
    return _share(f"{plan.seed} lot {pair.id} {pair.choice} {row.label} {row.target}")


def _share(text: str) -> float:
    return int.from_bytes(sha256(text.encode("utf-8", "replace")).digest()[:8]) / 2**64


def _count(dropped: Counter[str], reason: str, number: int) -> None:
    if number:
        dropped[reason] += number
