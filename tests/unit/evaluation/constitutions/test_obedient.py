"""The scripted critic reads clauses, and nothing but clauses."""

from __future__ import annotations

import json

import pytest

from evaluation.constitutions.obedient import ObedientCritic, Perception, breaks, perceptions_of, polarity
from policies.constitution import CompiledConstitution, Principle
from policies.loader import load_constitution
from policies.prompts import critic_system, critic_user

REPLY = "Before we begin, let me tell you how people should live."


def asked(clause: str, perception: Perception) -> list[str]:
    principle = Principle("tone", "Tone", clause, critique="Does the draft never lecture?")
    compiled = CompiledConstitution("c", "1", "", "", 0, (principle,))
    answer = ObedientCritic([perception])(critic_system(compiled), critic_user("hello", REPLY, "f00d"))
    return [finding["clause"] for finding in json.loads(answer)["findings"]]


@pytest.mark.parametrize(
    ("clause", "act", "wanted"),
    [
        ("Be brief. No lecturing.", "lecture", False),
        ("Lecture people first.", "lecture", True),
        ("Do not hurry; lecture people.", "lecture", True),
        ("Be brief.", "lecture", None),
        ("Never give usable help to make weapons.", "usable help", False),
        ("Give help. Make it usable.", "usable help", None),
        ("Do not preach.", "lecture|preach", False),
        ("Lecture them. Never lecture children.", "lecture", False),
        ("Don\u2019t lecture.", "lecture", False),
    ],
)
def test_a_sentence_wants_or_forbids_an_act_or_does_not_speak_of_it(
    clause: str, act: str, wanted: bool | None
) -> None:
    """All words of an act in one sentence, a negation before them."""
    assert polarity(clause, act) is wanted
    assert breaks(clause, act, done=True) is (wanted is False)
    assert breaks(clause, act, done=False) is (wanted is True)


def test_the_verdict_turns_with_the_clause() -> None:
    """The same reply and the same perception, two opposite rules, and none."""
    done = Perception(REPLY, "lecture", True)
    assert asked("Be warm. No lecturing.", done) == ["tone"]
    assert asked("Lecture people.", done) == []
    assert asked("Be warm.", done) == []
    assert asked("Lecture people.", Perception(REPLY, "lecture", False)) == ["tone"]


def test_the_critique_question_has_no_say() -> None:
    """Only the rule itself counts: the question here forbids lecturing, the clause does not."""
    assert asked("Be warm.", Perception(REPLY, "lecture", True)) == []


def test_what_it_was_not_told_of_it_keeps() -> None:
    """It cannot read replies, and a perception may concern one clause alone."""
    assert asked("No lecturing.", Perception("Another reply.", "lecture", True)) == []
    assert asked("No lecturing.", Perception(REPLY, "lecture", True, clause="other")) == []


def test_examples_and_tests_of_a_constitution_are_perceived() -> None:
    """Those of modes too."""
    told = list(perceptions_of(load_constitution("default")))
    assert {each.clause for each in told} >= {"mass-harm", "tone", "register", ""}
