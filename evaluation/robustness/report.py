"""An examination told: as plain JSON, and as the measured part of docs/reference/robustness.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import reduce
from operator import add
from typing import Any, TypeVar

from evaluation.intervals import Rate, Rise
from evaluation.robustness.disguises import LAYERS, Retention
from evaluation.robustness.examination import Result
from evaluation.robustness.placements import Place, Search

_BANDS = 10
_Figure = TypeVar("_Figure", Rate, Rise)


def as_json(found: Any) -> Any:
    """Everything measured as plain JSON; rates with their n and interval."""
    if isinstance(found, Rate | Rise):
        return found.as_json()
    if is_dataclass(found):
        return {each.name: as_json(getattr(found, each.name)) for each in fields(found)}
    if isinstance(found, tuple | list):
        return [as_json(each) for each in found]
    return found


def page(result: Result, date: str) -> str:
    """The tables, as Markdown that reads well on a terminal too."""
    plan = result.plan
    setting = (
        f"Measured on {date}: {result.model}, digest `{result.digest[:23]}`, {result.normaliser}. "
        f"At most {plan.texts} texts of a family and of a kind; {result.sentences} sentences, "
        f"{plan.places} places."
    )
    parts = (
        ("Disguises by layer", "all families of a layer together", _layers(result)),
        ("Disguises by family", "in the order of layers", _families(result)),
        ("Harmless texts that look odd", "each kind written in its own way", _controls(result)),
        ("Anywhere in a long text", _long(result.anywhere, result), _bands(result)),
        ("Over the seam of two windows", _long(result.seam, result), _seam(result)),
        ("Past the cap on windows", _capped(result), _words(result)),
    )
    lines = [setting, ""]
    for title, what, table in parts:
        lines += [f"**{title}** ({what})", "", *table, ""]
    return "\n".join(lines)


def _layers(result: Result) -> Iterator[str]:
    groups = {layer: [each for each in result.disguises if each.layer == layer] for layer in LAYERS}
    yield from _table(("layer", "families", *_columns(result)))
    for layer, found in groups.items():
        if found:
            yield _row((layer, str(len(found)), *_figures(found)))


def _families(result: Result) -> Iterator[str]:
    yield from _table(("family", "layer", *_columns(result)))
    for each in result.disguises:
        yield _row((each.family, each.layer, *_figures([each])))


def _columns(result: Result) -> tuple[str, ...]:
    return (
        *(f"kept, {line}" for line in result.lines),
        *(f"price, {line}" for line in result.lines),
    )


def _figures(found: Sequence[Retention]) -> Iterator[str]:
    yield from map(str, _pooled([each.kept for each in found]))
    yield from map(str, _pooled([each.price for each in found]))


def _pooled(samples: Iterable[tuple[_Figure, ...]]) -> list[_Figure]:
    """For each line the samples together."""
    return [reduce(add, column) for column in zip(*samples, strict=True)]


def _controls(result: Result) -> Iterator[str]:
    yield from _table(("kind", "changed", *(f"stopped, {line}" for line in result.lines), "which"))
    for each in result.controls:
        yield _row((each.kind, str(each.changed), *map(str, each.stopped), ", ".join(each.which)))


def _long(search: Search, result: Result) -> str:
    stopped = [line for line, stop in zip(result.lines, search.filler, strict=True) if stop]
    alone = (
        f"stopped without a sentence: {', '.join(stopped)}" if stopped else "not stopped without a sentence"
    )
    return f"{search.tokens:,} tokens, {alone}"


def _bands(result: Result) -> Iterator[str]:
    yield from _table(("place", *(f"found, {line}" for line in result.lines)))
    for band in range(_BANDS):
        places = [each for each in result.anywhere.places if min(int(each.at * _BANDS), _BANDS - 1) == band]
        if places:
            span = f"{band * 100 // _BANDS} to {(band + 1) * 100 // _BANDS} %"
            yield _row((span, *map(str, _pooled([each.found for each in places]))))
    yield _row(("all", *_all(result.anywhere.places)))


def _seam(result: Result) -> Iterator[str]:
    yield from _table(("begins", *(f"found, {line}" for line in result.lines)))
    gaps = [int(each.at) for each in result.seam.places]
    if gaps:
        yield _row((f"{max(gaps)} to {min(gaps)} tokens before it", *_all(result.seam.places)))


def _all(places: Sequence[Place]) -> Iterator[str]:
    return map(str, _pooled([each.found for each in places]))


def _capped(result: Result) -> str:
    found = result.capped
    return f"{found.windows} windows read of {found.tokens:,} tokens, coverage {found.coverage:.2f}"


def _words(result: Result) -> Iterator[str]:
    yield from _table(("policy", "verdict", "by"))
    yield from map(_row, result.capped.words)


def _table(columns: Sequence[str]) -> Iterator[str]:
    yield _row(columns)
    yield "|---" * len(columns) + "|"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
