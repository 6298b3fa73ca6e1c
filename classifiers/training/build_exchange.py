"""The exchange model from pool to artefact, with leave-sources-out folds for its calibration."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.training import (
    build_input,
    calibrate,
    cascade,
    collect,
    compose,
    export,
    measure,
    network,
    replies,
    report,
    train,
    written,
)
from classifiers.training.encoder import BASE_LICENCE, BASE_NAME
from classifiers.training.examples import Example, drop_duplicates, targets_of
from classifiers.training.fitting import Fitted, fit_curves, fit_label, known
from classifiers.training.labelled import UNLABELLED, Labelled
from classifiers.training.labels import EXCHANGE_HEADS, REFUSAL
from classifiers.training.tokens import Windower

log = logging.getLogger(__name__)
Floats = measure.Floats
Settings = dict[str, Any]
PLAINLY, EVENLY = 0.8, 0.5
"""Chances of compliance under which a window is looked at, and under which a reply is no compliance."""


def gather(pool: Path, config: Settings) -> list[Example]:
    """Pool replies, toxic and clean replies and own replies, each with or without a request."""
    settings, seed = config["exchange"], config["seed"]
    found = replies.collect_replies(pool, settings["caps"], seed)
    found += replies.collect_toxic(pool, settings["toxic"], seed) + replies.compose_replies(seed)
    found = drop_duplicates(found)
    found += written.read_replies() * settings["repeat"]
    requests = build_input.gather(pool, config["input"], seed).train
    return replies.add_requests(found, requests, settings["blank"], seed)


def train_on(
    rows: list[Example], weights: Path, settings: Settings, schedule_name: str, seed: int
) -> network.Classifier:
    """Fine-tune the base encoder on these rows."""
    train.seed_torch(seed)
    model = network.load_encoder(weights, len(EXCHANGE_HEADS), "reply")
    train_round(model, rows, weights, settings, schedule_name, seed)
    return model


def train_round(
    model: network.Classifier,
    rows: list[Example],
    weights: Path,
    settings: Settings,
    schedule_name: str,
    seed: int,
) -> None:
    """Train on these rows with one schedule, in place."""
    schedule = train.Schedule(**settings[schedule_name], seed=seed)
    windower = _windower(weights, settings, schedule.train_tokens)
    steps = train.fit(model, train.encode(rows, EXCHANGE_HEADS, windower), EXCHANGE_HEADS, schedule)
    log.info("exchange: %d rows, %d steps", len(rows), steps)


def _windower(weights: Path, settings: Settings, tokens: int) -> Windower:
    return Windower.load(
        weights / "tokenizer.json", tokens, settings["overlap"], settings["train_request_tokens"]
    )


def in_fold(row: Example, names: list[str]) -> bool:
    """True if one of the fold's names occurs in the row's source."""
    return any(name in row.source for name in names)


def fold_logits(
    rows: list[Example], weights: Path, settings: Settings, seed: int
) -> tuple[list[Example], Floats]:
    """Logits of every foldable row from a model that saw none of its fold's sources."""
    held: list[Example] = []
    found: list[Floats] = []
    for names in settings["folds"]:
        model = train_on(
            [row for row in rows if not in_fold(row, names)], weights, settings, "fold_schedule", seed
        )
        tested = [row for row in rows if in_fold(row, names)]
        windower = _windower(weights, settings, settings["fold_schedule"]["train_tokens"])
        found.append(train.predict(model, train.encode(tested, EXCHANGE_HEADS, windower)))
        held.extend(tested)
    return held, np.concatenate(found)


def judged_by_people(row: Example) -> bool:
    """True for rows whose refusal label was read or written by a person, not told by a rule."""
    return row.family == replies.READ or row.source.startswith(written.WRITTEN)


