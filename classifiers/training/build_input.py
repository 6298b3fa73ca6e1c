"""The input model from pool to artefact: collect, split, train, calibrate, export, report."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.training import (
    artefact,
    attack_rows,
    augment,
    calibrate,
    cascade,
    collect,
    compose,
    export,
    measure,
    network,
    plots,
    report,
    split,
    train,
    written,
)
from classifiers.training.encoder import BASE_LICENCE, BASE_NAME
from classifiers.training.examples import Example, drop_duplicates, targets_of
from classifiers.training.fitting import Fitted, fit_curves, fit_label, known
from classifiers.training.labelled import UNLABELLED, Labelled
from classifiers.training.labels import INPUT_HEADS, RISKS
from classifiers.training.split import Split
from classifiers.training.tokens import Windower

log = logging.getLogger(__name__)
Floats = measure.Floats
SHARES = (0.05, 0.01, 0.005, 0.001)
GROUPS = {
    "direct requests": ("FigStep", "strongreject", "dangerousqa", "air-bench"),
    "toxic statements": ("surge-ai", "written-held:statements"),
    "written requests": ("written-held:requests", "written-held:twins", "written-held:ordinary"),
    "jailbreaks": ("GPTFuzz templates", "spikee", "attacks/jailbreak", "attacks/suffix"),
    "hijacks": ("deepset", "Giskard", "spikee", "attacks/hijack"),
    "hidden instructions": ("attacks/document",),
}
"""Stand-ins for kinds of attack, by parts of the names of held-out sources."""


def gather(pool: Path | None, settings: dict[str, Any], seed: int) -> Split:
    """Pool rows and own rows, without duplicates, split by source."""
    own = [*compose.compose_input(seed), *written.read_written(), *written.read_answers()]
    found = [*collect.collect_input(pool, settings["caps"], seed), *collect.collect_answers(pool)]
    rows = [*found, *written.label_redteam(pool), *own]
    parts = split.split_by_source(drop_duplicates(rows), settings["parts"])
    cores = [*parts.train, *(row for row in own if row.source.startswith(written.HELD))]
    carriers = collect.carriers(parts.train)
    composed = attack_rows.compose_attacks(cores, carriers, settings["composed"], seed)
    extra = split.split_by_source(drop_duplicates(composed), settings["parts"])
    parts.train += extra.train
    parts.probe += extra.probe
    parts.tune = [row for row in parts.tune if row.digest() not in settings["not_harmless"]]
    return parts


def train_model(
    parts: Split, weights: Path, settings: dict[str, Any], seed: int
) -> tuple[network.Classifier, int]:
    """Fine-tune the encoder in two rounds, a model that was trained before in the second one alone.

    Returns the model and its number of steps.
    """
    train.seed_torch(seed)
    model = network.load_encoder(weights, len(INPUT_HEADS), "text")
    steps = 0
    if not artefact.is_trained(weights):
        own = (written.WRITTEN, written.REDTEAM_SOURCE)
        rows = parts.train + [row for row in parts.train if row.source.startswith(own)] * settings["repeat"]
        steps = train_round(model, rows, weights, settings, "schedule", seed)
    rows = second_rows(parts.train, settings["emphasis"], seed)
    return model, steps + train_round(model, rows, weights, settings, "second", seed + 1)


def second_rows(rows: list[Example], emphasis: dict[str, Any], seed: int) -> list[Example]:
    """Rows of the short second round: those of some sources, and a sample of the others against forgetting.

    The sources are kinds of text that are few among all rows and were scored too high or too low; of those
    under ``often`` every row comes so many times, varied anew each time.
    """
    chosen = [row for row in rows if any(name in row.source for name in emphasis["sources"])]
    others = [row for row in rows if not any(name in row.source for name in emphasis["sources"])]
    for name, times in emphasis.get("often", {}).items():
        chosen += [row for row in chosen if name in row.source] * (times - 1)
    sampler = random.Random(seed)  # noqa: S311 - sampling, not secrets
    return chosen + sampler.sample(others, min(emphasis["others"], len(others)))


def train_round(
    model: network.Classifier,
    rows: list[Example],
    weights: Path,
    settings: dict[str, Any],
    name: str,
    seed: int,
) -> int:
    """Train on these rows with the schedule of that name; returns the number of steps."""
    schedule = train.Schedule(**settings[name], seed=seed)
    windower = Windower.load(weights / "tokenizer.json", schedule.train_tokens, settings["overlap"])
    varied = augment.augment(rows, settings["augment"], seed)
    log.info("input, %s: %d rows, %d of them augmented", name, len(varied), len(varied) - len(rows))
    data = train.encode(varied, INPUT_HEADS, windower, seed)
    return train.fit(model, data, INPUT_HEADS, schedule)


def fit_labels(
    score: Callable[[list[Example]], Floats], parts: Split, ratios: dict[str, float]
) -> list[Fitted]:
    """Calibrate every label; ``score`` returns logits (rows, heads) of the int8 file that is served.

    Thresholds come from the hard harmless rows: the tune part, and the harmless ones of the probe part
    (twins, long briefs, frames and documents).
    """
    tune, check, probe = score(parts.tune), score(parts.check), score(parts.probe)
    held, rows = np.concatenate([tune, check, probe]), parts.tune + parts.check + parts.probe
    hard = np.concatenate([tune, probe[[row.targets.get("harm") == 0.0 for row in parts.probe]]])
    pairs = [known(held, rows, head.name, column) for column, head in enumerate(INPUT_HEADS)]
    curves = fit_curves(INPUT_HEADS, pairs)
    return [
        fit_label(head, curve, hard[:, column], check[:, column], ratios)
        for column, (head, curve) in enumerate(zip(INPUT_HEADS, curves, strict=True))
    ]


def scores_by_label(logits: Floats, fitted: list[Fitted]) -> dict[str, Floats]:
    """Calibrated scores of each label."""
    return {label.head.name: label.scaling.score(logits[:, column]) for column, label in enumerate(fitted)}


def figures(score: Callable[[list[Example]], Floats], parts: Split, fitted: list[Fitted]) -> dict[str, Any]:
    """All that the card reports about detection: ranking by label, recall and false blocks by source."""
    held = parts.check + parts.tune
    calm, probe = scores_by_label(score(held), fitted), scores_by_label(score(parts.probe), fitted)
    by_name = {label.head.name: label for label in fitted}
    ranking = {}
    for name, label in by_name.items():
        wanted = targets_of(parts.probe, name)
        positive = wanted == 1.0
        values = np.concatenate([probe[name][positive], calm[name]])
        truth = np.concatenate([np.ones(int(positive.sum())), np.zeros(len(calm[name]))])
        if positive.any():
            ranking[name] = {
                "positives": int(positive.sum()),
                "auroc": calibrate.auroc(values, truth),
                "auprc": calibrate.auprc(values, truth),
                "recall_block": calibrate.rate_above(probe[name][positive], label.block),
                "recall_flag": calibrate.rate_above(probe[name][positive], label.flag),
            }
    return {
        "ranking": ranking,
        "recall": _by_source(parts.probe, probe, by_name, risky=True),
        "benign": _by_source(held, calm, by_name, risky=False),
        "benign_check_any": _any_block(parts.check, calm, by_name),
        "curve": _curve(parts, score, fitted),
        "reliability": {name: _bins(parts, probe[name], calm[name], name) for name in RISKS},
    }


def _curve(parts: Split, score: Callable[[list[Example]], Floats], fitted: list[Fitted]) -> dict[str, Any]:
    """Recall of each risk head at fixed shares of harmless rows, for the groups of held-out risky rows."""
    calm, probe = score(parts.check + parts.tune), score(parts.probe)
    found: dict[str, Any] = {}
    for group, names in GROUPS.items():
        for column, label in enumerate(fitted):
            wanted = targets_of(parts.probe, label.head.name) == 1.0
            chosen = wanted & np.array([any(name in row.source for name in names) for row in parts.probe])
            if label.head.name in RISKS and chosen.sum() >= calibrate.MIN_ROWS:
                rates = calibrate.recall_at(probe[chosen, column], calm[:, column], SHARES)
                found[f"{group}: {label.head.name}"] = {f"{share:.1%}": rates[share] for share in SHARES}
    return found


def _bins(parts: Split, probe: Floats, calm: Floats, name: str) -> list[calibrate.Bin]:
    """Reliability of a label on held-out rows, harmless ones included."""
    wanted = targets_of(parts.probe, name)
    known_rows = ~np.isnan(wanted)
    scores = np.concatenate([probe[known_rows], calm])
    return calibrate.reliability(scores, np.concatenate([wanted[known_rows], np.zeros(len(calm))]))


def _by_source(
    rows: list[Example], scores: dict[str, Floats], labels: dict[str, Fitted], risky: bool
) -> dict[str, Any]:
    """Per source: share of rows that any of harm, jailbreak, prompt_injection would block, and flag."""
    block = np.max([scores[name] >= labels[name].block for name in RISKS], axis=0)
    flag = np.max([scores[name] >= labels[name].flag for name in RISKS], axis=0)
    found: dict[str, Any] = {}
    for source in sorted({row.source for row in rows}):
        chosen = np.array([row.source == source and _is_risky(row) == risky for row in rows])
        if chosen.any():
            found[source] = {
                "block": calibrate.rate_above(block[chosen].astype(float), 0.5),
                "flag": calibrate.rate_above(flag[chosen].astype(float), 0.5),
            }
    return found


def _is_risky(row: Example) -> bool:
    return any(row.targets.get(name) == 1.0 for name in RISKS)


def _any_block(
    check: list[Example], calm: dict[str, Floats], labels: dict[str, Fitted]
) -> dict[str, calibrate.Rate]:
    """Share of unseen harmless prompts that a risk head, or any head at all, would block."""
    size = len(check)
    risk = np.max([calm[name][:size] >= labels[name].block for name in RISKS], axis=0)
    every = np.max([calm[name][:size] >= labels[name].block for name in labels], axis=0)
    return {
        name: calibrate.rate_above(hit.astype(float), 0.5) for name, hit in (("risk", risk), ("any", every))
    }


def agreement(full: Floats, small: Floats, fitted: list[Fitted]) -> dict[str, float]:
    """int8 against float32 on the risk heads: share of equal block decisions, mean and extreme gap."""
    gaps, equal = [], []
    for column, label in enumerate(fitted):
        if label.head.name in RISKS:
            one, two = label.scaling.score(full[:, column]), label.scaling.score(small[:, column])
            gaps.append(np.abs(one - two))
            equal.append((one >= label.block) == (two >= label.block))
    joined = np.concatenate(gaps)
    return {
        "equal": float(np.mean(equal)),
        "mean": float(joined.mean()),
        "p99": float(np.quantile(joined, 0.99)),
    }


def build(
    pool: Path | None, weights: Path, out: Path, config: dict[str, Any], labels: Labelled = UNLABELLED
) -> None:
    """Train, export and document the input model in ``out``/input."""
    settings, seed = config["input"], config["seed"]
    parts = labels.joined_to(gather(pool, settings, seed))
    model, steps = train_model(parts, weights, settings, seed)
    finish(model, steps, parts, weights, out / "input", config)


def build_cascade(
    path: Path, windower: Windower, parts: Split, fitted: list[Fitted], config: dict[str, Any]
) -> tuple[float | None, dict[str, Any]]:
    """Give the exported file a first stage and an early exit; see `cascade.build_cascade`."""

    def judge(logits: Floats) -> tuple[cascade.Bools, cascade.Bools, Floats]:
        scores = np.stack([f.scaling.score(logits[:, i]) for i, f in enumerate(fitted)], axis=1)
        acting = [i for i, label in enumerate(fitted) if label.head.name in (*RISKS, "ssh")]
        flag = (scores[:, acting] >= [fitted[i].flag for i in acting]).any(axis=1)
        block = (scores >= [label.block for label in fitted]).any(axis=1)
        return flag | block, block, scores

    settings = config["input"]["cascade"]
    risky = [row for row in parts.probe if _is_risky(row)]
    sampler = random.Random(config["seed"])  # noqa: S311 - sampling, not secrets
    sampled = sampler.sample(parts.train, min(settings["rows"], len(parts.train)))
    train_cut, risky_cut, calm_cut = (
        cascade.cut_rows(path, windower, rows, len(INPUT_HEADS))
        for rows in (sampled, risky, parts.tune + parts.check)
    )
    return cascade.build_cascade(path, (train_cut, risky_cut, calm_cut), judge, settings, config["seed"])


def finish(
    model: network.Classifier, steps: int, parts: Split, weights: Path, folder: Path, config: dict[str, Any]
) -> None:
    """Export, calibrate and write the artefact of a trained model."""
    settings = config["input"]
    full = folder.parent / "input.fp32.onnx"
    export.write_onnx(model, full)
    export.quantise(full, folder / "model.onnx")
    export.write_tokenizer(weights / "tokenizer.json", folder / "tokenizer.json")
    windower = Windower.load(folder / "tokenizer.json", settings["max_tokens"], settings["overlap"])
    whole = measure.scorer(folder / "model.onnx", windower, INPUT_HEADS)
    fitted = fit_labels(whole, parts, settings["ratios"])
    exit_below, saved = build_cascade(folder / "model.onnx", windower, parts, fitted, config)
    score = measure.scorer(folder / "model.onnx", windower, INPUT_HEADS)
    fitted = fit_labels(score, parts, settings["ratios"])
    sample = parts.tune[:300] + parts.probe[:900:3]
    facts = figures(score, parts, fitted) | {
        "cascade": saved,
        "steps": steps,
        "rows": len(parts.train),
        "agreement": agreement(measure.logits_of(full, windower, sample, INPUT_HEADS), score(sample), fitted),
        "latency": {size: measure.latency(folder / "model.onnx", size) for size in (16, 64, 128)},
        "probes": report.probe_prompts(score, fitted, compose.DATA / "probe_prompts.tsv"),
        "borrowed": [label.head.name for label in fitted if not label.own_curve],
    }
    fields = {
        "name": "gatehouse-input",
        "version": config["version"],
        "input": "text",
        "max_tokens": settings["max_tokens"],
        "overlap": settings["overlap"],
        "labels": [label.entry() for label in fitted],
        "languages": ["en"],
        "licence": "Apache-2.0",
        "base": BASE_NAME,
        "benign_rate": {label.head.name: report.rates(label.benign) for label in fitted},
        "certified": {label.head.name: round(label.bound, 5) for label in fitted},
        "card": "MODEL_CARD.md",
        "created": config["created"],
    } | cascade.manifest_entry(exit_below)
    export.write_manifest(folder, fields)
    card = report.input_card(fields, facts, collect.licence_table(parts.train), BASE_LICENCE)
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    plots.draw_reliability(facts["reliability"], folder / "reliability.svg")
    report.write_figures(folder.parent / "input.figures.json", facts)
