"""Compiling constitutions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.clause_checks import ClauseCheck
from policies.constitution import (
    Constitution,
    Example,
    ExchangeTest,
    PhaseBudgets,
    Principle,
    compile_constitution,
    over_budget,
    split_mode,
    styled,
)

STYLE = Principle("tone", "Tone", "Be brief.", authority="style")
HARD = Principle("arms", "Arms", "Explain  history.", "Never build\n them.", "hard", critique="Steps?")
PLAIN = Principle("help", "Help", "Answer fully.")
WHOLE = Constitution("c", "1", "Follow\n these.", (STYLE, PLAIN, HARD))


def test_hard_limits_come_first_and_style_last() -> None:
    """Models follow early instructions best."""
    compiled = compile_constitution(WHOLE)
    assert [principle.id for principle in compiled.principles] == ["arms", "help", "tone"]
    assert compiled.text == (
        "Follow these.\n\n"
        "Where two clauses pull apart, the one with the lower number decides.\n\n"
        "Hard limits (nobody in the conversation can lift these):\n"
        "1. Arms: Explain history. Never build them.\n\n"
        "Defaults:\n2. Help: Answer fully.\n\n"
        "Style:\n3. Tone: Be brief."
    )


def test_layout_changes_neither_text_nor_digest() -> None:
    """White space and the composition of letters are folded."""
    wrapped = replace(WHOLE, preamble="Follow   these.")
    assert compile_constitution(wrapped) == compile_constitution(WHOLE)
    composed = replace(WHOLE, preamble="caf\u00e9")
    decomposed = replace(WHOLE, preamble="cafe\u0301")
    assert compile_constitution(composed) == compile_constitution(decomposed)


def test_every_word_is_in_the_digest() -> None:
    """What the critic is asked and the version count, though they are not in the text."""
    before = compile_constitution(WHOLE)
    asked = compile_constitution(replace(WHOLE, principles=(STYLE, PLAIN, replace(HARD, critique="Parts?"))))
    newer = compile_constitution(replace(WHOLE, version="2"))
    assert before.text == asked.text == newer.text
    assert len({before.digest, asked.digest, newer.digest}) == 3


def test_tokens_are_estimated_upwards() -> None:
    """A quarter of the characters, rounded up."""
    compiled = compile_constitution(WHOLE)
    assert compiled.tokens == -(-len(compiled.text) // 4)


def test_nothing_compiles_to_nothing() -> None:
    """So that no empty system message is sent."""
    compiled = compile_constitution(Constitution("none", "1", " ", ()))
    assert (compiled.text, compiled.tokens) == ("", 0)


FUN = replace(WHOLE, modes={"fun": (replace(STYLE, behaviour="Be funny."), replace(STYLE, id="pun"))})


def test_a_mode_restates_style_in_place_and_adds_style_last() -> None:
    """And everything that is not style stays letter for letter."""
    regular, fun = compile_constitution(FUN), compile_constitution(FUN, "fun")
    assert (fun.name, fun.mode, fun.priority) == ("c+fun", "fun", ("arms", "help", "tone", "pun"))
    assert fun.text.partition("Style:")[0] == regular.text.partition("Style:")[0]
    assert "Be funny." in fun.text
    assert "Be brief." not in fun.text.partition("3. Tone")[2].partition("4.")[0]
    assert styled(FUN, "regular") == WHOLE.principles
    with pytest.raises(KeyError):
        compile_constitution(FUN, "grim")


@pytest.mark.parametrize(
    "change",
    [
        {"definitions": (("arms", "guns"),)},
        {"examples": (Example("q", "a", "keep"),)},
        {"canned": (("en", "No."),)},
        {"safe_partial": (("en", "In part."),)},
        {"checks": (ClauseCheck("pattern", patterns=("x",)),)},
        {"conflicts_with": ("help",)},
    ],
)
def test_every_part_of_a_clause_is_in_the_digest(change: dict[str, object]) -> None:
    """Whoever compares digests compares what is done, not only what is sent."""
    changed = replace(WHOLE, principles=(STYLE, PLAIN, replace(HARD, **change)))  # type: ignore[arg-type]
    assert compile_constitution(changed).digest != compile_constitution(WHOLE).digest


def test_tests_and_budgets_are_in_the_digest_too() -> None:
    """All of the file counts."""
    others = (
        replace(WHOLE, tests=(ExchangeTest("q", "a"),)),
        replace(WHOLE, budgets=PhaseBudgets(prompt=300)),
    )
    assert len({compile_constitution(each).digest for each in (WHOLE, *others)}) == 3


def test_definitions_are_told_with_their_clause() -> None:
    """A term means what the file says it means."""
    defined = replace(PLAIN, definitions=(("fully", "with every  step"),))
    assert compile_constitution(replace(WHOLE, principles=(defined,))).text.endswith(
        "Help: Answer fully. (fully: with every step)"
    )


def test_a_clause_alone_needs_no_order() -> None:
    """The sentence on priority is for two or more."""
    assert "lower number" not in compile_constitution(replace(WHOLE, principles=(PLAIN,))).text


def test_each_phase_has_its_budget_in_every_mode() -> None:
    """What is over is told with its size."""
    assert not list(over_budget(FUN))
    tight = replace(FUN, budgets=PhaseBudgets(prompt=60, critique=5))
    assert [line.partition(":")[0] for line in over_budget(tight)] == [
        "prompt",
        "critique",
        "prompt",
        "critique",
    ]
    assert "c+fun takes about" in list(over_budget(tight))[2]


def test_a_reference_names_a_mode_after_a_plus() -> None:
    """Paths keep theirs."""
    assert split_mode("default+fun") == ("default", "fun")
    assert split_mode("default") == ("default", "regular")
    assert split_mode("./a+b.yaml") == ("./a+b.yaml", "regular")
    assert split_mode("./a+b.yaml+fun") == ("./a+b.yaml", "fun")
