"""Rows that users label: what they may say, what is wrong with them, and which of them are held out."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.training.examples import Example
from classifiers.training.labelled import (
    HELD_SHARE,
    UNLABELLED,
    WEIGHT,
    Labelled,
    LabelledRows,
    LabelsError,
    read_labels,
)
from classifiers.training.split import Split


def write(folder: Path, *rows: Any, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def all_of(rows: Labelled) -> list[Example]:
    return [*rows.train, *rows.held]


def only(folder: Path, row: Any, model: str = "input") -> Example:
    (found,) = all_of(read_labels([write(folder, row)]).of(model))
    return found


def test_a_text_with_a_label_is_a_row_of_the_input_model(tmp_path: Path) -> None:
    row = only(tmp_path, {"text": "where do I buy a fake passport", "label": "harm+ncr", "source": "desk"})
    assert (row.targets["harm"], row.targets["ncr"], row.targets["vcr"]) == (1.0, 1.0, 0.0)
    assert (row.source, row.weight) == ("labelled:desk", WEIGHT)


@pytest.mark.parametrize(("feedback", "harm"), [("wrong_block", 0.0), ("wrong_pass", 1.0)])
def test_feedback_joined_with_its_text_is_a_label(tmp_path: Path, feedback: str, harm: float) -> None:
    """Other fields of a ledger's record are left alone; a label that is stated counts more."""
    record = {
        "kind": "feedback",
        "decision": "gh-1",
        "at": 1.5,
        "feedback": feedback,
        "text": "kill a process",
    }
    assert only(tmp_path, record).targets["harm"] == harm
    assert only(tmp_path, record | {"label": "jailbreak"}).targets == {"jailbreak": 1.0}


def test_feedback_that_states_no_label_is_counted_and_passed_over(tmp_path: Path) -> None:
    rows = [{"text": "a", "feedback": "thumbs_up"}, {"text": "b", "feedback": "bad_revision"}]
    found = read_labels([write(tmp_path, *rows, rows[0])])
    assert found.passed_over == {"thumbs_up": 2, "bad_revision": 1}
    assert not all_of(found.input)


def test_a_reply_with_its_refusal_is_a_row_of_the_exchange_model(tmp_path: Path) -> None:
    row = {"request": "open it", "reply": "I can't.", "refusal": "refuse", "weight": 2}
    found = only(tmp_path, row, "exchange")
    assert (found.text, found.request, found.weight) == ("I can't.", "open it", 2.0)
    assert found.targets == {"comply": 0.0, "partial": 0.0, "refuse": 1.0, "unable": 0.0}


def test_one_row_may_serve_both_models(tmp_path: Path) -> None:
    """The text is then what the reply answers."""
    row = {"text": "open it", "label": "0", "reply": "I can't.", "refusal": "refuse"}
    found = read_labels([write(tmp_path, row)])
    assert [each.text for each in all_of(found.input)] == ["open it"]
    assert [each.request for each in all_of(found.exchange)] == ["open it"]


def test_all_problems_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "{broken\n",
        "[1]\n",
        "\n",
        {"text": "a", "label": "harmful"},
        {"text": "b", "lable": "0"},
        {"text": 7, "label": 0},
        {"label": "0", "text": " "},
        {"reply": "no", "refusal": "never"},
        {"refusal": "refuse"},
        {"text": "c", "label": "0", "weight": True},
        {"text": "d", "label": "0", "weight": 1000},
        {"text": "same  text", "label": "0"},
        {"text": "Same text", "label": "harm"},
        '{"text": "\\ud800", "label": "0"}\n',
    )
    with pytest.raises(LabelsError) as caught:
        read_labels([path, tmp_path / "gone.jsonl"])
    assert [problem.removeprefix(str(tmp_path)) for problem in caught.value.problems] == [
        "/rows.jsonl:1: not JSON",
        "/rows.jsonl:2: not an object",
        "/rows.jsonl:4: unknown label: harmful",
        "/rows.jsonl:5: needs text with label or feedback, or reply with refusal",
        "/rows.jsonl:6: text must be a text",
        "/rows.jsonl:6: label must be a text",
        "/rows.jsonl:7: a label without a text",
        "/rows.jsonl:8: unknown refusal: never; known: comply, partial, refuse, unable",
        "/rows.jsonl:9: refusal without a reply",
        "/rows.jsonl:10: weight must be a number above 0, at most 100",
        "/rows.jsonl:11: weight must be a number above 0, at most 100",
        "/rows.jsonl:14: text must be a text",
        "/gone.jsonl: No such file or directory",
        f"/rows.jsonl:13: the same text has another label at {path}:12",
    ]


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"text": "\xff"}')
    with pytest.raises(LabelsError, match="not UTF-8 at byte 10"):
        read_labels([tmp_path / "rows.jsonl"])


def test_empty_fields_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    row = {"text": "a", "label": "0", "feedback": None, "weight": None, "source": None}
    assert only(tmp_path, "\ufeff" + json.dumps(row)).source == "labelled:own"


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_line_is_a_row_or_a_problem(line: str, text: str) -> None:
    """No other exception than the one that says so."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text(line + "\n" + json.dumps({"text": text, "label": "0"}), "utf-8", "surrogatepass")
        with contextlib.suppress(LabelsError):
            assert len(all_of(read_labels([path]).input)) <= 1


def test_about_a_fifth_is_held_out_and_always_the_same(tmp_path: Path) -> None:
    """Spelling, spacing and order do not move a text to the other side, and doubles count once."""
    rows = [{"text": f"Text  number {i}", "label": "0"} for i in range(500)]
    found = read_labels([write(tmp_path, *rows)]).input
    again = [{"text": f" text number {i}", "label": "0"} for i in reversed(range(500))]
    other = read_labels([write(tmp_path, *again, *again)]).input
    assert abs(len(found.held) / 500 - HELD_SHARE) < 0.06
    assert {row.text.lower().replace("  ", " ") for row in found.held} == {
        row.text.strip() for row in other.held
    }
    assert len(all_of(other)) == 500


def row(text: str, source: str = "pool", **targets: float) -> Example:
    return Example(text, targets, source, "MIT", family=text)


MINE = Labelled([row("Mine", "labelled:own", harm=0.0)], [row("held", "labelled:own", harm=1.0)])


def test_what_a_user_says_of_a_text_outranks_the_pool() -> None:
    """Held-out texts leave the pool's rows too: nothing of them is trained on."""
    pool = [row("mine", harm=1.0), row("HELD ", harm=1.0), row("other", harm=1.0)]
    assert [(each.text, each.source) for each in MINE.added_to(pool)] == [
        ("other", "pool"),
        ("Mine", "labelled:own"),
    ]


def test_a_split_gets_the_rows_in_training_only() -> None:
    split = Split(
        train=[row("mine")], tune=[row("mine"), row("t")], check=[row("held"), row("c")], probe=[row("p")]
    )
    joined = MINE.joined_to(split)
    parts = [joined.train, joined.tune, joined.check, joined.probe]
    assert [[each.text for each in part] for part in parts] == [["Mine"], ["t"], ["c"], ["p"]]


def test_without_labels_nothing_changes() -> None:
    split = Split(train=[row("a"), row("b")], tune=[row("t")], check=[row("c")], probe=[row("p")])
    assert UNLABELLED.joined_to(split).train == [row("a"), row("b")]
    assert not all_of(LabelledRows().exchange)
