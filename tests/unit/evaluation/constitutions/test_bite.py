"""The bite test finds clauses that are decoration."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evaluation.constitutions.bite import ClauseBite, bite
from evaluation.constitutions.judging import Critic
from evaluation.constitutions.obedient import ObedientCritic, perceptions_of
from policies.constitution import Constitution
from policies.loader import library_names, load_constitution

DEFAULT = load_constitution("default")
DEAF: Critic = lambda system, user: '{"findings": [], "action": "keep"}'  # noqa: E731


def obeying(constitution: Constitution) -> dict[str, ClauseBite]:
    critic = ObedientCritic(perceptions_of(constitution))
    return {each.clause: each for each in bite(critic, constitution)}


@pytest.mark.parametrize("name", library_names("constitutions"))
def test_every_shipped_clause_bites(name: str) -> None:
    """The release gate: at least four crossed items each, and every verdict follows its rule."""
    constitution = load_constitution(name)
    found = obeying(constitution)
    assert [each.clause for each in found.values() if not each.bites] == []
    assert all(len(each.crossed) >= 4 for each in found.values())
    modes = sum(len(each) for each in constitution.modes.values())
    assert len(found) == len(constitution.principles) + modes


def test_a_critic_that_does_not_read_the_rule_fails_on_every_clause() -> None:
    """However often it is right."""
    assert not any(each.bites for each in bite(DEAF, DEFAULT))


def test_neither_rule_nor_exchange_alone_predicts_the_verdict() -> None:
    """Crossed: each exchange is kept under one rule and breaks the other."""
    items = obeying(DEFAULT)["tone"].crossed
    for reply in {item.reply for item in items}:
        assert {item.expected for item in items if item.reply == reply} == {"keep", "break"}
    for rule in ("own", "opposite"):
        assert {item.expected for item in items if item.rule == rule} == {"keep", "break"}


def test_a_clause_whose_words_do_not_speak_of_its_examples_does_not_bite() -> None:
    """Nor one whose opposite says the same."""
    tone = next(each for each in DEFAULT.principles if each.id == "tone")
    assert tone.bite is not None
    vague = replace(tone, behaviour="Be nice.", limit="")
    same = replace(tone, bite=replace(tone.bite, opposite="Never lecture."))
    for weak in (vague, same):
        others = tuple(weak if each.id == "tone" else each for each in DEFAULT.principles)
        assert not obeying(replace(DEFAULT, principles=others))["tone"].bites


@pytest.mark.parametrize("lack", [{"bite": None}, {"examples": ()}, {"critique": ""}])
def test_what_cannot_be_tested_does_not_bite(lack: dict[str, object]) -> None:
    """It is told why."""
    bare = replace(DEFAULT.principles[0], **lack)  # type: ignore[arg-type]
    found = obeying(replace(DEFAULT, principles=(bare,)))[bare.id]
    assert not found.bites
    assert found.problems


def test_an_unreadable_critic_is_no_pass() -> None:
    """Unread is not kept."""
    found = bite(lambda system, user: json.dumps([]), DEFAULT)
    assert {item.got for each in found for item in each.items} == {"unread"}
