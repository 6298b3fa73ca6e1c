"""The course of a run: everything is checked, then each model is trained, opened as it will be served, and
compared with the shipped one on the rows that users held out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from classifiers.registry import describe, load, shipped
from classifiers.training.collect import POOL_FILES
from classifiers.training.comparison import Change, compare, lines_of
from classifiers.training.labelled import LabelledRows, LabelsError, read_labels
from classifiers.training.recipe import (
    MODELS,
    SHIPPED,
    Recipe,
    RecipeError,
    adapted,
    read_recipe,
    schedule_keys,
)

log = logging.getLogger(__name__)
NO_POOL = (
    "no data pool was given: trained on the rows written for Gatehouse and on your labels alone. Public "
    "prompts, documents, attacks and red-team turns are missing, and thresholds rest on held-out written "
    "rows, so expect more wrong blocks on ordinary traffic: keep it in monitor mode until it is measured."
)
NO_EXCHANGE = "the exchange model was not trained: it needs the data pool (--pool)"


class OrderError(ValueError):
    """An order that cannot be carried out; ``problems`` names every reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. ``models`` empty: all that the given data allow; ``config`` None: the shipped
    recipe; ``base`` empty and ``minutes`` 0: as the recipe says.
    """

    out: Path
    pool: Path | None = None
    config: Path | None = None
    base: str = ""
    models: Sequence[str] = ()
    labels: Sequence[Path] = ()
    device: str = "auto"
    minutes: float = 0.0


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model that was made: its folder, the digest of its manifest, and the time it took."""

    folder: str
    model: str
    digest: str
    seconds: float


@dataclass(slots=True)
class Outcome:
    """What came of an order. ``notes`` says plainly what is missing; ``changes`` are by model."""

    models: dict[str, Artefact] = field(default_factory=dict)
    labelled: dict[str, dict[str, int]] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order that was checked."""

    models: tuple[str, ...]
    recipe: Recipe
    labels: LabelledRows
    notes: list[str]


def prepare(order: Order) -> Prepared:
    """Check an order without any training library.

    Raises:
        OrderError: pool, settings or labels are missing or wrong; all problems at once.
    """
    models = tuple(order.models) or (MODELS if order.pool else ("input",))
    problems = _pool_problems(order.pool, models)
    recipe, labels = Recipe(), LabelledRows()
    try:
        recipe = read_recipe(order.config or SHIPPED)
    except RecipeError as error:
        problems += error.problems
    try:
        labels = read_labels(order.labels)
    except LabelsError as error:
        problems += error.problems
    if problems:
        raise OrderError(problems)
    recipe = adapted(recipe, models, device=order.device, minutes=order.minutes)
    return Prepared(models, recipe, labels, _notes(order, models, labels))


def _pool_problems(pool: Path | None, models: Sequence[str]) -> list[str]:
    if pool is None:
        return ["the exchange model needs --pool"] if "exchange" in models else []
    if not pool.is_dir():
        return [f"no data pool at {pool}: --pool wants the folder with its *.jsonl.gz files"]
    names = [f"{name}.jsonl.gz" for name in sorted(POOL_FILES)]
    return [f"the data pool lacks {name}" for name in names if not (pool / name).is_file()]


def _notes(order: Order, models: Sequence[str], labels: LabelledRows) -> list[str]:
    notes = [] if order.pool else [NO_POOL]
    if order.base:
        notes.append(f"the base encoder was taken from {order.base}")
    if not order.pool and not order.models:
        notes.append(NO_EXCHANGE)
    for model in set(MODELS) - set(models):
        found = labels.of(model)
        if size := len(found.train) + len(found.held):
            notes.append(f"labelled rows for the {model} model that were not used: {size}")
    passed = ", ".join(f"{kind} {count}" for kind, count in sorted(labels.passed_over.items()))
    if passed:
        notes.append(f"feedback that states no label was passed over: {passed}")
    return notes


def carry_out(order: Order) -> Outcome:
    """Train, export and compare; artefacts are ``out``/<model>.

    Raises:
        OrderError: it cannot be carried out.
        ModuleNotFoundError: the extra [train] is not installed.
    """
    prepared = prepare(order)
    from classifiers.training import build_exchange, build_input, encoder, train  # noqa: PLC0415 - torch

    known = {each.name for each in fields(train.Schedule)}
    if unknown := [f"{order.config}: {key} is unknown" for key in schedule_keys(prepared.recipe) - known]:
        raise OrderError(sorted(unknown))
    try:
        train.find_device(order.device)
        weights = encoder.find_weights(order.base or prepared.recipe["base"], order.out / "scratch")
    except (OSError, ValueError) as error:
        raise OrderError([str(error)]) from None
    outcome = Outcome(notes=prepared.notes)
    builders: dict[str, Callable[..., None]] = {"input": build_input.build, "exchange": build_exchange.build}
    for name in prepared.models:
        labels, started = prepared.labels.of(name), time.monotonic()
        log.info("%s: reading rows", name)
        builders[name](order.pool, weights, order.out, prepared.recipe, labels)
        outcome.labelled[name] = {"trained": len(labels.train), "held_out": len(labels.held)}
        folder = order.out / name
        outcome.models[name] = _artefact(folder, time.monotonic() - started)
        if labels.held and name in shipped():
            outcome.changes[name] = compare(name, load(shipped()[name]), load(folder), labels.held)
        _complete_card(folder / "MODEL_CARD.md", name, outcome)
    return outcome


def _artefact(folder: Path, seconds: float) -> Artefact:
    """Open what was made the way it will be served."""
    if problems := describe(folder).problems:
        raise OrderError([f"{folder.name}: {problem}" for problem in problems])
    made = load(folder)
    return Artefact(str(folder), made.model, made.digest, round(seconds, 1))


def _complete_card(card: Path, name: str, outcome: Outcome) -> None:
    """Say on the model card what this run had besides or without the recipe."""
    lines = list(outcome.notes)
    if (rows := outcome.labelled[name]) and any(rows.values()):
        lines.append(
            f"{rows['trained']} labelled rows of whoever trained this, {rows['held_out']} more held out."
        )
    lines += lines_of({name: outcome.changes.get(name, [])})
    if lines:
        text = "\n".join(f"- {line}" for line in lines)
        card.write_text(f"{card.read_text(encoding='utf-8')}\n## This run\n\n{text}\n", encoding="utf-8")


def lines_about(outcome: Outcome) -> list[str]:
    """The outcome for people."""
    lines = [
        f"{name}: {made.model} in {made.folder}, {made.digest[:19]}…, {made.seconds:.0f} s"
        for name, made in outcome.models.items()
    ]
    for name, rows in outcome.labelled.items():
        if any(rows.values()):
            lines.append(f"{name}: {rows['trained']} labelled rows trained on, {rows['held_out']} held out")
    return [*lines, *lines_of(outcome.changes), *(f"note: {note}" for note in outcome.notes)]
