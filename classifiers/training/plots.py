"""Pictures of a run, as SVG. The only importer of matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from classifiers.training.calibrate import Bin

COLOURS = ("#b3261e", "#1f5fa8", "#3a7d34")


def draw_reliability(found: Mapping[str, Sequence[Bin]], path: Path) -> None:
    """Reliability diagrams side by side: share of risky rows against the mean score, dots by count."""
    mpl.rcParams["svg.hashsalt"] = "gatehouse"  # the same figures give the same file
    figure = Figure(figsize=(3.6 * len(found), 3.8), layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for panel, (name, bins), colour in zip(panels, found.items(), COLOURS * len(found), strict=False):
        panel.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--")
        panel.plot([item.score for item in bins], [item.risky for item in bins], color=colour, linewidth=1.5)
        sizes = [12 + 80 * (item.n / max(other.n for other in bins)) ** 0.5 for item in bins]
        panel.scatter([item.score for item in bins], [item.risky for item in bins], s=sizes, color=colour)
        for item in bins:
            panel.annotate(
                f"n {item.n}", (item.score, item.risky), (4, -10), textcoords="offset points", fontsize=6
            )
        panel.set(title=name, xlabel="score", ylabel="share that was risky", xlim=(0, 1), ylim=(0, 1))
        panel.set_aspect("equal")
    figure.savefig(path, format="svg", metadata={"Date": None})
