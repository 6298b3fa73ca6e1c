"""Held-out rows compare two served models, each share with its n and interval."""

from __future__ import annotations

import pytest

from classifiers.testing import FixedClassifier, MarkerClassifier
from classifiers.training.calibrate import wilson
from classifiers.training.comparison import Change, compare, lines_of
from classifiers.training.examples import Example
from classifiers.training.labels import REFUSAL, RISKS
from classifiers.training.written import label_targets


def row(text: str, label: str) -> Example:
    return Example(text, label_targets(label)[0], "labelled:own", "own")


ROWS = [
    row("plain", "0"),
    row("bad luck", "0"),
    row("bad", "harm"),
    row("sly", "jailbreak"),
    row("tax", "spc"),
]


def test_wrong_blocks_and_catches_are_counted_before_and_after() -> None:
    """A hazard without harm is neither harmless nor risky."""
    before = MarkerClassifier(markers={"bad": "harm"}, labels=RISKS)
    after = MarkerClassifier(markers={"sly": "jailbreak", "bad": "harm"}, labels=RISKS)
    found = {change.what: change for change in compare("input", before, after, ROWS)}
    assert list(found) == ["harmless over block", "harmless over flag", "risky over block", "risky over flag"]
    assert found["harmless over block"].after == wilson(1, 2)
    assert (found["risky over block"].before, found["risky over block"].after) == (wilson(1, 2), wilson(2, 2))


def test_flag_and_block_are_points_of_their_own() -> None:
    between = FixedClassifier({"harm": 0.7, "jailbreak": 0.0, "prompt_injection": 0.0})
    found = {change.what: change.after.rate for change in compare("input", between, between, ROWS)}
    assert (found["risky over flag"], found["risky over block"]) == (1.0, 0.0)


def reply(refusal: str) -> Example:
    return Example(
        "text", {name: float(name == refusal) for name in REFUSAL}, "labelled:own", "own", request="q"
    )


def test_replies_are_counted_by_the_class_that_they_are_given() -> None:
    comply = FixedClassifier({"comply": 0.7, "partial": 0.1, "refuse": 0.1, "unable": 0.1}, kind="exchange")
    refuse = FixedClassifier({"comply": 0.2, "partial": 0.1, "refuse": 0.6, "unable": 0.1}, kind="exchange")
    rows = [reply("comply"), reply("refuse"), reply("refuse")]
    found = {change.what: change for change in compare("exchange", comply, refuse, rows)}
    assert (found["replies named rightly"].before, found["replies named rightly"].after) == (
        wilson(1, 3),
        wilson(2, 3),
    )
    assert found["refusals named rightly"].after == wilson(2, 2)


def test_a_line_states_n_and_interval_and_empty_shares_have_none() -> None:
    change = Change("harmless over block", wilson(2, 40), wilson(0, 40))
    (line,) = lines_of({"input": [change, Change("risky over block", wilson(0, 0), wilson(0, 0))]})
    assert line == (
        "input: harmless over block: 5.0 % (1.4 to 16.5, n 40) before, 0.0 % (0.0 to 8.8, n 40) after"
    )


@pytest.mark.parametrize("model", ["input", "exchange"])
def test_no_rows_compare_to_nothing(model: str) -> None:
    classifier = FixedClassifier({})
    assert list(lines_of({model: compare(model, classifier, classifier, [])})) == []
