"""Logits become scores by the stated rule, or the model is said to have failed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from classifiers.calibration import Calibration
from classifiers.classification import ClassifierError
from classifiers.manifest import LabelSpec

MIXED = Calibration(
    [
        LabelSpec("harm", "risk", "sigmoid", scale=2.0, shift=-1.0),
        LabelSpec("yes", "answer", "softmax"),
        LabelSpec("", "answer", "softmax"),
        LabelSpec("no", "answer", "softmax", scale=0.5),
    ]
)


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float32)


def test_sigmoid_and_softmax_follow_scale_and_shift() -> None:
    scores = MIXED.named(MIXED.scores(row(1.0, 2.0, 1.0, 2.0)))
    total = math.exp(2) + math.exp(1) + math.exp(1)
    assert scores["harm"] == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert scores["yes"] == pytest.approx(math.exp(2) / total)
    assert scores["no"] == pytest.approx(math.exp(1) / total)


def test_an_output_without_a_name_is_computed_but_not_reported() -> None:
    assert MIXED.labels == ("harm", "yes", "no")
    assert MIXED.width == 4


def test_huge_logits_do_not_overflow() -> None:
    scores = MIXED.scores(row(1e30, 1e30, -1e30, 0.0))
    assert scores.tolist() == pytest.approx([1.0, 1.0, 0.0])


@pytest.mark.parametrize(
    "logits",
    [
        row(math.nan, 0, 0, 0),
        row(0, math.inf, 0, 0),
        row(0, 0, 0),
        np.zeros((2, 4), np.float32),
        np.zeros((4,), np.float32),
        np.zeros((1, 4), np.int64),
        None,
        [[0.0, 0.0, 0.0, 0.0]],
    ],
)
def test_what_is_no_row_of_numbers_is_an_error(logits: object) -> None:
    with pytest.raises(ClassifierError):
        MIXED.scores(logits)
