"""Relabelling of replies: a label is kept only where source and wording agree."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from classifiers.training import replies
from classifiers.training.collect import read_rows
from classifiers.training.examples import Example


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm sorry, but I can't help with that.", "refuse"),
        ("I\u2019m sorry, but I cannot assist you.", "refuse"),
        ("I don't have access to real-time data.", "unable"),
        ("I don't have access to live data. However, " + "the usual price is known. " * 12, "partial"),
        ("Mix flour and water, then bake.", "plain"),
        ("I'm sorry to hear about your cat. Losing a pet hurts.", "plain"),
        ("Here is a story. " * 12 + "I cannot help you, said the man.", "late"),
    ],
)
def test_the_opening_decides(text: str, expected: str) -> None:
    assert replies.opening_class(text) == expected


def test_source_and_wording_must_agree() -> None:
    assert replies.relabel("Sure, mix flour and water.", refused=True, weak=False)[0] == {}
    assert replies.relabel("I can't help with that.", refused=False, weak=False)[0] == {}
    assert replies.relabel("I can't help with that.", refused=True, weak=True)[0]["refuse"] == 1.0


def test_a_disclaimer_before_an_answer_is_no_label() -> None:
    text = "I don't have access to live data. However, " + "the usual price is known. " * 12
    assert replies.relabel(text, refused=True, weak=False) == ({}, 0.5)


def test_two_readers_overrule_the_rules() -> None:
    row = Example("a", replies.refusal_targets("refuse") | {"toxic_reply": 0.0}, "s", "MIT", weight=0.5)
    read = replies.as_read(row, "partial")
    assert (read.targets["partial"], read.targets["refuse"], read.targets["toxic_reply"]) == (1.0, 0.0, 0.0)
    assert (read.weight, read.family) == (1.0, replies.READ)


def test_a_reply_that_readers_hesitate_over_has_no_label() -> None:
    row = Example("a", replies.refusal_targets("refuse") | {"toxic_reply": 0.0}, "s", "MIT")
    assert replies.as_read(row, "hesitate").targets == {"toxic_reply": 0.0}


def test_own_replies_cover_all_four_classes() -> None:
    rows = replies.compose_replies(seed=3)
    for name in ("comply", "partial", "refuse", "unable"):
        assert sum(row.targets[name] for row in rows) >= 400, name
    assert not [row.text for row in rows if "{" in row.text]


def test_a_harmful_request_alone_decides_nothing() -> None:
    asked = [Example(f"bad thing {i}", {"harm": 1.0}, "s", "MIT") for i in range(30)]
    asked += [Example(f"good thing {i}", {"harm": 0.0}, "s", "MIT") for i in range(30)]
    given = [Example(f"reply {i}", {"harm_delivered": 0.0, "refuse": 1.0}, "t", "MIT") for i in range(200)]
    requests = [row.request for row in replies.add_requests(given, asked, blank=0.4, seed=1)]
    assert 40 < sum(not request for request in requests) < 120
    assert any(request.startswith("bad") for request in requests)
    assert any(request.startswith("good") for request in requests)


def test_pool_replies_keep_stated_labels_only(pool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = list(islice(read_rows(pool, "refusal_responses"), 600))
    monkeypatch.setattr(replies, "read_rows", lambda *_: some)
    rows = replies.collect_replies(pool, {"coconot": 100, "GPTFuzz": 100}, seed=1)
    assert rows
    assert all(row.targets for row in rows)
    assert any(row.family == replies.READ for row in rows)
    by_rule = [row for row in rows if row.family != replies.READ]
    assert sum("coconot_pref chosen" in row.source for row in by_rule) <= 100