def refusal_classes(rows: list[Example]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Class number of each row in the refusal group, -1 where unknown."""
    return np.array(
        [max((i for i, n in enumerate(REFUSAL) if row.targets.get(n) == 1.0), default=-1) for row in rows]
    )


def unseen_rows(pool: Path, rows: list[Example], config: Settings) -> list[Example]:
    """Calibration rows that were not trained on, with and without requests."""
    found = replies.collect_unseen(pool, rows, config["exchange"]["unseen"], config["seed"])
    requests = build_input.gather(pool, config["input"], config["seed"]).train
    return replies.add_requests(found, requests, config["exchange"]["blank"], config["seed"])


def fit_sigmoids(unseen: list[Example], logits: Floats, ratios: dict[str, float]) -> list[Fitted]:
    """Calibrate harm_delivered and toxic_reply on unseen rows.

    Thresholds come from every other harmless row, the stated rates from the rest.
    """
    calm = [i for i, row in enumerate(unseen) if in_fold(row, list(replies.CALM))]
    columns = [i for i, head in enumerate(EXCHANGE_HEADS) if head.activation == "sigmoid"]
    heads = [EXCHANGE_HEADS[i] for i in columns]
    curves = fit_curves(heads, [known(logits, unseen, EXCHANGE_HEADS[i].name, i) for i in columns])
    return [
        fit_label(head, curve, logits[calm, i][::2], logits[calm, i][1::2], ratios)
        for i, head, curve in zip(columns, heads, curves, strict=True)
    ]


def refusal_figures(held: list[Example], logits: Floats, folds: list[list[str]]) -> dict[str, Any]:
    """Per left-out fold: F1 of every class, and how often complying replies are called a refusal.

    Only rows count whose label comes from people.
    """
    classes = np.where([judged_by_people(row) for row in held], refusal_classes(held), -1)
    given = logits[:, : len(REFUSAL)].argmax(axis=1)
    found: dict[str, Any] = {}
    for names in folds:
        chosen = np.array([in_fold(row, names) for row in held]) & (classes >= 0)
        wanted, said = classes[chosen], given[chosen]
        if chosen.any():
            found[" + ".join(names)] = {
                "n": {name: int((wanted == i).sum()) for i, name in enumerate(REFUSAL)},
                "f1": dict(zip(REFUSAL, calibrate.f1_scores(wanted.tolist(), said.tolist(), 4), strict=True)),
                "false_refusal": calibrate.rate_above((said[wanted == 0] == 2).astype(float), 0.5),
                "caught": calibrate.rate_above((said[wanted == 2] == 2).astype(float), 0.5),
            }
    return found


def sigmoid_figures(unseen: list[Example], logits: Floats, fitted: list[Fitted]) -> dict[str, Any]:
    """Ranking and recall of the sigmoid labels on unseen rows of known sources."""
    found = {}
    for label in fitted:
        column = EXCHANGE_HEADS.index(label.head)
        wanted = targets_of(unseen, label.head.name)
        rows = ~np.isnan(wanted)
        scores = label.scaling.score(logits[rows, column])
        found[label.head.name] = {
            "positives": int(np.nansum(wanted)),
            "auroc": calibrate.auroc(scores, wanted[rows]),
            "auprc": calibrate.auprc(scores, wanted[rows]),
            "recall_block": calibrate.rate_above(scores[wanted[rows] == 1.0], label.block),
            "recall_flag": calibrate.rate_above(scores[wanted[rows] == 1.0], label.flag),
        }
    return found


def transfer_figures(held: list[Example], logits: Floats, folds: list[list[str]]) -> dict[str, Any]:
    """AUROC of the sigmoid labels within each left-out fold: what carries over to sources never seen."""
    found: dict[str, Any] = {}
    for names in folds:
        chosen = np.array([in_fold(row, names) for row in held])
        for column, head in enumerate(EXCHANGE_HEADS):
            wanted = targets_of(held, head.name)
            rows = chosen & ~np.isnan(wanted)
            area = calibrate.auroc(logits[rows, column], wanted[rows])
            if head.activation == "sigmoid" and not np.isnan(area):
                key = f"{head.name}: {' + '.join(names)}"
                found[key] = {"positives": int(wanted[rows].sum()), "n": int(rows.sum()), "auroc": area}
    return found


def probe_figures(score: Callable[[list[Example]], Floats], scale: float, path: Path) -> dict[str, Any]:
    """F1 on the hand-written probe replies, with and without their requests, and each reply's
    probabilities.
    """
    lines = [
        line.split("\t")
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("# ")
    ]
    rows = [
        Example(reply, refusal_targets, "probe", "", request=request)
        for name, request, reply in lines
        for refusal_targets in [replies.refusal_targets(name)]
    ]
    found: dict[str, Any] = {}
    for name, chosen in (("with request", rows), ("without", [replace(row, request="") for row in rows])):
        chances = calibrate.softmax(scale * score(chosen)[:, : len(REFUSAL)])
        wanted, said = refusal_classes(chosen), chances.argmax(axis=1)
        found[name] = {
            "n": len(rows),
            "accuracy": calibrate.rate_above((wanted == said).astype(float), 0.5),
            "f1": dict(zip(REFUSAL, calibrate.f1_scores(wanted.tolist(), said.tolist(), 4), strict=True)),
            "said": [
                [REFUSAL[w], REFUSAL[s], round(float(c.max()), 3), row.text]
                for w, s, c, row in zip(wanted, said, chances, chosen, strict=True)
            ],
        }
    return found


def build(pool: Path, weights: Path, out: Path, config: Settings, labels: Labelled = UNLABELLED) -> None:
    """Train, calibrate, export and document the exchange model in ``out``/exchange."""
    settings, seed = config["exchange"], config["seed"]
    rows = labels.added_to(gather(pool, config))
    model = train_on(rows, weights, settings, "schedule", seed)
    folds = fold_logits(rows, weights, settings, seed)
    unseen = unseen_rows(pool, rows, config)
    finish(model, rows, folds, unseen, weights, out / "exchange", config=config)


def build_cascade(
    path: Path,
    windower: Windower,
    rows: tuple[list[Example], list[Example]],
    scale: float,
    fitted: list[Fitted],
    config: Settings,
) -> tuple[float | None, dict[str, Any]]:
    """First stage and early exit of the exported file: they pass what plainly complies and harms nobody."""
    trained, unseen = rows

    def judge(logits: Floats) -> tuple[cascade.Bools, cascade.Bools, Floats]:
        chances = calibrate.softmax(scale * logits[:, : len(REFUSAL)])
        sigmoid = [label.scaling.score(logits[:, EXCHANGE_HEADS.index(label.head)]) for label in fitted]
        declined = chances[:, 0] < PLAINLY
        flag = np.any([score >= label.flag for score, label in zip(sigmoid, fitted, strict=True)], axis=0)
        block = np.any([score >= label.block for score, label in zip(sigmoid, fitted, strict=True)], axis=0)
        scores = np.concatenate([chances, np.stack(sigmoid, axis=1)], axis=1)
        return flag | declined, block | (chances[:, 0] < EVENLY), scores

    calm = [row for row in unseen if _is_calm(row)]
    risky = [row for row in unseen if not _is_calm(row)]
    train_cut, risky_cut, calm_cut = (
        cascade.cut_rows(path, windower, part, len(EXCHANGE_HEADS)) for part in (trained, risky, calm)
    )
    cuts = (train_cut, risky_cut, calm_cut)
    return cascade.build_cascade(path, cuts, judge, config["exchange"]["cascade"], config["seed"])


def _is_calm(row: Example) -> bool:
    """Nothing in the row is known to need a closer look."""
    risky = (*REFUSAL[1:], "harm_delivered", "toxic_reply")
    return not any(row.targets.get(name) == 1.0 for name in risky)


def finish(
    model: network.Classifier,
    rows: list[Example],
    folds: tuple[list[Example], Floats],
    unseen: list[Example],
    weights: Path,
    folder: Path,
    *,
    config: Settings,
) -> None:
    """Export a trained model and write the artefact; ``folds`` are left-out rows with their logits.

    ``unseen`` rows calibrate the sigmoid labels on the exported file itself.
    """
    settings, (held, logits) = config["exchange"], folds
    full = folder.parent / "exchange.fp32.onnx"
    export.write_onnx(model, full)
    export.quantise(full, folder / "model.onnx")
    export.write_tokenizer(weights / "tokenizer.json", folder / "tokenizer.json")
    windower = Windower.load(
        folder / "tokenizer.json", settings["max_tokens"], settings["overlap"], settings["request_tokens"]
    )
    classes = refusal_classes(held)
    scale = calibrate.fit_temperature(logits[classes >= 0, : len(REFUSAL)], classes[classes >= 0])
    whole = measure.scorer(folder / "model.onnx", windower, EXCHANGE_HEADS)(unseen)
    fitted = fit_sigmoids(unseen, whole, settings["ratios"])
    parts = (rows, unseen)
    exit_below, saved = build_cascade(folder / "model.onnx", windower, parts, scale, fitted, config)
    score = measure.scorer(folder / "model.onnx", windower, EXCHANGE_HEADS)
    fresh = score(unseen)
    fitted = fit_sigmoids(unseen, fresh, settings["ratios"])
    sample = rows[:: max(1, len(rows) // 400)]
    exact, small = measure.logits_of(full, windower, sample, EXCHANGE_HEADS), score(sample)
    facts = {
        "rows": len(rows),
        "cascade": saved,
        "refusal": refusal_figures(held, logits, settings["folds"]),
        "sigmoid": sigmoid_figures(unseen, fresh, fitted),
        "transfer": transfer_figures(held, logits, settings["folds"]),
        "probe": probe_figures(score, scale, compose.DATA / "probe_replies.tsv"),
        "agreement": float((exact[:, :4].argmax(axis=1) == small[:, :4].argmax(axis=1)).mean()),
        "latency": {size: measure.latency(folder / "model.onnx", size) for size in (64, 128, 256)},
    }
    fields = manifest_fields(scale, fitted, config) | cascade.manifest_entry(exit_below)
    export.write_manifest(folder, fields)
    card = report.exchange_card(fields, facts, collect.licence_table(rows), BASE_LICENCE)
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    report.write_figures(folder.parent / "exchange.figures.json", facts)
    write_folds(folder.parent / "exchange.folds.jsonl", held, scale * logits[:, : len(REFUSAL)], settings)


def write_folds(path: Path, held: list[Example], logits: Floats, settings: Settings) -> None:
    """Left-out replies with their class and scores, for ``python -m evaluation.refusals``."""
    with path.open("w", encoding="utf-8") as file:
        for row, kind, chances in zip(held, refusal_classes(held), calibrate.softmax(logits), strict=True):
            fold = next(" + ".join(names) for names in settings["folds"] if in_fold(row, names))
            if kind >= 0 and judged_by_people(row):
                scores = dict(zip(REFUSAL, chances.tolist(), strict=True))
                line = {"reply": row.text, "class": REFUSAL[kind], "scores": scores, "fold": fold}
                file.write(json.dumps(line) + "\n")


def manifest_fields(scale: float, fitted: list[Fitted], config: Settings) -> Settings:
    """The manifest without file digests; label order is the column order."""
    settings = config["exchange"]
    group = [
        {
            "name": name,
            "group": "refusal",
            "activation": "softmax",
            "scale": round(scale, 6),
            "shift": 0.0,
            "thresholds": {},
        }
        for name in REFUSAL
    ]
    return {
        "name": "gatehouse-exchange",
        "version": config["version"],
        "input": "exchange",
        "max_tokens": settings["max_tokens"],
        "overlap": settings["overlap"],
        "request_tokens": settings["request_tokens"],
        "labels": group + [label.entry() for label in fitted],
        "languages": ["en"],
        "licence": "Apache-2.0",
        "base": BASE_NAME,
        "benign_rate": {label.head.name: report.rates(label.benign) for label in fitted},
        "certified": {label.head.name: round(label.bound, 5) for label in fitted},
        "card": "MODEL_CARD.md",
        "created": config["created"],
    }
