"""Figures of the input model's build; needs the training extra."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.training.calibrate import Scaling
from classifiers.training.examples import Example
from classifiers.training.fitting import Fitted
from classifiers.training.labels import INPUT_HEADS
from classifiers.training.split import Split

build_input = pytest.importorskip(
    "classifiers.training.build_input", exc_type=ImportError, reason="needs the training extra (torch)"
)
LABELS = [Fitted(head, Scaling(), True, flag=0.5, block=0.9) for head in INPUT_HEADS]


def score(rows: list[Example]) -> np.ndarray:
    return np.array([[9.0 if "bad" in row.text else -9.0] * 15 for row in rows])


def test_recall_and_false_blocks_are_counted_by_source() -> None:
    calm = [Example("fine", {"harm": 0.0}, "calm", "MIT"), Example("bad luck", {"harm": 0.0}, "calm", "MIT")]
    risky = [Example("bad", {"harm": 1.0}, "risky", "MIT"), Example("hidden", {"harm": 1.0}, "risky", "MIT")]
    found = build_input.figures(score, Split(tune=calm, check=calm, probe=risky), LABELS)
    assert found["recall"]["risky"]["block"].rate == 0.5
    assert found["benign"]["calm"]["block"].rate == 0.5
    assert found["benign_check_any"]["risk"].n == 2


def test_equal_logits_agree() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 15))
    assert build_input.agreement(logits, logits, LABELS) == {"equal": 1.0, "mean": 0.0, "p99": 0.0}


def test_the_second_round_has_its_sources_whole_and_a_sample_of_the_rest() -> None:
    rows = [Example(f"code {i}", {}, "pool/code", "MIT") for i in range(20)]
    rows += [Example(f"chat {i}", {}, "pool/chat", "MIT") for i in range(200)]
    found = build_input.second_rows(rows, {"sources": ["/code"], "others": 30}, seed=1)
    assert found[:20] == rows[:20]
    assert len(found) == 50
    assert build_input.second_rows(rows, {"sources": ["/code"], "others": 30}, seed=1) == found
    often = {"sources": ["/code"], "often": {"/code": 3}, "others": 30}
    assert build_input.second_rows(rows, often, seed=1).count(rows[0]) == 3
