"""The card says what the file holds and what was left out."""

from __future__ import annotations

from pathlib import Path

from evaluation.data_card import data_card
from evaluation.preference_export import Plan, export
from tests.kits import preference_rows as rows


def test_the_card_has_counts_sources_reasons_versions_and_the_ground(tmp_path: Path) -> None:
    given = [*(rows.pair(n) for n in range(20)), rows.pair(30, outcome="deadline", delivered="draft")]
    found = export(rows.journal(tmp_path, given), Plan("dpo", "trl", per_key=1.0, per_end_user=1.0))
    card = data_card(found, "pairs.jsonl")
    for line in (
        "# pairs.jsonl",
        "| reviews read | 21 |",
        "| revised, delivered: revision | 20 |",
        "| no judgement (deadline) | 1 |",
        "| default@1 (sha256:c) | 20 |",
        "| largest share of one key | 5.00% (at most 100%) |",
        "| largest share of one end user | 5.00% (at most 100%) |",
        "tenant: training (20 rows)",
        "n 20",
    ):
        assert line in card, line
    assert card == data_card(found, "pairs.jsonl")


def test_no_text_of_a_row_is_in_the_card(tmp_path: Path) -> None:
    found = export(
        rows.journal(tmp_path, [rows.pair(n) for n in range(5)]),
        Plan("kto", "trl", per_key=1.0, per_end_user=1.0),
    )
    card = data_card(found, "x")
    assert "careless" not in card
    assert rows.subject(1) not in card
