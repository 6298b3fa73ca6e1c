"""Whether a text's scores depend on anything but the text: they are compared bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bench.classifier import texts
from bench.classifier.plan import Plan, Row, Tell
from bench.classifier.subjects import CASCADES, Subject
from classifiers.classification import Classification, Classifier
from classifiers.normalize import normalize

THREADS = 4
LONG = 512


def checks(subjects: Sequence[Subject], plan: Plan, tell: Tell) -> list[Row]:
    """How many texts were compared in each way, and how many of them differed."""
    rows = []
    for subject in subjects:
        request = texts.request(subject.tokenizer)
        long = texts.of_length(subject.tokenizer, LONG)
        chosen = [*texts.ordinary(held=True)[: plan.texts], *long[: plan.texts // 2]]
        for cascade in CASCADES:
            found = _among_others(subject.cascades[cascade], chosen, request)
            rows += [{"model": subject.title, "cascade": cascade, **row} for row in found]
        row = _windows_apart(subject, chosen, request)
        rows.append({"model": subject.title, "cascade": "off", **row})
        tell(f"{subject.name:10}scores compared over {len(chosen)} texts")
    return rows


def _among_others(classifier: Classifier, chosen: Sequence[str], request: str) -> list[Row]:
    def classify(text: str) -> Classification:
        return classifier.classify(text, request)

    alone = [classify(text) for text in chosen]
    backwards = [classify(text) for text in reversed(chosen)][::-1]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(classify, chosen))
    return [
        _compared("after other texts", alone, backwards),
        _compared(f"beside other texts, {THREADS} threads", alone, together),
    ]


def _windows_apart(subject: Subject, chosen: Sequence[str], request: str) -> Row:
    """Each window by itself, the last one first, against the whole text measured at once."""
    stages, classifier = subject.stages, subject.cascades["off"]
    whole, apart = [], []
    for text in chosen:
        whole.append(classifier.classify(text, request).scores)
        windows = stages.cut(normalize(text).readings, request)
        rows = [stages.read(window) for window in reversed(windows)]
        apart.append(stages.calibration.named(np.max(rows, axis=0)))
    return _compared("its windows one by one, from the last", whole, apart)


def _compared(way: str, one: Sequence[object], other: Sequence[object]) -> Row:
    differing = sum(first != second for first, second in zip(one, other, strict=True))
    return {"measured": way, "texts": len(one), "differing": differing}
