"""The cascade of a trained model: its first stage and its early exit, and what they save and lose.

Both are fitted to the served int8 file on training windows, their limits come from one half of the held-out
risky rows, and what is reported from the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers.first_stage import FIRST_STAGE_FILE, FirstStage
from classifiers.training import calibrate, early_exit, first_fit
from classifiers.training.calibrate import Floats
from classifiers.training.examples import Example
from classifiers.training.export import open_session, run
from classifiers.training.tokens import Window, Windower, batch

MOST_WINDOWS = 8
EXIT_WINDOWS = 40_000
"""Training windows that the exit is fitted to."""
Bools = npt.NDArray[np.bool_]
Judge = Callable[[Floats], tuple[Bools, Bools, Floats]]
"""Logits (windows, heads) to: is there something (flag), would it be stopped (block), calibrated scores."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Windows of some rows with the network's logits; ``rows`` says which row a window is of."""

    windows: Sequence[Window]
    rows: npt.NDArray[np.int64]
    logits: Floats

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.rows.max()) + 1 if len(self.rows) else 0


def cut_rows(path: Path, windower: Windower, rows: Sequence[Example], heads: int) -> Cut:
    """Cut rows into windows and run the network on each, eight at a time by length."""
    cut = [windower.windows(row.text, row.request, limit=MOST_WINDOWS) for row in rows]
    windows = [window for each in cut for window in each]
    owners = np.repeat(np.arange(len(cut)), [len(each) for each in cut])
    order = sorted(range(len(windows)), key=lambda i: len(windows[i].ids))
    logits, session = np.zeros((len(windows), heads)), open_session(path, threads=2)
    for start in range(0, len(order), 8):
        chunk = order[start : start + 8]
        logits[chunk] = run(session, batch([windows[i] for i in chunk]))
    return Cut(windows, owners, logits)


def build_first_stage(
    train: Cut, risky: Cut, calm: Cut, judge: Judge, settings: dict[str, Any], seed: int
) -> tuple[bytes, dict[str, Any]]:
    """The bytes of the stage's file, and what it saves (``calm`` rows) and loses (``risky`` rows)."""
    sizes = first_fit.Sizes(**settings["sizes"])
    wanted = judge(train.logits)[0].astype(float)
    bag = first_fit.fit_bag(train.windows, wanted, sizes, seed)
    labels = judge(train.logits[:1])[2].shape[1]
    draft = FirstStage(first_fit.write_bag(bag, 0.0, np.zeros(labels)), labels)
    marks = np.array([draft.logit(window.ids) for window in risky.windows])
    limit = limit_of(risky, marks, judge, settings)
    passed = np.array([draft.logit(window.ids) for window in calm.windows]) < limit
    rest = judge(calm.logits[passed])[2].mean(axis=0) if passed.any() else np.zeros(labels)
    facts = {
        "limit": limit,
        "calm_windows": calibrate.rate_above(passed.astype(float), 0.5),
        "calm_rows": calibrate.rate_above(_all_of(calm, passed).astype(float), 0.5),
    }
    return first_fit.write_bag(bag, limit, rest), facts | losses(risky, marks >= limit, judge)


def limit_of(risky: Cut, marks: Floats, judge: Judge, settings: Mapping[str, Any]) -> float:
    """The highest limit that takes no more than the allowed shares of risky rows (every other one)."""
    half = np.arange(risky.size) % 2 == 0
    return min(
        first_fit.limit_for(_kept_marks(risky, marks, hit, half), int(half.sum()), settings[name])
        for name, hit in zip(("lost_flag", "lost_block"), judge(risky.logits)[:2], strict=True)
    )


def losses(risky: Cut, seen: Bools, judge: Judge) -> dict[str, calibrate.Rate]:
    """Of the risky rows that no limit was read from: what is found, and lost where only some windows are
    ``seen``.
    """
    half = np.arange(risky.size) % 2 == 0
    facts = {}
    for name, hit in zip(("flag", "block"), judge(risky.logits)[:2], strict=True):
        found, still = _any_of(risky, hit)[~half], _any_of(risky, hit & seen)[~half]
        facts[f"recall_{name}"] = calibrate.rate_above(found.astype(float), 0.5)
        facts[f"lost_{name}"] = calibrate.rate_above((found & ~still).astype(float), 0.5)
    return facts


def build_cascade(
    path: Path, cuts: tuple[Cut, Cut, Cut], judge: Judge, settings: dict[str, Any], seed: int
) -> tuple[float | None, dict[str, Any]]:
    """Put a first stage beside the file at ``path`` and an early exit into it.

    ``cuts``: training, risky and harmless windows. Returns the exit's limit (None: the encoder has too few
    layers for one), and what is saved and lost by the first stage alone (``first``) and by both (``both``).
    """
    train, risky, calm = cuts
    data, first_facts = build_first_stage(train, risky, calm, judge, settings, seed)
    write_first_stage(path.parent, data)
    if not early_exit.has_upper_layers(path.read_bytes()):
        return None, {"first": first_facts, "both": first_facts}
    stage = FirstStage(data, judge(train.logits[:1])[2].shape[1])
    found = _fit_exit(path, train, calm, judge, seed)
    whole = path.read_bytes()
    draft = early_exit.write_exit(whole, found, calm.logits.mean(axis=0))
    marks = early_exit.read_marks(draft, risky.windows)
    below = limit_of(risky, marks, judge, settings["exit"])
    left = early_exit.read_marks(draft, calm.windows) < below
    path.write_bytes(early_exit.write_exit(whole, found, calm.logits[left].mean(axis=0)))
    passed = {name: _passed(stage, cut) for name, cut in (("risky", risky), ("calm", calm))}
    settled = passed["calm"] | left
    both = {
        "calm_windows": calibrate.rate_above(settled.astype(float), 0.5),
        "calm_rows": calibrate.rate_above(_all_of(calm, settled).astype(float), 0.5),
    }
    both |= losses(risky, ~passed["risky"] & (marks >= below), judge)
    return below, {"first": first_facts, "both": both}


def _fit_exit(path: Path, train: Cut, calm: Cut, judge: Judge, seed: int) -> early_exit.Exit:
    heads, windows = calm.logits.shape[1], train.windows[:EXIT_WINDOWS]
    states, logits = early_exit.read_states(path.read_bytes(), windows, heads)
    return early_exit.fit_exit(states, judge(logits)[0].astype(float), seed)


def _passed(stage: FirstStage, cut: Cut) -> Bools:
    return np.array([stage.passes(window.ids) for window in cut.windows])


def _kept_marks(cut: Cut, marks: Floats, hit: Bools, chosen: Bools) -> Floats:
    """For every chosen row with a hit: the stage's highest logit over the windows that hit."""
    best = np.full(cut.size, -np.inf)
    np.maximum.at(best, cut.rows[hit], marks[hit])
    return best[chosen & np.isfinite(best)]


def _any_of(cut: Cut, hit: Bools) -> Bools:
    found = np.zeros(cut.size, dtype=bool)
    found[cut.rows[hit]] = True
    return found


def _all_of(cut: Cut, hit: Bools) -> Bools:
    return ~_any_of(cut, ~hit)


def manifest_entry(exit_below: float | None) -> dict[str, float]:
    """What the manifest says of the early exit."""
    return {} if exit_below is None else {"exit_below": round(exit_below, 6)}


def write_first_stage(folder: Path, data: bytes) -> None:
    """Put the stage's file beside the model."""
    (folder / FIRST_STAGE_FILE).write_bytes(data)
