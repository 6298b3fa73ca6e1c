"""Own rows: what the lists promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.training import compose
from classifiers.training.labels import HAZARDS, INPUT_HEADS


@pytest.fixture(scope="module")
def rows() -> list[compose.Example]:
    return compose.compose_input(seed=7)


def test_the_same_seed_composes_the_same_rows(rows: list[compose.Example]) -> None:
    assert [row.text for row in compose.compose_input(seed=7)] == [row.text for row in rows]


def test_another_seed_composes_other_rows(rows: list[compose.Example]) -> None:
    assert [row.text for row in compose.compose_input(seed=8)] != [row.text for row in rows]


def test_several_thousand_harmless_rows_are_composed(rows: list[compose.Example]) -> None:
    assert sum(row.targets.get("harm") == 0.0 for row in rows) > 5000


def test_every_slot_is_filled(rows: list[compose.Example]) -> None:
    assert not [row.text for row in rows if "{" in row.text or "}" in row.text]


def test_targets_use_known_labels_and_truth_values_only(rows: list[compose.Example]) -> None:
    names = {head.name for head in INPUT_HEADS}
    assert all(set(row.targets) <= names and set(row.targets.values()) <= {0.0, 1.0} for row in rows)


def test_nothing_is_written_for_child_sexual_exploitation(rows: list[compose.Example]) -> None:
    assert not [row.text for row in rows if row.targets.get("cse") == 1.0]


def test_a_person_in_distress_is_no_harmful_request(rows: list[compose.Example]) -> None:
    worried = [row for row in rows if row.family == "own:ssh-statements"]
    assert worried
    assert all(row.targets["ssh"] == 1.0 and "harm" not in row.targets for row in worried)


def test_harmless_and_harmful_rows_share_their_frames(rows: list[compose.Example]) -> None:
    harmless = {row.text.split()[0].lower() for row in rows if row.targets.get("harm") == 0.0}
    harmful = {row.text.split()[0].lower() for row in rows if row.targets.get("harm") == 1.0}
    assert len(harmful & harmless) > 0.5 * len(harmful)


def test_unknown_labels_are_masked() -> None:
    targets = compose.input_targets({"jailbreak": "1", "prompt_injection": "?", "harm": "?", "hazards": "?"})
    assert targets == {"jailbreak": 1.0}


def test_a_hazard_without_harm_leaves_the_harm_head_out() -> None:
    targets = compose.input_targets({"spc": "1"})
    assert "harm" not in targets
    assert {name for name in HAZARDS if targets[name]} == {"spc"}


def test_a_list_is_used_up_before_an_entry_comes_twice() -> None:
    dealer = compose.Dealer({"fruit": ["apple", "pear", "plum"]}, seed=1)
    assert sorted(dealer.draw("fruit") for _ in range(3)) == ["apple", "pear", "plum"]


def test_slots_may_be_bound_to_another_list(tmp_path: Path) -> None:
    path = tmp_path / "lists.txt"
    path.write_text("@frame\nHow to {act}?\n@good\nbake bread\n%own:x harm=0 n=5 act=good\n{frame}\n")
    grammar = compose.read_grammar([path], frozenset({"harm"}))
    assert compose.Dealer(grammar.lists, 1).rows(grammar.blocks[0]) == ["How to bake bread?"]
