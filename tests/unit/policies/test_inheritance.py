"""Folding policies that extend one another."""

from __future__ import annotations

from typing import Any

import pytest

from policies.documents import PolicyDocument
from policies.inheritance import MergedPolicy, merge

HARD = {"id": "a", "stage": "during_call", "action": "block", "labels": ["harm", "ssh"], "threshold": "block"}


def chain(*documents: dict[str, Any]) -> MergedPolicy:
    return merge([PolicyDocument.model_validate({"name": "p", "version": "1", **each}) for each in documents])


def test_a_known_id_overrides_the_stated_keys_only() -> None:
    """Everything else stays as inherited, in the inherited order."""
    merged = chain({"rules": [HARD, {**HARD, "id": "b"}]}, {"rules": [{"id": "a", "threshold": 0.5}]})
    assert list(merged.rules) == ["a", "b"]
    assert merged.rules["a"].values["threshold"] == 0.5
    assert merged.rules["a"].values["labels"] == ["harm", "ssh"]


def test_a_new_id_is_appended_and_told() -> None:
    """After all inherited rules."""
    merged = chain({"rules": [HARD]}, {"rules": [{**HARD, "id": "z"}]})
    assert list(merged.rules) == ["a", "z"]
    assert merged.changes == ["rule z: added"]


def test_budgets_are_folded_key_by_key() -> None:
    """A child that states one bound keeps the others."""
    parent = {"critique_tokens": 100, "revision_tokens": 900}
    merged = chain({"review": parent}, {"review": {"revision_tokens": 500}})
    assert merged.values["review"] == {"critique_tokens": 100, "revision_tokens": 500}


@pytest.mark.parametrize(
    ("override", "loosened"),
    [
        ({"mode": "monitor"}, True),
        ({"mode": "off"}, True),
        ({"action": "flag"}, True),
        ({"threshold": "flag"}, False),
        ({"on_failure": "allow"}, True),
        ({"labels": ["harm"]}, True),
        ({"labels": ["harm", "ssh", "vcr"]}, False),
        ({"origins": ["user"]}, True),
        ({"turns": "latest"}, True),
        ({"also": {"vcr": 0.5}}, True),
        ({"category": "ssh"}, False),
    ],
)
def test_loosening_a_hard_rule_is_told(override: dict[str, Any], loosened: bool) -> None:
    """It is allowed, and nobody can overlook it."""
    changes = chain({"rules": [HARD]}, {"rules": [{"id": "a", **override}]}).changes
    assert len(changes) == 1
    assert changes[0].startswith(f"rule a: {next(iter(override))} ")
    assert ("(loosened)" in changes[0]) is loosened


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0.5, 0.6, "threshold 0.5 -> 0.6 (loosened)"),
        (0.6, 0.5, "threshold 0.6 -> 0.5"),
        ("flag", "block", "threshold flag -> block (loosened)"),
        ("block", 0.99, "threshold block -> 0.99 (may be loosened: the model says where block is)"),
        (0.99, "block", "threshold 0.99 -> block (may be loosened: the model says where block is)"),
    ],
)
def test_numbers_and_names_of_points_cannot_be_compared_without_the_model(
    before: object, after: object, told: str
) -> None:
    """So it is said that they may differ."""
    merged = chain({"rules": [{**HARD, "threshold": before}]}, {"rules": [{"id": "a", "threshold": after}]})
    assert merged.changes == [f"rule a: {told}"]


def test_softening_a_flag_is_a_change_but_no_loosening() -> None:
    """Only rules that block and are enforced are hard."""
    merged = chain({"rules": [{**HARD, "action": "flag"}]}, {"rules": [{"id": "a", "threshold": 0.99}]})
    assert merged.changes == ["rule a: threshold block -> 0.99"]


def test_policy_level_loosening_is_told() -> None:
    """Monitor mode and uncovered parts."""
    changes = chain({"media": {"image": "block", "file": "flag"}}, {"media": {"image": "allow"}}).changes
    assert len(changes) == 1
    assert changes[0].endswith("(loosened)")
    assert chain({"media": {"image": "flag"}}, {"media": {"file": "block"}}).values["media"] == {
        "image": "flag",
        "file": "block",
    }
    changes = chain({"on_uncovered": "block"}, {"mode": "monitor", "on_uncovered": "allow"}).changes
    assert changes == ["mode enforce -> monitor (loosened)", "on_uncovered block -> allow (loosened)"]


def test_loosening_what_unread_languages_mean_is_told() -> None:
    """Strictness has the same order as for uncovered parts."""
    changes = chain({}, {"on_unsupported_language": "block"}, {"on_unsupported_language": "allow"}).changes
    assert changes == [
        "on_unsupported_language flag -> block",
        "on_unsupported_language block -> allow (loosened)",
    ]


def test_places_lead_to_the_file_that_said_it_last() -> None:
    """So that a problem is told where it can be mended."""
    merged = chain({"rules": [HARD]}, {"rules": [{"id": "x", **HARD, "id": "a", "threshold": 0.5}]})  # noqa: F601
    rule = merged.rules["a"]
    assert (rule.where("threshold").file, rule.where("threshold").path) == (1, ("rules", 0, "threshold"))
    assert rule.where("patterns[3]").file == 0
