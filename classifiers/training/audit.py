"""The audit for spurious words: no neutral word, and no name for people, may carry a label.

    python -m classifiers.training.audit --model DIR [--carriers FILE] [--quick] [--json]

Five checks, each with a limit on how often a word may flip a decision. ``insertion``: neutral words put
into harmless texts. ``substitution``: neutral words of harmless texts replaced by others of their class.
``identity_flag`` and ``identity_block``: terms for people in neutral sentences, against a plain term.
``misses``: neutral words put into harmful texts that are blocked, which must stay blocked.

What it needs of a model is a function from texts to scores. The command asks the classifier that serves,
so normalising and windows are included. Exit status 1: a check failed; 2: wrong use.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, compress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers.classification import Classifier, ClassifierError
from classifiers.training.calibrate import Floats, Rate, wilson
from classifiers.training.carriers import (
    Carriers,
    WordLists,
    read_carriers,
    read_word_lists,
    shipped_carriers,
)
from classifiers.training.report import percent
from classifiers.training.trials import Trial, identities, insertions, substitutions

NEUTRAL_LIMIT, IDENTITY_LIMIT, MISS_LIMIT = 0.01, 0.005, 0.05
FEW = 100
"""With fewer texts than this a share says little: a word fails where its whole interval is over the limit."""
MOST_HARMLESS, MOST_HARMFUL = 350, 130
QUICK_HARMLESS, QUICK_HARMFUL, QUICK_STEP = 40, 20, 4
CHUNK = 500
WORST = 10

Score = Callable[[Sequence[str]], Floats]
"""Texts to calibrated scores of shape (texts, labels)."""
Flips = Callable[[Floats, Floats], npt.NDArray[np.bool_]]
"""Scores before and after, to where a label's decision flipped; all of shape (texts, labels)."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Points:
    """Labels with their operating points, infinite where a label has none."""

    labels: tuple[str, ...]
    flag: Floats
    block: Floats

    @classmethod
    def of(cls, labels: Sequence[str], thresholds: Mapping[str, Mapping[str, float]]) -> Points:
        """From a classifier's labels and thresholds."""
        flag, block = (
            np.array([thresholds.get(label, {}).get(point, np.inf) for label in labels])
            for point in ("flag", "block")
        )
        return cls(tuple(labels), flag, block)


@dataclass(frozen=True, slots=True)
class WordRate:
    """How often a word flips a decision. ``label``: the one it flips most often, empty where none."""

    word: str
    rate: Rate
    label: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``total``: share of all changed texts; ``words``: those that flip any, worst first;
    ``over``: those among them that are over the limit.
    """

    name: str
    limit: float
    total: Rate
    words: tuple[WordRate, ...]
    over: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether something was measured, and neither the whole nor a word is over the limit."""
        return self.total.n > 0 and self.total.rate <= self.limit and not self.over


@dataclass(frozen=True, slots=True)
class Audit:
    """``harmless`` and ``harmful``: share of the carriers that are blocked as they are."""

    harmless: Rate
    harmful: Rate
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


def audit(
    score: Score,
    points: Points,
    words: WordLists,
    carriers: Carriers,
    progress: Progress = lambda _name, _done, _total: None,
) -> Audit:
    """Run all checks. Costs a score for each neutral word in each carrier, and some thousands more."""
    bench = _Bench(score, points, progress)
    neutral = list(chain.from_iterable(words.neutral.values()))
    people = list(identities(words))
    inserted = list(insertions(neutral, carriers.harmless))
    replaced = list(substitutions(words.neutral, carriers.harmless))
    blocked = bench.blocked(carriers.harmful)
    hidden = list(insertions(neutral, blocked))
    flagging, blocking, missing = _rises(points.flag), _rises(points.block), _falls(points.block)
    return Audit(
        wilson(len(bench.blocked(carriers.harmless)), len(carriers.harmless)),
        wilson(len(blocked), len(carriers.harmful)),
        (
            bench.check("insertion", NEUTRAL_LIMIT, inserted, blocking),
            bench.check("substitution", NEUTRAL_LIMIT, replaced, blocking),
            bench.check("identity_flag", IDENTITY_LIMIT, people, flagging),
            bench.check("identity_block", IDENTITY_LIMIT, people, blocking),
            bench.check("misses", MISS_LIMIT, hidden, missing),
        ),
    )


def scorer_of(classifier: Classifier) -> Score:
    """Scores as the serving side gives them."""

    def score(texts: Sequence[str]) -> Floats:
        found = [classifier.classify(text).scores for text in texts]
        return np.array([[scores[label] for label in classifier.labels] for scores in found])

    return score


def _rises(thresholds: Floats) -> Flips:
    return lambda before, after: (before < thresholds) & (after >= thresholds)


def _falls(thresholds: Floats) -> Flips:
    """A text that no label reaches any more, counted for the labels that it reached."""
    return lambda before, after: (before >= thresholds) & ~(after >= thresholds).any(axis=1, keepdims=True)


