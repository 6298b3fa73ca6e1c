"""What a review teaches, and what feedback changes about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evaluation.preferences import Example, JournalError, examples_of, read_journal
from tests.kits import preference_rows as rows


def one(tmp_path: Path, *said: str, **changes: Any) -> Example | str:
    """The example of one pair, or why there is none."""
    given = [rows.pair(1, **changes), *(rows.feedback(1, kind) for kind in said)]
    reading = examples_of(rows.journal(tmp_path, given))
    return reading.examples[0] if reading.examples else next(iter(reading.dropped))


def taught(example: Example | str) -> tuple[str, str, str, tuple[str, ...], tuple[str, ...]]:
    assert isinstance(example, Example)
    return example.better, example.worse, example.imitate, example.good, example.bad


BOTH = {"draft": "D", "revision": "R"}


@pytest.mark.parametrize(
    ("outcome", "delivered", "expected"),
    [
        ("revised", "revision", ("R", "D", "R", ("R",), ("D",))),
        ("kept", "draft", ("", "", "D", ("D",), ())),
        ("rejected_retention", "draft", ("D", "R", "", ("D",), ("R",))),
        ("rejected_risk", "canned", ("", "", "", (), ("D",))),
        ("canned", "canned", ("", "", "", (), ("D",))),
        ("canned", "safe_partial", ("", "", "", (), ("D",))),
    ],
)
def test_each_end_of_a_review_teaches_what_it_shows(
    tmp_path: Path, outcome: str, delivered: str, expected: tuple[object, ...]
) -> None:
    assert taught(one(tmp_path, outcome=outcome, delivered=delivered, **BOTH)) == expected


@pytest.mark.parametrize("outcome", ["critic_failed", "deadline", "original"])
def test_where_nobody_judged_nothing_is_learnt(tmp_path: Path, outcome: str) -> None:
    assert one(tmp_path, outcome=outcome, delivered="draft", **BOTH) == f"no judgement ({outcome})"


def test_what_a_person_found_wrong_is_bad_whatever_the_review_said(tmp_path: Path) -> None:
    assert taught(one(tmp_path, "bad_revision", **BOTH)) == ("", "", "", (), ("D", "R"))
    assert taught(one(tmp_path, "wrong_pass", outcome="kept", delivered="draft", **BOTH)) == (
        "",
        "",
        "",
        (),
        ("D",),
    )


def test_praise_makes_a_delivered_text_good(tmp_path: Path) -> None:
    found = taught(one(tmp_path, "thumbs_up", outcome="rejected_risk", delivered="draft", **BOTH))
    assert found == ("D", "R", "D", ("D",), ("R",))


@pytest.mark.parametrize("said", [("wrong_block",), ("thumbs_up", "thumbs_down")])
def test_disputed_reviews_teach_nothing(tmp_path: Path, said: tuple[str, ...]) -> None:
    assert one(tmp_path, *said, **BOTH) == "disputed by feedback"


def test_feedback_of_another_tenant_changes_nothing(tmp_path: Path) -> None:
    other = {**rows.feedback(1, "thumbs_down"), "tenant": "t2"}
    reading = examples_of(rows.journal(tmp_path, [rows.pair(1, **BOTH), other]))
    assert reading.examples[0].imitate == "R"


def test_conversations_that_trainers_cannot_take_are_counted(tmp_path: Path) -> None:
    tool = [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]
    assert one(tmp_path, messages=tool) == "roles that trainers do not take, such as tools"
    assert one(
        tmp_path, messages=[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    ) == ("no text to answer")


def test_a_developers_message_is_a_system_message(tmp_path: Path) -> None:
    example = one(
        tmp_path, messages=[{"role": "developer", "content": "x"}, {"role": "user", "content": "a"}]
    )
    assert isinstance(example, Example)
    assert example.prompt[0].role == "system"


def test_a_line_that_a_crash_cut_off_is_counted(tmp_path: Path) -> None:
    path = rows.write(tmp_path / "j", [rows.pair(1)])
    path.write_text('{"schema": 1, "ki\n' + path.read_text())
    assert (read_journal(path).torn, len(read_journal(path).pairs)) == (1, 1)


def test_a_row_of_another_version_is_refused_without_its_text(tmp_path: Path) -> None:
    path = rows.write(tmp_path / "j", [rows.pair(1, schema=2, draft="secret words")])
    with pytest.raises(JournalError, match=r"j:1: schema") as error:
        read_journal(path)
    assert "secret" not in str(error.value)
