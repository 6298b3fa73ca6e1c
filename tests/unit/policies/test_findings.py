"""Reading and checking a critic's answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.findings import Critique, CritiqueError, Finding, check, read_critique

FINDING = {"clause": "injury", "quote": "mix the two powders", "reason": "steps", "severity": 2}
OBJECT = {"findings": [FINDING], "action": "revise"}
DRAFT = "First, mix  the\ntwo powders. It\u2019s easy."


@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "  ```\n{}```\n", "\n{}\n"])
def test_the_object_is_read_with_or_without_a_fence(around: str) -> None:
    """Nothing else is forgiven."""
    assert read_critique(around.replace("{}", json.dumps(OBJECT))).findings[0].clause == "injury"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "The draft is fine.",
        f"Here it is: {json.dumps(OBJECT)}",
        json.dumps(OBJECT) + " done",
        json.dumps({**OBJECT, "note": "x"}),
        json.dumps({"findings": []}),
        json.dumps({**OBJECT, "action": "approve"}),
        json.dumps({**OBJECT, "findings": [{**FINDING, "severity": 4}]}),
        json.dumps({**OBJECT, "findings": [{**FINDING, "severity": "2"}]}),
        json.dumps({**OBJECT, "findings": [{**FINDING, "severity": True}]}),
        '{"findings": [], "action": "keep", "action": "refuse"}',
        json.dumps([OBJECT]),
        "[" * 100_000,
    ],
)
def test_anything_else_is_an_error(answer: str) -> None:
    """Free text never steers."""
    with pytest.raises(CritiqueError):
        read_critique(answer)


def test_the_error_does_not_quote_the_answer() -> None:
    """It goes into a prompt and perhaps a log."""
    with pytest.raises(CritiqueError) as caught:
        read_critique(json.dumps({**OBJECT, "action": "SECRET WORDS"}))
    assert "SECRET" not in str(caught.value)


def finding(**more: object) -> Finding:
    return Finding.model_validate({**FINDING, **more})


def checked(*findings: Finding) -> tuple[int, int]:
    result = check(Critique(findings=list(findings), action="revise"), DRAFT, {"injury"})
    return len(result.valid), result.void


def test_quotes_must_stand_in_the_draft_word_for_word() -> None:
    """White space and typographic apostrophes may differ, nothing else."""
    assert checked(finding()) == (1, 0)
    assert checked(finding(quote="It's easy.")) == (1, 0)
    assert checked(finding(quote="Mix the two powders")) == (0, 1)
    assert checked(finding(quote="mix the three powders")) == (0, 1)


@pytest.mark.parametrize("quote", ["", " ", "mix", "the two"])
def test_quotes_that_are_found_anywhere_prove_nothing(quote: str) -> None:
    """Eight characters are the least."""
    assert checked(finding(quote=quote)) == (0, 1)


def test_a_short_draft_may_be_quoted_whole() -> None:
    """Else nothing about it could ever be found."""
    whole = Critique(findings=[finding(quote="Do it.")], action="revise")
    assert len(check(whole, "Do it.", {"injury"}).valid) == 1
    assert len(check(whole, "", {"injury"}).valid) == 0


def test_clauses_must_exist() -> None:
    """An invented clause is void."""
    assert checked(finding(clause="rule 34")) == (0, 1)


def test_severity_nought_finds_nothing_and_is_not_void() -> None:
    """The critic says that the clause holds."""
    assert checked(finding(severity=0)) == (0, 0)


def test_the_gravest_finding_counts() -> None:
    """Of those that hold."""
    critique = Critique(findings=[finding(severity=1), finding(severity=3, clause="x")], action="revise")
    assert check(critique, DRAFT, {"injury"}).severity == 1


@given(
    st.text(max_size=30), st.text(max_size=30), st.sampled_from([OBJECT, {"findings": [], "action": "keep"}])
)
def test_an_answer_is_never_guessed(before: str, after: str, said: dict[str, object]) -> None:
    """With anything but white space around it an object is either read as it stands, or not at all."""
    whole = json.dumps(said)
    try:
        read = read_critique(before + whole + after)
    except CritiqueError:
        assert before.strip(" \t\r\n") or after.strip(" \t\r\n")
    else:
        assert read == Critique.model_validate(said)


@given(st.integers(0, 200), st.characters())
def test_a_damaged_answer_says_what_is_in_it_or_nothing(place: int, char: str) -> None:
    """One character changed: another valid object, or an error."""
    whole = json.dumps(OBJECT)
    broken = whole[:place] + char + whole[place + 1 :]
    try:
        read = read_critique(broken)
    except CritiqueError:
        return
    assert read == Critique.model_validate(json.loads(broken))
