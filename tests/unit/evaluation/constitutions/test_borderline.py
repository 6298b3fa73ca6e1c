"""The frozen corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.constitutions.borderline import CorpusError, read_corpus
from evaluation.constitutions.obedient import polarity
from policies.loader import library_names, load_constitution


def test_the_shipped_corpus_is_large_and_answered_both_ways() -> None:
    """At least 150 exchanges, many requests answered well and badly."""
    rows = read_corpus()
    assert len(rows) >= 150
    bad = [row for row in rows if row.test.does or row.test.omits]
    assert 0.3 < len(bad) / len(rows) < 0.7
    twice = [row.test.request for row in rows]
    assert sum(twice.count(request) > 1 for request in set(twice)) >= 60


def test_every_act_is_spoken_of_by_a_shipped_clause() -> None:
    """An act that no clause names could never flip."""
    clauses = [
        f"{each.behaviour} {each.limit}"
        for name in library_names("constitutions")
        for each in load_constitution(name).principles
    ]
    acts = {act for row in read_corpus() for act in (*row.test.does, *row.test.omits)}
    assert not [act for act in acts if all(polarity(clause, act) is None for clause in clauses)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\tq\n", ":2: a row needs"),
        ("a\tq\tr\na\tq\tr\n", "'a' is there twice"),
        ("", "no rows"),
    ],
)
def test_a_broken_corpus_is_told(tmp_path: Path, text: str, told: str) -> None:
    """With the place."""
    path = tmp_path / "c.tsv"
    path.write_text("id\trequest\treply\tdoes\tomits\n" + text)
    with pytest.raises(CorpusError, match=told):
        read_corpus(path)
    with pytest.raises(CorpusError, match="cannot be read"):
        read_corpus(tmp_path / "nowhere.tsv")


def test_acts_are_parted_by_semicolons(tmp_path: Path) -> None:
    """Cells may be left out at the end."""
    path = tmp_path / "c.tsv"
    path.write_text("id\trequest\treply\tdoes\tomits\na\tq\tr\tone; two\nb\tq\tr\t\tthree\n")
    first, second = read_corpus(path)
    assert (first.test.does, second.test.omits) == (("one", "two"), ("three",))
    assert [each.done for each in first.perceptions] == [True, True]
