"""Folds and figures of the exchange model's build; needs the training extra."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.training.examples import Example
from classifiers.training.replies import READ, refusal_targets

build_exchange = pytest.importorskip(
    "classifiers.training.build_exchange", exc_type=ImportError, reason="needs the training extra (torch)"
)
ROWS = [
    Example("a", refusal_targets("comply"), "coconot chosen", "MIT", family=READ),
    Example("b", refusal_targets("refuse"), "coconot rejected", "MIT", family=READ),
    Example("c", {"toxic_reply": 1.0}, "other", "MIT"),
]


def test_rows_without_a_stated_class_have_none() -> None:
    assert build_exchange.refusal_classes(ROWS).tolist() == [0, 2, -1]


def test_a_fold_is_judged_on_its_own_sources_only() -> None:
    logits = np.zeros((3, 6))
    logits[0, 0] = logits[1, 0] = 5.0
    found = build_exchange.refusal_figures(ROWS, logits, [["coconot"], ["GPTFuzz"]])
    assert list(found) == ["coconot"]
    assert found["coconot"]["caught"].rate == 0.0
    assert found["coconot"]["false_refusal"].n == 1


def test_a_fold_is_judged_on_labels_of_people_only() -> None:
    by_rule = [Example(row.text, row.targets, row.source, row.licence) for row in ROWS]
    assert build_exchange.refusal_figures(by_rule, np.zeros((3, 6)), [["coconot"]]) == {}


def test_the_manifest_lists_labels_in_column_order() -> None:
    config = {
        "version": "1",
        "created": "today",
        "exchange": {"max_tokens": 256, "overlap": 48, "request_tokens": 96},
    }
    fields = build_exchange.manifest_fields(0.5, [], config)
    assert [label["name"] for label in fields["labels"]] == ["comply", "partial", "refuse", "unable"]
    assert {label["scale"] for label in fields["labels"]} == {0.5}
