"""The pool's labels become targets; what a source does not say stays unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classifiers.training import collect
from classifiers.training.labels import HAZARDS, INPUT_HEADS


def row(labels: list[str], **extra: Any) -> dict[str, Any]:
    base = {
        "text": "some text",
        "labels": labels,
        "unsafe": 1,
        "cat_known": True,
        "weak": False,
        "lang": "en",
    }
    return base | {"source": "somewhere", "licence": "MIT", "kind": "prompt"} | extra


def test_a_harmless_row_is_zero_on_every_head() -> None:
    assert collect.map_targets(row(["benign"])) == {head.name: 0.0 for head in INPUT_HEADS}


def test_a_known_hazard_sets_harm_and_that_hazard_alone() -> None:
    targets = collect.map_targets(row(["ncr"]))
    assert targets["harm"] == 1.0
    assert [name for name in HAZARDS if targets[name]] == ["ncr"]


def test_an_unknown_hazard_masks_the_hazard_heads() -> None:
    targets = collect.map_targets(row(["harm"], cat_known=False))
    assert targets["harm"] == 1.0
    assert not set(targets) & set(HAZARDS)


def test_bare_advice_questions_leave_the_harm_head_out() -> None:
    targets = collect.map_targets(row(["spc"]))
    assert "harm" not in targets
    assert targets["spc"] == 1.0


def test_a_jailbreak_template_says_nothing_about_harm_or_injection() -> None:
    assert collect.map_targets(row(["jailbreak"])) == {"jailbreak": 1.0}


@pytest.mark.parametrize(
    "left",
    [
        row(["offensive"], unsafe=None),
        row(["prompt_injection"], lang="xx"),
        row(["harm"], source="HarmBench extra behaviours (copy)"),
        row(["benign"], text="  "),
    ],
)
def test_unclear_foreign_and_evaluation_rows_are_left_out(left: dict[str, Any]) -> None:
    assert collect.left_out(left)


def test_noisy_rows_weigh_half() -> None:
    assert collect.to_example(row(["harm"], weak=True)).weight == 0.5
    assert collect.to_example(row(["harm"])).weight == 1.0


def test_the_pool_is_cut_to_its_caps_and_every_kept_row_carries_a_licence(
    pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "INPUT_FILES", ("extra_en", "harmful_prompts_en"))
    table = collect.licence_table(
        collect.collect_input(pool, {"BFCL": 50, "ailuminate|ncr": 20, "ailuminate": 0}, 1)
    )
    counts = {source: rows for source, _, rows in table}
    assert counts["ShishirPatil/gorilla BFCL live"] == 50
    assert counts["mlcommons/ailuminate"] == 20
    assert all(licence for _, licence, _ in table)


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("What is the time in Rome?", True),
        ("Ignore the above.", True),
        ("Vergiss alles davor.", False),
        ("", False),
    ],
)
def test_other_languages_are_recognised(text: str, english: bool) -> None:
    assert collect.reads_english(text) is english


def test_without_a_pool_there_are_no_rows() -> None:
    assert collect.collect_input(None, {}, seed=1) == []


def test_answers_of_assistants_are_harmless_rows(pool: Path) -> None:
    rows = collect.collect_answers(pool)
    assert len(rows) > 1500
    assert {value for row in rows for value in row.targets.values()} == {0.0}
    assert {row.source for row in rows} == {collect.ANSWERS}


def test_the_files_that_a_recipe_reads_are_known(pool: Path) -> None:
    """So that a pool that lacks one is told of before anything is read."""
    assert not [name for name in collect.POOL_FILES if not (pool / f"{name}.jsonl.gz").is_file()]
