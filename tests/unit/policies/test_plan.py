"""Plans."""

from __future__ import annotations

import pytest

from classifiers.classification import Origin
from policies.plan import gates_of, is_blank
from policies.policy import Policy, Rule
from policies.rules import compile_plans
from policies.verdict import Action, Stage
from tests.kits.policy_kit import MODEL, TOOL, USER, read_all, reading, talk


def rule(name: str, label: str, limit: float, **more: object) -> Rule:
    return Rule(name, Stage.DURING_CALL, Action.BLOCK, (label,), limit, limits=((label, limit),), **more)  # type: ignore[arg-type]


def test_a_gate_holds_the_lowest_limit_of_each_label() -> None:
    """Whatever any rule may find lies at or over it."""
    gates = gates_of([rule("a", "harm", 0.9), rule("b", "harm", 0.4), rule("c", "ssh", 0.8)], answer=False)
    gate = gates["input"][USER]
    assert gate.quiet({"harm": 0.39, "ssh": 0.79})
    assert not gate.quiet({"harm": 0.4, "ssh": 0.0})
    assert not gate.quiet({"harm": 0.0, "ssh": 0.8})


@pytest.mark.parametrize("scores", [{}, {"harm": float("nan")}])
def test_what_was_not_measured_is_never_quiet(scores: dict[str, float]) -> None:
    """A missing label and NaN call for the long way."""
    assert not gates_of([rule("a", "harm", 0.9)], answer=False)["input"][USER].quiet(scores)


def test_rules_of_other_origins_have_no_say() -> None:
    """A gate is built per origin."""
    gates = gates_of([rule("a", "harm", 0.5, origins=(Origin.TOOL,))], answer=False)
    assert set(gates["input"]) == {Origin.TOOL}


def test_only_loud_readings_are_looked_at() -> None:
    """Readings of classifiers and origins that no rule reads cannot matter."""
    plan = compile_plans(Policy("p", "1", (rule("a", "harm", 0.5, origins=(USER,)),))).of(
        Stage.DURING_CALL, flagged=False
    )
    loud = reading({"harm": 0.6})
    others = [reading({"harm": 0.4}), reading({"harm": 0.9}, MODEL), reading({}, classifier="exchange")]
    assert plan.loud([*others, loud]) == [loud]


def test_unread_turns_are_told_by_origin() -> None:
    """Only origins that a rule reads, only turns with text."""
    plan = compile_plans(Policy("p", "1", (rule("a", "harm", 0.5, origins=(USER, TOOL)),))).of(
        Stage.DURING_CALL, flagged=False
    )
    conversation = talk(USER, MODEL, TOOL)
    readings = read_all(conversation)
    assert plan.unread(readings, conversation, "") == {}
    assert plan.unread(readings[:1], conversation, "") == {"input": frozenset({TOOL})}
    assert plan.unread((), conversation, "") == {"input": frozenset({USER, TOOL})}


@pytest.mark.parametrize(("text", "blank"), [("", True), (" \n\t", True), ("a", False), (" a", False)])
def test_blank_is_nothing_to_judge(text: str, blank: bool) -> None:
    """Empty, or white space only."""
    assert is_blank(text) is blank