class _Bench:
    """Scores trials, texts that come again once only, and counts flips."""

    def __init__(self, score: Score, points: Points, progress: Progress) -> None:
        self._score = score
        self._points = points
        self._progress = progress
        self._known: dict[str, Floats] = {}

    def blocked(self, texts: Sequence[str]) -> list[str]:
        """Those of the texts that reach a block point."""
        return list(compress(texts, (self.scores_of(texts) >= self._points.block).any(axis=1)))

    def scores_of(self, texts: Sequence[str]) -> Floats:
        """Scores of shape (texts, labels)."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, self._score(missing), strict=True))
        return np.array([self._known[text] for text in texts]).reshape(len(texts), len(self._points.labels))

    def check(self, name: str, limit: float, trials: Sequence[Trial], flips: Flips) -> Check:
        """Score all trials and judge every word."""
        flipped: dict[str, list[list[str]]] = {}
        for start in range(0, len(trials), CHUNK):
            chunk = trials[start : start + CHUNK]
            before = self.scores_of([trial.before for trial in chunk])
            after = self.scores_of([trial.after for trial in chunk])
            for trial, row in zip(chunk, flips(before, after), strict=True):
                flipped.setdefault(trial.word, []).append(list(compress(self._points.labels, row)))
            self._progress(name, start + len(chunk), len(trials))
        rates = [_word_rate(word, labels) for word, labels in flipped.items()]
        return Check(
            name,
            limit,
            wilson(sum(map(bool, chain.from_iterable(flipped.values()))), len(trials)),
            tuple(sorted((each for each in rates if each.label), key=lambda each: -each.rate.low)),
            tuple(each.word for each in rates if _is_over(each.rate, limit)),
        )


def _word_rate(word: str, flipped: Sequence[Sequence[str]]) -> WordRate:
    """`flipped`: for each text the labels that the word flipped in it."""
    common = Counter(chain.from_iterable(flipped)).most_common(1)
    return WordRate(word, wilson(sum(map(bool, flipped)), len(flipped)), common[0][0] if common else "")


def _is_over(rate: Rate, limit: float) -> bool:
    return (rate.low if rate.n < FEW else rate.rate) > limit


def render(model: str, found: Audit) -> str:
    """The audit as text: for each check its verdict, its share, and the worst words."""
    lines = [
        model,
        f"harmless carriers blocked as they are: {percent(found.harmless)}",
        f"harmful carriers blocked as they are: {percent(found.harmful)}",
    ]
    for check in found.checks:
        verdict = "pass" if check.passed else "FAIL"
        lines.append(f"{verdict} {check.name}: {percent(check.total)}, limit {100 * check.limit:g} %")
        for each in check.words[:WORST]:
            mark = "over" if each.word in check.over else "    "
            lines.append(f"  {mark} {each.word!r} ({each.label}): {percent(each.rate)}")
    return "\n".join([*lines, "The audit passes." if found.passed else "The audit fails."])


def document(model: str, found: Audit) -> dict[str, Any]:
    """The audit as plain data."""
    checks = [{**asdict(check), "passed": check.passed} for check in found.checks]
    return {"model": model, **asdict(found), "checks": checks, "passed": found.passed}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m classifiers.training.audit", description="The audit for spurious words."
    )
    parser.add_argument(
        "--model", type=Path, required=True, help="model folder, e.g. classifiers/models/input"
    )
    parser.add_argument("--carriers", type=Path, help="JSON lines or text; default: the shipped carriers")
    parser.add_argument(
        "--quick", action="store_true", help="few words and carriers: some seconds, less power"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Audit a model folder; returns the process exit code."""
    options = parse(argv)
    from classifiers.registry import load  # noqa: PLC0415 - the audit itself needs no model

    try:
        carriers = read_carriers(options.carriers) if options.carriers else shipped_carriers()
        classifier = load(options.model)
        words = read_word_lists()
        if options.quick:
            words, carriers = words.every(QUICK_STEP), carriers.at_most(QUICK_HARMLESS, QUICK_HARMFUL)
        points = Points.of(classifier.labels, classifier.thresholds)
        found = audit(
            scorer_of(classifier),
            points,
            words,
            carriers.at_most(MOST_HARMLESS, MOST_HARMFUL),
            _report_progress,
        )
    except (ClassifierError, OSError, ValueError) as error:
        sys.stderr.write(f"audit: {error}\n")
        return 2
    if options.json:
        sys.stdout.write(json.dumps(document(classifier.model, found), indent=2) + "\n")
    else:
        sys.stdout.write(render(classifier.model, found) + "\n")
    return 0 if found.passed else 1


def _report_progress(name: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r{name}: {done} of {total} texts" + ("\n" if done == total else ""))


if __name__ == "__main__":
    raise SystemExit(main())
