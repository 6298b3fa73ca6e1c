"""The page that tells what was measured, as tables with ratios within the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bench.classifier.costs import LENGTHS
from bench.classifier.texts import MIX

Row = Mapping[str, Any]
Line = Sequence[object]

WALL = ("p50 ms on", "p50 ms off", "p99 ms on", "p99 ms off", "n")
CPU = ("CPU ms on", "CPU ms off", "on/off")


def page(result: Mapping[str, Any]) -> str:
    """The measured part of docs/reference/classifier-performance.md."""
    sections = (
        ("One prompt, one thread", "cascade on and off, prompt by prompt", _lengths(result["lengths"])),
        ("Ordinary traffic", "means over prompts, one thread", _traffic(result["traffic"])),
        ("Stage by stage", "CPU ms for one prompt, by its tokens", _stages(result["stages"])),
        ("Many callers at once", "the proxy's screening room, every text new", _callers(result["callers"])),
        ("Start-up", "medians of fresh processes", _startup(result["startup"])),
        ("Independence", "scores compared bit by bit", _independence(result["independence"])),
    )
    lines = [_setting(result), ""]
    for title, what, table in sections:
        lines += [f"**{title}** ({what})", "", *table, ""]
    return "\n".join([*lines, *_growth(result["growth"]), ""])


def _setting(result: Mapping[str, Any]) -> str:
    facts, models = result["machine"], result["models"]
    named = ", ".join(
        f"{each['model']} ({each['digest'][:19]}…, {'a' if each['first_stage'] else 'no'} first stage)"
        for each in models
    )
    return (
        f"Measured on {facts['date']}: {facts['processor']}, {facts['cores']} cores, {facts['memory']} "
        f"memory, {facts['system']}, kernel {facts['kernel']}, Python {facts['python']}, onnxruntime "
        f"{facts['onnxruntime']}; load average before the run {facts['load before']}.\nModels: {named}."
    )


def _lengths(rows: Sequence[Row]) -> list[str]:
    def line(on: Row, off: Row) -> Line:
        return (on["model"], on["tokens"], f"{off['windows']:.1f}", *_cpu(on, off), *_wall(on, off))

    return _table(("model", "tokens", "windows", *CPU, *WALL), _pairs(rows, line))


def _traffic(rows: Sequence[Row]) -> list[str]:
    def line(on: Row, off: Row) -> Line:
        return (
            *(on["model"], on["prompts"], f"{on['tokens']:.0f}", f"{off['windows']:.2f}"),
            *(f"{on['settled']:.1%}", *_cpu(on, off), on["n"]),
        )

    columns = ("model", "prompts", "tokens", "windows", "settled early", *CPU, "n")
    return _table(columns, _pairs(rows, line))


def _pairs(rows: Sequence[Row], line: Callable[[Row, Row], Line]) -> list[Line]:
    return [line(on, off) for on, off in zip(rows[::2], rows[1::2], strict=True)]


def _cpu(on: Row, off: Row) -> Line:
    return f"{on['cpu_ms']:.2f}", f"{off['cpu_ms']:.2f}", f"{on['cpu_ms'] / off['cpu_ms']:.2f}"


def _wall(on: Row, off: Row) -> Line:
    return (*(f"{row[point]:.2f}" for point in ("p50_ms", "p99_ms") for row in (on, off)), on["n"])


def _stages(rows: Sequence[Row]) -> list[str]:
    cells: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        cells.setdefault((row["model"], row["stage"]), []).append(f"{row['cpu_ms']:.3f}")
    return _table(("model", "stage", *LENGTHS), [(*names, *values) for names, values in cells.items()])


def _callers(rows: Sequence[Row]) -> list[str]:
    columns = ("callers", "cascade", "requests/s", "CPU ms/request", "p50 ms", "p99 ms")
    lines = [
        (
            *(row["callers"] or "none", row["cascade"]),
            *((f"{row['per_s']:.1f}",) if row["n"] else ("",)),
            *("" if row[name] is None else f"{row[name]:.1f}" for name in ("cpu_ms", "p50_ms", "p99_ms")),
            *(f"{row['gap_p99_ms']:.2f}", f"{row['gap_largest_ms']:.2f}"),
            *(", ".join(f"{count} {why}" for why, count in row["failed"].items()) or 0, row["n"]),
        )
        for row in rows
    ]
    return _table((*columns, "loop gap p99 ms", "largest loop gap ms", "failed", "n"), lines)


def _startup(rows: Sequence[Row]) -> list[str]:
    names = {
        "files_mib": "files MiB",
        "load_ms": "load ms",
        "load_cpu_ms": "CPU ms",
        "first_ms": "first two texts ms",
        "imports_mib": "MiB before",
        "loaded_mib": "MiB added by loading",
        "measured_mib": "MiB added with the first texts",
    }
    lines = [(row["model"], *(f"{row[name]:.0f}" for name in names), row["n"]) for row in rows]
    return _table(("model", *names.values(), "n"), lines)


def _independence(rows: Sequence[Row]) -> list[str]:
    names = ("model", "cascade", "measured", "texts", "differing")
    return _table(names, [[row[name] for name in names] for row in rows])


def _growth(row: Row) -> list[str]:
    mix = ", ".join(f"{share:.0%} of {low} to {high} words" for share, low, high in MIX)
    found = (
        f"{row['runs']:,} runs in {row['seconds']:.0f} s: from {row['start_mib']:.1f} to "
        f"{row['end_mib']:.1f} MiB; at most {row['growth_mib']:.1f} MiB more than at the start "
        f"({row['limit_mib']:.0f} are allowed), {row['second_half_mib']:+.1f} MiB over the second half."
    )
    return [f"**Memory over many runs** ({row['model']}, cascade off: {mix})", "", found]


def _table(columns: Line, lines: Iterable[Line]) -> list[str]:
    rows = [columns, ["---"] * len(columns), *lines]
    return ["| " + " | ".join(map(str, row)) + " |" for row in rows]
