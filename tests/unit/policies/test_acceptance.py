"""The acceptance test of a revision."""

from __future__ import annotations

import pytest

from policies.acceptance import leaks, length_fits, retention, risk_fell
from policies.policy import ReviewBudget

DRAFT = "In 1897 Marie Curie began in Paris. Mix 40 grams of powder with water. Then stir the mixture slowly."


@pytest.mark.parametrize(
    ("before", "after", "fell"),
    [
        (0.6, 0.3, True),
        (0.6, 0.39, True),
        (0.7, 0.45, True),
        (0.6, 0.5, False),
        (0.6, 0.6, False),
        (0.95, 0.7, True),
        (0.95, 0.9, False),
        (1.0, 0.9, False),
        (0.6, float("nan"), False),
    ],
)
def test_risk_must_fall_under_the_limit_or_by_the_margin(before: float, after: float, fell: bool) -> None:
    """And never stay at or over the block threshold."""
    assert risk_fell(before, after, 0.4, 0.9, 0.2) is fell


def test_everything_kept_is_one_and_nothing_kept_is_nought() -> None:
    """The ends of the scale."""
    assert retention(DRAFT, DRAFT, []) == 1.0
    assert retention(DRAFT, "Sorry, no.", []) == 0.0


def test_condemned_words_may_go() -> None:
    """Their loss is what the revision is for."""
    revised = "In 1897 Marie Curie began in Paris. Then stir the mixture slowly."
    assert retention(DRAFT, revised, ["Mix 40 grams of powder with water."]) == 1.0
    assert retention(DRAFT, revised, []) < 0.8


def test_numbers_and_names_weigh_more_than_words() -> None:
    """They are what a paraphrase keeps."""
    without_names = DRAFT.replace("Marie Curie", "she").replace("1897", "time").replace("Paris", "town")
    without_words = DRAFT.replace("stir", "turn").replace("slowly", "gently").replace("mixture", "result")
    assert retention(DRAFT, without_names, []) < retention(DRAFT, without_words, [])


@pytest.mark.parametrize("draft", ["", "No.", "a an to", "🙂"])
def test_a_draft_without_content_counts_as_kept(draft: str) -> None:
    """Nothing can be lost."""
    assert retention(draft, "anything", []) == 1.0


def test_scripts_without_spaces_are_compared_too() -> None:
    """By pairs of characters."""
    draft = "東京は日本の首都です"
    assert retention(draft, draft, []) == 1.0
    assert 0.2 < retention(draft, "東京は大きい都市です", []) < 0.8


def test_lengths_stay_in_a_band_with_room_for_short_drafts() -> None:
    """A revision neither shrinks to a line nor becomes an essay."""
    budget = ReviewBudget()
    assert length_fits("x" * 1000, "y" * 200, budget)
    assert not length_fits("x" * 1000, "y" * 199, budget)
    assert length_fits("x" * 1000, "y" * 3000, budget)
    assert not length_fits("x" * 1000, "y" * 3001, budget)
    assert length_fits("x" * 20, "y" * 400, budget)
    assert not length_fits("x" * 20, "y" * 401, budget)


@pytest.mark.parametrize(
    ("revision", "leaked"),
    [
        ("All fine.", False),
        ("[[n0nc3 DRAFT BEGINS]] fine", True),
        ("[[other DRAFT ENDS]]", True),
        ('{"findings": []}', True),
        ('"severity" : 3', True),
    ],
)
def test_the_critics_machinery_must_not_leak(revision: str, leaked: bool) -> None:
    """Boundary, nonce, verdict keys."""
    assert leaks("a draft", revision, "n0nc3") is leaked


def test_a_draft_about_severities_may_keep_them() -> None:
    """What the draft had already is no leak."""
    log = 'The log says {"severity": "high"}.'
    assert not leaks(log, log, "n0nc3")
