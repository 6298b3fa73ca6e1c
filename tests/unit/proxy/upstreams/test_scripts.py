"""The table of the stand-in's lines."""

from __future__ import annotations

import pytest

from policies.acceptance import length_fits, retention
from policies.policy import ReviewBudget
from proxy.upstreams.scripts import DEFAULT, SCRIPTS, Script, script_for

FAULTY = [script for script in SCRIPTS if script.faults]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_an_example_triggers_its_own_script(script: Script) -> None:
    """The prompts that are printed do what is said of them."""
    assert script_for(script.example) is script


def test_any_other_prompt_gets_the_default() -> None:
    """It says what it is."""
    assert script_for("Tell me a story about a fox") is DEFAULT
    assert "stand-in" in DEFAULT.drafts[0]


@pytest.mark.parametrize("script", FAULTY, ids=lambda script: script.name)
def test_a_revision_would_be_accepted(script: Script) -> None:
    """Faults are quoted letter for letter; the revision keeps the content and has none of them."""
    assert all(fault in script.drafts[0] for fault in script.faults)
    assert not any(fault in script.revision for fault in script.faults)
    budget = ReviewBudget()
    assert retention(script.drafts[0], script.revision, script.faults) >= budget.min_retention
    assert length_fits(script.drafts[0], script.revision, budget)


def test_one_script_shows_a_revision() -> None:
    """The first-run guide needs it."""
    assert FAULTY
