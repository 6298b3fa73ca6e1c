"""Written rows: format, labels, twins that stay together, and the project's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.training.labels import HAZARDS, INPUT_HEADS
from classifiers.training.written import (
    HELD,
    Cell,
    label_redteam,
    label_targets,
    read_answers,
    read_cells,
    read_label_file,
    read_replies,
    read_written,
)


def test_a_harmless_row_is_zero_on_every_head() -> None:
    assert label_targets("0") == ({head.name: 0.0 for head in INPUT_HEADS}, 1.0)


def test_hazards_are_named_and_all_others_denied() -> None:
    targets, weight = label_targets("harm+ncr+prv")
    assert [name for name in HAZARDS if targets[name] == 1.0] == ["ncr", "prv"]
    assert (targets["harm"], targets["jailbreak"], weight) == (1.0, 0.0, 1.0)


def test_harm_alone_leaves_the_hazards_open() -> None:
    targets, _ = label_targets("harm")
    assert targets["harm"] == 1.0
    assert not set(targets) & set(HAZARDS)


def test_distress_is_of_concern_at_half_weight() -> None:
    targets, weight = label_targets("ssh")
    assert (targets["ssh"], targets["harm"], targets["vcr"], weight) == (1.0, 1.0, 0.0, 0.5)


def test_attacks_say_only_what_they_state() -> None:
    assert label_targets("jailbreak") == ({"jailbreak": 1.0}, 1.0)
    assert label_targets("jailbreak+harm")[0] == {"jailbreak": 1.0, "harm": 1.0}


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown label: bad"):
        label_targets("harm+bad")


def test_cells_keep_twins_together_and_line_breaks_come_back(tmp_path: Path) -> None:
    file = tmp_path / "some.tsv"
    file.write_text(
        "# one | note\n0\ta\\nb\nharm+vcr\tc\n\n0\td\n# two\n0\te\n",
        encoding="utf-8",
    )
    one, two = read_cells(file)
    assert [(label, text) for label, text, _ in one.rows] == [("0", "a\nb"), ("harm+vcr", "c"), ("0", "d")]
    groups = [group for _, _, group in one.rows]
    assert groups[0] == groups[1] != groups[2]
    assert (one.title, two.title) == ("one | note", "two")


def test_a_line_without_a_label_is_named(tmp_path: Path) -> None:
    file = tmp_path / "some.tsv"
    file.write_text("0\tfine\nno label\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"some.tsv, line 2"):
        list(read_cells(file))


def test_a_tenth_of_the_cells_is_held_out() -> None:
    held = sum(Cell("file", f"cell {i}", ()).held for i in range(2000))
    assert 150 < held < 250


def test_the_projects_rows_are_many_mostly_harmless_and_no_text_comes_twice() -> None:
    rows = read_written()
    assert len(rows) > 9000
    assert sum(row.targets.get("harm") == 0.0 for row in rows) > 0.6 * len(rows)
    assert len({row.text.lower() for row in rows}) == len(rows)
    twins = [row for row in rows if row.source.startswith(HELD + "twins")]
    assert {row.targets["harm"] for row in twins} == {0.0, 1.0}
    assert not any("cse" in row.targets and row.targets["cse"] == 1.0 for row in rows)


def test_red_team_turns_are_labelled_by_digest(pool: Path, tmp_path: Path) -> None:
    rows = label_redteam(pool)
    assert len(rows) > 1500
    labels = tmp_path / "labels.tsv"
    labels.write_text(f"# head\n{rows[0].digest()}\tharm+hte\n", encoding="utf-8")
    assert read_label_file(labels) == {rows[0].digest(): "harm+hte"}
    [only] = label_redteam(pool, labels)
    assert only.text == rows[0].text
    assert only.targets["hte"] == 1.0


def test_written_replies_come_with_and_without_their_request(tmp_path: Path) -> None:
    (tmp_path / "replies_x.tsv").write_text("refuse\tbake a cake\tNo.\\nSorry.\n", encoding="utf-8")
    with_request, without = read_replies(tmp_path)
    assert (with_request.text, with_request.request, without.request) == ("No.\nSorry.", "bake a cake", "")
    assert with_request.targets == without.targets
    assert with_request.targets == {
        "comply": 0.0,
        "partial": 0.0,
        "refuse": 1.0,
        "unable": 0.0,
        "harm_delivered": 0.0,
        "toxic_reply": 0.0,
    }
    assert read_written(tmp_path) == []


def test_written_replies_are_harmless_rows_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "replies_x.tsv").write_text("refuse\ta\tNo.\ncomply\tb\tNo.\n", encoding="utf-8")
    [row] = read_answers(tmp_path)
    assert (row.text, row.request, set(row.targets.values())) == ("No.", "", {0.0})


def test_a_reply_of_no_class_is_named(tmp_path: Path) -> None:
    (tmp_path / "replies_x.tsv").write_text("perhaps\ta\tb\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"replies_x.tsv, line 1"):
        read_replies(tmp_path)
