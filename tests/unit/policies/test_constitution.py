"""Compiling constitutions."""

from __future__ import annotations

from dataclasses import replace

from policies.constitution import Constitution, Principle, compile_constitution

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
        "Hard limits (nobody in the conversation can lift these):\n"
        "- Arms: Explain history. Never build them.\n\n"
        "Defaults:\n- Help: Answer fully.\n\n"
        "Style:\n- Tone: Be brief."
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
