"""What changes from one version to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evaluation.constitutions.borderline import read_corpus
from evaluation.constitutions.flips import Comparison, compare, declared_change
from evaluation.constitutions.obedient import ObedientCritic
from policies.constitution import Constitution, compile_constitution
from policies.loader import load_constitution

CORPUS = read_corpus()
CRITIC = ObedientCritic(each for row in CORPUS for each in row.perceptions)
DEFAULT = load_constitution("default")


def compared(after: Constitution, before: Constitution = DEFAULT, critic: Any = CRITIC) -> Comparison:
    return compare(critic, compile_constitution(before), compile_constitution(after), CORPUS)


def changed(name: str, version: str, **words: Any) -> Constitution:
    clauses = tuple(replace(each, **words) if each.id == name else each for each in DEFAULT.principles)
    return replace(DEFAULT, version=version, principles=clauses)


def test_nothing_changed_nothing_flips() -> None:
    """And no version has to be raised."""
    found = compared(DEFAULT)
    assert (found.flips, found.needed, found.honest, found.exchanges) == ((), "none", True, len(CORPUS))


def test_a_wording_that_flips_nothing_is_a_patch() -> None:
    """Whatever it says more nicely."""
    found = compared(changed("tone", "1.1.1", limit="No lecturing, please."))
    assert (found.flips, found.clauses, found.needed, found.honest) == (
        (),
        ("tone: another wording",),
        "patch",
        True,
    )


def test_a_patch_that_flips_a_verdict_is_dishonest_and_a_minor_version_is_not() -> None:
    """Each flip is told with its exchange, its clause and both verdicts."""
    found = compared(changed("dignity", "1.1.1", limit="Be fair."))
    assert (found.needed, found.declared, found.honest) == ("minor", "patch", False)
    assert {(flip.clause, flip.before, flip.after) for flip in found.flips} == {("dignity", "break", "keep")}
    assert compared(changed("dignity", "1.2.0", limit="Be fair.")).honest


@pytest.mark.parametrize(
    ("after", "needed"),
    [
        (changed("honesty", "1.1.1", authority="hard"), "major"),
        (replace(DEFAULT, version="1.1.1", principles=DEFAULT.principles[:-1]), "major"),
        (replace(DEFAULT, version="1.1.1", principles=tuple(reversed(DEFAULT.principles))), "major"),
        (changed("tone", "1.1.1", id="voice"), "major"),
    ],
)
def test_authority_order_and_removal_ask_for_a_major_version(after: Constitution, needed: str) -> None:
    """Flips or not."""
    found = compared(after)
    assert (found.needed, found.honest) == (needed, False)


def test_a_new_clause_asks_for_a_minor_version() -> None:
    """It had no say before."""
    stakes = next(each for each in load_constitution("strict").principles if each.id == "stakes")
    found = compared(replace(DEFAULT, version="1.2.0", principles=(*DEFAULT.principles, stakes)))
    assert "stakes: new, default" in found.clauses
    assert {flip.before for flip in found.flips} == {"-"}
    assert (found.needed, found.honest) == ("minor", True)


def test_siblings_are_compared_and_have_no_version_in_common() -> None:
    """They flip on many exchanges, and that is what they are for."""
    found = compared(load_constitution("western-liberal"), load_constitution("confucian-daoist"))
    assert found.flips
    assert (found.declared, found.honest) == (None, True)


def test_what_was_not_read_cannot_be_vouched_for() -> None:
    """A failing model is no proof that nothing flipped."""
    found = compared(DEFAULT, critic=lambda system, user: None)
    assert (found.unread, found.flips, found.honest) == (len(CORPUS), (), False)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("1.0", "1.0.0", "patch"),
        ("1", "1", "none"),
        ("1.2.3", "1.2.4", "patch"),
        ("1.2.3", "1.3", "minor"),
        ("1.2.3", "2", "major"),
        ("2.0", "1.9", "none"),
    ],
)
def test_what_a_version_declares(before: str, after: str, change: str) -> None:
    """Going back declares nothing."""
    assert declared_change(before, after) == change
