"""Medians over rounds, ratios against the bare upstream, and the page that tells them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bench.run import BURST_TOKENS, SCENARIOS, STREAM_FIRST_MS, STREAM_TOKENS, Plan, Samples, Target

BARE = "bare upstream"

HOP = ("p50 ms", "added p50 ms", "added p95 ms", "added p99 ms", "CPU ms/request")
THROUGHPUT = ("requests/s", "CPU ms/request", "p99 ms", "memory MiB")
FIRST_TOKEN = ("TTFT p50 ms", "added p50 ms", "added p95 ms")
BURST = ("streams/s", "events/s", "CPU ms/stream")

Sample = Mapping[str, Any]


def summary(
    samples: Samples, targets: Sequence[Target], facts: Mapping[str, Any], plan: Plan
) -> dict[str, Any]:
    """Everything measured, as plain JSON: for each target and scenario the medians and their range."""
    results = [
        {"target": target.name, "scenario": scenario.name, **_figures(samples, target.name, scenario.name)}
        for target in targets
        for scenario in SCENARIOS
        if (target.name, scenario.name) in samples
    ]
    return {
        "machine": dict(facts),
        "plan": {"rounds": plan.rounds, "seconds": plan.seconds, "warmup": plan.warmup},
        "results": results,
    }


def _figures(samples: Samples, target: str, scenario: str) -> dict[str, Any]:
    rounds, bare = samples[target, scenario], samples[BARE, scenario]
    figures: dict[str, Any] = {
        "answered": sum(sample["answered"] for sample in rounds),
        "failed": sum(sample["failed"] for sample in rounds),
        "rate": _spread(rounds, lambda sample: sample["rate"]),
        "events": _spread(
            rounds, lambda sample: sample["text_events"] / (sample["sent"] or 1) * sample["rate"]
        ),
    }
    for series in ("latency_us", "ttft_us"):
        for point in ("p50", "p95", "p99"):
            figures[f"{series}.{point}"] = _spread(rounds, _at(series, point))
            if target != BARE:
                pairs = zip(rounds, bare, strict=True)
                added = [_at(series, point)(ours) - _at(series, point)(theirs) for ours, theirs in pairs]
                figures[f"added.{series}.{point}"] = _range(added)
    if "cpu_ms" in rounds[0]:
        figures["cpu_ms"] = _spread(rounds, lambda sample: sample["cpu_ms"])
        figures["rss_mib"] = _spread(rounds, lambda sample: sample["rss_mib"])
    return figures


def _at(series: str, point: str) -> Callable[[Sample], float]:
    return lambda sample: float(sample[series].get(point, float("nan")))


def _spread(rounds: Iterable[Sample], value: Callable[[Sample], float]) -> dict[str, float]:
    return _range([value(sample) for sample in rounds])


def _range(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def page(result: Mapping[str, Any]) -> str:
    """The measured part of docs/reference/performance.md."""
    plan, facts = result["plan"], result["machine"]
    setting = (
        f"Measured on {facts['date']}: {facts['processor']}, {facts['cores']} cores, {facts['memory']} "
        f"memory, {facts['system']}, kernel {facts['kernel']}, Python {facts['python']}; load average before "
        f"the run {facts['load before']}; start-up to the first answer {facts['start-up s']} s.\n"
        f"Medians of {plan['rounds']} interleaved rounds of {plan['seconds']:g} s after {plan['warmup']:g} s "
        "of warm-up; the range over rounds stands in brackets."
    )
    paced = f"first token after {STREAM_FIRST_MS} ms, {STREAM_TOKENS} tokens"
    tables = (
        (
            "Latency of one hop",
            "1 connection, whole answers, an upstream that answers at once",
            "c1",
            HOP,
            _hop,
        ),
        ("Throughput of one core", "64 connections, saturated", "c64", THROUGHPUT, _throughput),
        ("Throughput of one core, every text new", "8 connections", "c8", THROUGHPUT, _throughput),
        ("Time to the first token", f"1 connection, {paced}", "s1", FIRST_TOKEN, _first_token),
        ("Streams at once", f"16 connections, {BURST_TOKENS} events in one go", "burst", BURST, _burst),
    )
    lines = [setting, ""]
    for title, what, scenario, columns, cells in tables:
        lines += [f"**{title}** ({what})", "", *_table(result, scenario, columns, cells), ""]
    return "\n".join(lines)


def _table(
    result: Mapping[str, Any],
    scenario: str,
    columns: Sequence[str],
    cells: Callable[[Mapping[str, Any]], list[str]],
) -> list[str]:
    lines = ["| | " + " | ".join((*columns, "n", "failed")) + " |", "|---" * (len(columns) + 3) + "|"]
    for row in result["results"]:
        if row["scenario"] == scenario:
            values = (*cells(row), f"{row['answered']:,}", str(row["failed"]))
            lines.append(f"| {row['target']} | " + " | ".join(values) + " |")
    return lines


def _hop(row: Mapping[str, Any]) -> list[str]:
    added = [_cell(row, f"added.latency_us.{point}", 1e-3) for point in ("p50", "p95", "p99")]
    return [_cell(row, "latency_us.p50", 1e-3), *added, _cell(row, "cpu_ms")]


def _throughput(row: Mapping[str, Any]) -> list[str]:
    return [
        _cell(row, "rate", digits=0),
        _cell(row, "cpu_ms"),
        _cell(row, "latency_us.p99", 1e-3, 1),
        _cell(row, "rss_mib", digits=0),
    ]


def _first_token(row: Mapping[str, Any]) -> list[str]:
    added = [_cell(row, f"added.ttft_us.{point}", 1e-3) for point in ("p50", "p95")]
    return [_cell(row, "ttft_us.p50", 1e-3), *added]


def _burst(row: Mapping[str, Any]) -> list[str]:
    return [_cell(row, "rate", digits=0), _cell(row, "events", digits=0), _cell(row, "cpu_ms")]


def _cell(row: Mapping[str, Any], key: str, scale: float = 1.0, digits: int = 3) -> str:
    figure = row.get(key)
    if figure is None:
        return ""
    median, low, high = (f"{figure[name] * scale:,.{digits}f}" for name in ("median", "low", "high"))
    return f"{median} ({low} to {high})" if low != high else median
