"""Panels and the queries they are made of; every query is filtered by `$job` and `$instance`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

HERE = 'job=~"$job", instance=~"$instance"'
RATE = "$__rate_interval"
SPAN = "$window"


@dataclass(frozen=True)
class Target:
    """One query. `table`: a single instant value instead of a series."""

    expr: str
    legend: str = ""
    table: bool = False
    heatmap: bool = False


@dataclass(frozen=True)
class Panel:
    """One panel; `width` of 24 columns."""

    title: str
    about: str
    targets: Sequence[Target]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    stacked: bool = False
    thresholds: Sequence[tuple[float | None, str]] = field(default=((None, "green"),))


def by(name: str, labels: str, more: str = "") -> str:
    """Rate of a counter by labels."""
    return f"sum by ({labels}) (rate({series(name, more)}[{RATE}]))"


def rate(name: str, more: str = "") -> str:
    """Rate of a counter over everything."""
    return f"sum(rate({series(name, more)}[{RATE}]))"


def series(name: str, more: str = "") -> str:
    """A family with the dashboard's filters."""
    return f"gatehouse_{name}{{{HERE}{', ' + more if more else ''}}}"


def counted(name: str, more: str = "", span: str = SPAN) -> str:
    """How often within the window."""
    return f"sum(increase({series(name, more)}[{span}]))"


def quantile(q: float, name: str, labels: str = "") -> str:
    """A quantile of a histogram."""
    groups = f"le, {labels}" if labels else "le"
    return f"histogram_quantile({q}, sum by ({groups}) (rate({series(name + '_bucket')}[{RATE}])))"


def quantiles(name: str) -> list[Target]:
    """p50, p95 and p99 of a histogram."""
    return [Target(quantile(q, name), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)]


def share(hits: str, n: str) -> list[Target]:
    """The share of `hits` among `n` with its 95 % Wilson interval, and n itself on the right axis."""
    wide = f"1.96 * sqrt(({hits}) * clamp_min(({n}) - ({hits}), 0) / ({n}) + 0.9604)"
    return [
        Target(f"({hits}) / ({n}) and ({n}) > 0", "share"),
        Target(f"clamp_min((({hits}) + 1.9208 - {wide}) / (({n}) + 3.8416), 0) and ({n}) > 0", "95 % low"),
        Target(f"clamp_max((({hits}) + 1.9208 + {wide}) / (({n}) + 3.8416), 1) and ({n}) > 0", "95 % high"),
        Target(n, "n"),
    ]
