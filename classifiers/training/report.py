"""Model cards and figures: no rate without its n and its 95 % interval."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from string import Template
from typing import Any

from classifiers.training.calibrate import Bin, Floats, Rate
from classifiers.training.examples import Example
from classifiers.training.fitting import Fitted
from classifiers.training.labels import EXIT_LAYER, REFUSAL, RISKS

CARDS = Path(__file__).parent / "cards"
Licences = Sequence[tuple[str, str, int]]


def rates(found: dict[str, Rate]) -> dict[str, dict[str, float]]:
    """Rates as plain numbers for the manifest."""
    return {
        name: {key: round(value, 5) for key, value in asdict(rate).items()} for name, rate in found.items()
    }


def percent(rate: Rate) -> str:
    """Share, interval and n, in per cent."""
    return f"{100 * rate.rate:.1f} % ({100 * rate.low:.1f} to {100 * rate.high:.1f}, n {rate.n})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def write_figures(path: Path, facts: dict[str, Any]) -> None:
    """All figures of a run as JSON, for comparison with the next run."""

    def plain(value: object) -> object:
        if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        return float(value)  # type: ignore[arg-type]

    path.write_text(json.dumps(facts, indent=2, default=plain) + "\n", encoding="utf-8")


def probe_prompts(
    score: Callable[[list[Example]], Floats], fitted: Sequence[Fitted], path: Path
) -> list[dict[str, Any]]:
    """Scores of the hand-written probe prompts: wanted label, text, risk scores, decision."""
    lines = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    logits = score([Example(text, {}, "probe", "") for _, text in lines])
    found = []
    for (wanted, text), row in zip(lines, logits, strict=True):
        scores = {label.head.name: float(label.scaling.score(row[i])) for i, label in enumerate(fitted)}
        blocked = [label.head.name for label in fitted if scores[label.head.name] >= label.block]
        flagged = [label.head.name for label in fitted if scores[label.head.name] >= label.flag]
        found.append(
            {"wanted": wanted, "text": text, "scores": scores, "blocked": blocked, "flagged": flagged}
        )
    return found


def probe_summary(probes: Sequence[dict[str, Any]]) -> str:
    """One line on the probe prompts."""
    acted = (*RISKS, "ssh")
    calm = [probe for probe in probes if probe["wanted"] == "0"]
    risky = [probe for probe in probes if probe["wanted"] != "0"]
    false = sum(bool(set(probe["blocked"]) & set(acted)) for probe in calm)
    caught = sum(bool(set(probe["blocked"]) & set(acted)) for probe in risky)
    seen = sum(bool(set(probe["flagged"]) & set(acted)) for probe in risky)
    return (
        f"Hand-written probes (`training/data/probe_prompts.tsv`, harm, attack and ssh heads): {false} "
        f"of {len(calm)} "
        f"harmless near-misses over `block`; {caught} of {len(risky)} risky prompts over `block`, "
        f"{seen} over `flag`."
    )


def base_line(licence: str) -> str:
    """Where the encoder comes from."""
    return f"Base encoder: sentence-transformers/all-MiniLM-L6-v2, {licence}."


def licence_table(licences: Licences) -> str:
    """The training sources with their licences."""
    pooled = [(source, licence, rows) for source, licence, rows in licences if not source.startswith("own")]
    own = sum(rows for source, _, rows in licences if source.startswith("own"))
    rows = [[source, licence, str(count)] for source, licence, count in pooled]
    rows.append(["own rows, composed by script from `training/data`", "Apache-2.0", str(own)])
    return table(["source", "licence", "rows"], rows)


def fill_card(name: str, fields: dict[str, Any], parts: dict[str, str]) -> str:
    """The card ``cards/<name>.md`` with name, version and these parts filled in."""
    template = Template((CARDS / f"{name}.md").read_text(encoding="utf-8"))
    return template.substitute(parts, name=fields["name"], version=fields["version"])


def input_card(fields: dict[str, Any], facts: dict[str, Any], licences: Licences, base: str) -> str:
    """The model card of the input model."""
    parts = {
        "rows": str(facts["rows"]),
        "steps": str(facts["steps"]),
        "labels": label_table(fields),
        "risk": percent(facts["benign_check_any"]["risk"]),
        "any": percent(facts["benign_check_any"]["any"]),
        "ranking": ranking_table(facts["ranking"]),
        "recall": _source_table(facts["recall"]),
        "benign": _source_table(facts["benign"]),
        "check_rows": f"{facts['benign_check_any']['any'].n:,}",
        "curve": curve_table(facts["curve"]),
        "reliability": reliability_table(facts["reliability"]),
        "cascade": cascade_text(facts["cascade"]),
        "probes": probe_summary(facts["probes"]),
        "equal": f"{100 * facts['agreement']['equal']:.2f}",
        "mean": f"{facts['agreement']['mean']:.4f}",
        "p99": f"{facts['agreement']['p99']:.3f}",
        "latency": latency_line(facts["latency"]),
        "borrowed": ", ".join(facts["borrowed"]) or "none",
        "base": base_line(base),
        "licences": licence_table(licences),
    }
    return fill_card("input", fields, parts)


def exchange_card(fields: dict[str, Any], facts: dict[str, Any], licences: Licences, base: str) -> str:
    """The model card of the exchange model."""
    parts = {
        "rows": str(facts["rows"]),
        "cascade": cascade_text(facts["cascade"]),
        "folds": _fold_table(facts["refusal"]),
        "probe": _probe_table(facts["probe"]),
        "sigmoid": ranking_table(facts["sigmoid"]),
        "transfer": _transfer_table(facts["transfer"]),
        "labels": label_table(fields),
        "agreement": f"{100 * facts['agreement']:.1f}",
        "latency": latency_line(facts["latency"]),
        "base": base_line(base),
        "licences": licence_table(licences),
    }
    return fill_card("exchange", fields, parts)


def latency_line(found: dict[int, float]) -> str:
    """``2.2 ms at 16 tokens, ...``."""
    return ", ".join(f"{value:.1f} ms at {size} tokens" for size, value in found.items())


def label_table(fields: dict[str, Any]) -> str:
    """Thresholds and harmless rates of the labels that have thresholds."""
    rows = []
    for entry in fields["labels"]:
        if entry["thresholds"]:
            limits = [f"{entry['thresholds'][step]:.3f}" for step in ("flag", "block")]
            reached = [_cell(fields["benign_rate"][entry["name"]][step]) for step in ("flag", "block")]
            bound = fields["certified"].get(entry["name"])
            rows.append(
                [entry["name"], *limits, *reached, f"{100 * bound:.2f} %" if bound is not None else ""]
            )
    head = ["label", "flag", "block", "harmless over flag", "harmless over block", "block certified below"]
    return table(head, rows)


def ranking_table(found: dict[str, Any]) -> str:
    """Ranking and recall by label."""
    rows = []
    for name, entry in found.items():
        areas = [f"{entry['auroc']:.3f}", f"{entry['auprc']:.3f}"]
        caught = [percent(entry["recall_block"]), percent(entry["recall_flag"])]
        rows.append([name, str(entry["positives"]), *areas, *caught])
    return table(["label", "positives", "AUROC", "AUPRC", "recall at block", "recall at flag"], rows)


def curve_table(found: dict[str, Any]) -> str:
    """Recall by group and head at each share of harmless rows."""
    shares = list(next(iter(found.values()), {}))
    rows = [[name, *(percent(rates[share]) for share in shares)] for name, rates in found.items()]
    return table(["group: head", *(f"at {share}" for share in shares)], rows)


def reliability_table(found: dict[str, list[Bin]]) -> str:
    """Mean score and share of risky rows in each bin, by label."""
    rows = [
        [
            f"{number / 10:.1f} to {(number + 1) / 10:.1f}",
            *(_bin_cell(bins, number / 10) for bins in found.values()),
        ]
        for number in range(10)
    ]
    return table(["score", *found], rows)


def _bin_cell(bins: list[Bin], low: float) -> str:
    inside = next((item for item in bins if abs(item.low - low) < 1e-9), None)
    return f"{inside.score:.2f} → {inside.risky:.2f} (n {inside.n})" if inside else "none"


def cascade_text(found: dict[str, Any]) -> str:
    """What first stage and early exit save and lose."""
    first, both = found["first"], found["both"]
    found_at = f"{percent(both['recall_flag'])} at `flag` and {percent(both['recall_block'])} at `block`"
    lost = [f"{percent(each['lost_flag'])} and {percent(each['lost_block'])}" for each in (first, both)]
    return (
        f"The first stage settles {percent(first['calm_windows'])} of the windows of held-out harmless "
        f"rows; with the early exit after layer {EXIT_LAYER} it is {percent(both['calm_windows'])}, and "
        f"{percent(both['calm_rows'])} of these rows wholly. Of held-out risky rows (the half that the "
        f"limits were not read from) the whole network finds {found_at}; the first stage takes {lost[0]} of "
        f"all rows from it, both together {lost[1]}."
    )


def _fold_table(found: dict[str, Any]) -> str:
    rows = []
    for name, entry in found.items():
        scores = [f"{entry['f1'][label]:.3f} (n {entry['n'][label]})" for label in REFUSAL]
        rows.append([name, *scores, percent(entry["caught"]), percent(entry["false_refusal"])])
    head = ["left out", *(f"F1 {label}" for label in REFUSAL), "refusals found", "comply called refuse"]
    return table(head, rows)


def _transfer_table(found: dict[str, Any]) -> str:
    rows = [
        [name, str(entry["positives"]), str(entry["n"]), f"{entry['auroc']:.3f}"]
        for name, entry in found.items()
    ]
    return table(["label: left out", "positives", "rows", "AUROC"], rows)


def _probe_table(found: dict[str, Any]) -> str:
    rows = []
    for name, entry in found.items():
        scores = [f"{entry['f1'][label]:.2f}" for label in REFUSAL]
        rows.append([name, str(entry["n"]), percent(entry["accuracy"]), *scores])
    return table(["request", "n", "accuracy", *(f"F1 {label}" for label in REFUSAL)], rows)


def _cell(rate: dict[str, float]) -> str:
    return percent(Rate(rate["rate"], int(rate["n"]), rate["low"], rate["high"]))


def _source_table(found: dict[str, Any]) -> str:
    rows = [[source, percent(entry["block"]), percent(entry["flag"])] for source, entry in found.items()]
    return table(["source", "over block", "over flag"], rows)
