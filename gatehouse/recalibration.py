"""Recalibration: rows become samples as the proxy would score them, and findings become words and tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from classifiers import registry
from evaluation.refusal_recalibration import Finding, Standing
from evaluation.refusal_rows import RowsError, Sample, read_rows, score_rows
from gatehouse.checking import model_folders
from proxy.settings import Settings

CLASSIFIER = "exchange"
"""The classifier whose scores tell refusals; shipped, or the settings' own of that name."""


def samples_of(settings: Settings, path: Path, model: str = "") -> tuple[dict[str, list[Sample]], str]:
    """Samples by model, of one model where it is named, and the classifier that scored them.

    Raises:
        RowsError: rows or classifier cannot be used.
        ClassifierError: the classifier could not be opened, or failed.
    """
    found = [row for row in read_rows(path) if model in ("", row.model)]
    if not found:
        raise RowsError([f"{path}: no rows" + (f" of model {model!r}" if model else "")])
    classifier = registry.load(
        model_folders(settings)[CLASSIFIER], name=CLASSIFIER, cascade=settings.guard.cascade
    )
    return score_rows(found, classifier), classifier.model


def render(findings: list[Finding]) -> str:
    """Every model's finding in words and tables."""
    return "\n\n".join("\n".join(_lines(each)) for each in findings)


def _lines(finding: Finding) -> Iterator[str]:
    calibration = finding.calibration
    if calibration is None:
        yield f"{finding.model}: left out, {finding.left_out}."
        return
    how = "rows it was not fitted on" if finding.labelled else "the rows it was fitted on"
    yield f"{finding.model}: {calibration.n} {calibration.fitted_on} rows, {calibration.classifier}"
    if not finding.labelled:
        yield "  Unsupervised: from scores alone, half of the way. Label rows to know whether it helps."
    yield "  biases: " + ", ".join(f"{name} {bias:+.2f}" for name, bias in calibration.biases.items())
    yield f"  refusal rate on {how}: {finding.before.rate} before, {finding.after.rate} after"
    if finding.labelled:
        before, after, n = finding.before.f1, finding.after.f1, len(finding.after.pairs)
        yield f"  F1 of refuse and partial: {before:.3f} before, {after:.3f} after (n {n})"
        yield from _table("before", finding.before)
        yield from _table("after", finding.after)
    if finding.left_out:
        yield f"  Left out: {finding.left_out}."


def _table(when: str, standing: Standing) -> Iterator[str]:
    confusion = standing.confusion
    yield f"  {when + ', true class':<20}" + "".join(f"{said:>9}" for said in confusion["comply"])
    for true, row in confusion.items():
        yield f"  {true:<20}" + "".join(f"{count:>9}" for count in row.values())
