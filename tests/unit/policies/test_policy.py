"""Rules and policies as values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from policies.policy import Policy, PolicyError, Rule
from policies.verdict import Action, Stage

RULE = Rule("r", Stage.DURING_CALL, Action.BLOCK, ("harm",))


def test_a_policy_cannot_be_changed() -> None:
    """Whoever wants another policy makes one."""
    with pytest.raises(FrozenInstanceError):
        RULE.mode = "off"  # type: ignore[misc]


def test_compiled_plans_carry_no_meaning() -> None:
    """Two policies of the same content are equal, compiled or not."""
    from policies.rules import compile_plans

    policy = Policy("p", "1", (replace(RULE, threshold=0.5),))
    assert replace(policy, plans=compile_plans(policy)) == policy


def test_an_error_tells_all_problems() -> None:
    """As a list for programs, as lines for people."""
    error = PolicyError(["a: wrong", "b: wrong"])
    assert error.problems == ["a: wrong", "b: wrong"]
    assert str(error) == "a: wrong\nb: wrong"
