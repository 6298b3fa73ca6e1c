"""The embedded critic: which sentences it names, and what is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import embedded
from policies.constitution import Constitution, Principle, compile_constitution
from policies.embedded import MAX_DROPS, MAX_PARTS, Measured, point_out, split, without
from policies.findings import Evidence

DRAFT = "Happy birthday, Sam. You are a worthless idiot. Cheers to ten years!\n\nYour team"


def pointed(draft: str, risk: Callable[[str], float | None], *, least: float = 1) -> tuple[object, int]:
    """Numbers of the parts that go, and how many measurements that took."""
    first = risk(draft)
    steps = point_out(split(draft), 1.0 if first is None else first, 0.3, least=least)
    answer: Measured | None = None
    asked = 0
    while True:
        try:
            step = steps.send(answer)
        except StopIteration as stop:
            return stop.value, asked
        asked += 1
        found = risk(step.text)
        answer = None if found is None else Measured(found, refusal=False)


def insults(text: str) -> float:
    return min(1.0, 0.1 + 0.5 * text.count("idiot"))


@given(st.text(alphabet="ab .!?\n`\u3002", max_size=400))
def test_parts_joined_are_the_draft_and_few(draft: str) -> None:
    """Nothing is lost and nothing is measured without bound."""
    parts = split(draft)
    assert "".join(parts) == draft
    assert len(parts) <= MAX_PARTS


def test_parts_are_sentences_lines_and_code_blocks() -> None:
    assert split("One. Two!\n- three\n```py\nx. y.\n```\nFour") == (
        *("One. ", "Two!\n", "- three\n", "```py\nx. y.\n```\n", "Four"),
    )


def test_the_sentence_that_gives_the_risk_is_named() -> None:
    gone, asked = pointed(DRAFT, insults)
    assert gone == (1,)
    assert asked <= len(split(DRAFT)) + 1


def test_a_sentence_without_which_nothing_is_safer_stays() -> None:
    """The draft scores high as a whole, and no part of it is to blame."""
    assert pointed(DRAFT, lambda text: 0.5 if len(text) > 30 else 0.1)[0] == ()


def test_suspicious_sentences_go_with_the_worst_one() -> None:
    """Although the rest would pass without the worst alone; harmless ones stay."""

    def risk(text: str) -> float:
        return 0.05 + 0.4 * ("worthless" in text) + 0.2 * ("ten years" in text and "worthless" not in text)

    assert pointed(DRAFT, risk)[0] == (1, 2)


def test_enough_of_the_draft_is_left() -> None:
    """A review that leaves a stub would only be rejected."""
    parts = ("One idiot. ", "Two idiots. ", "Three idiots.")
    assert pointed("".join(parts), insults, least=20) == ((0,), 4)


def test_never_all_of_a_draft_goes_and_the_work_is_bounded() -> None:
    draft = "You idiot! " * 40
    gone, asked = pointed(draft, insults)
    assert isinstance(gone, tuple)
    assert len(gone) < len(split(draft))
    assert asked <= MAX_PARTS + MAX_DROPS


def test_what_cannot_be_measured_is_told() -> None:
    assert pointed(DRAFT, lambda _: None)[0] is None


def test_what_a_fixed_check_found_goes_without_a_measurement() -> None:
    steps = point_out(split(DRAFT), 0.0, 0.3, (Evidence("dignity", "worthless idiot", "listed"),))
    with pytest.raises(StopIteration) as ended:
        next(steps)
    assert ended.value.value == (1,)


def test_the_gap_stands_once_where_the_first_part_was() -> None:
    parts = ("One. ", "Two. ", "Three. ", "Four.")
    assert without(parts, (1, 2)) == "One. Four."
    assert without(parts, (1, 2), "(left out)") == "One. (left out) Four."


def test_a_finding_names_a_clause_of_the_category_or_the_category() -> None:
    clauses = compile_constitution(
        Constitution("c", "1", "", (Principle("dignity", "D", "Be kind.", categories=("output",)),))
    )
    said = embedded.critique(split(DRAFT), (1,), "output", clauses)
    assert [(one.clause, one.quote) for one in said.findings] == [("dignity", "You are a worthless idiot.")]
    assert embedded.critique(split(DRAFT), (1,), "hte", clauses).findings[0].clause == "hte"
    assert embedded.critique(split(DRAFT), (), "hte", clauses).action == "keep"
