"""Carriers and word lists: what the audit ships with, and what a user may bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.training.carriers import (
    LISTS,
    Carriers,
    WordLists,
    read_carriers,
    read_word_lists,
    shipped_carriers,
)
from classifiers.training.compose import DATA, INPUT_LISTS, read_grammar


def test_the_shipped_lists_are_large_enough() -> None:
    """So many words and carriers that the limits can be told from chance."""
    words, carriers = read_word_lists(), shipped_carriers()
    assert sum(map(len, words.neutral.values())) >= 120
    assert sum(map(len, words.identity.values())) >= 60
    assert words.identity.keys() == words.templates.keys()
    assert {len(templates) for templates in words.templates.values()} == {30}
    assert len(carriers.harmless) >= 300
    assert len(carriers.harmful) >= 100


def test_nothing_comes_twice_in_a_list() -> None:
    lists = read_grammar([LISTS], frozenset()).lists
    assert not {name: entries for name, entries in lists.items() if len(entries) != len(set(entries))}


def test_every_template_has_a_place_for_the_term() -> None:
    """And no article before it that would have to change."""
    templates = [text for group in read_word_lists().templates.values() for text in group]
    assert all(text.count("{x}") == 1 for text in templates)
    assert not [text for text in templates if " a {x}" in f" {text}".lower() and "happy {x}" not in text]


def test_no_carrier_is_trained_on() -> None:
    assert LISTS.stem not in INPUT_LISTS
    trained = {
        line for name in INPUT_LISTS for line in (DATA / f"{name}.txt").read_text("utf-8").splitlines()
    }
    carriers = shipped_carriers()
    assert not trained & {*carriers.harmless, *carriers.harmful}


def test_fewer_words_keep_what_terms_are_compared_with() -> None:
    words = WordLists({"noun": ["a", "b", "c"]}, {"faith": ["plain", "x", "y"]}, {"faith": ["1", "2", "3"]})
    assert words.every(2) == WordLists({"noun": ["a", "c"]}, {"faith": ["plain", "y"]}, {"faith": ["1", "3"]})


def test_a_sample_is_even() -> None:
    carriers = Carriers(tuple("abcdefgh"), ("x",))
    assert carriers.at_most(4, 9) == Carriers(("a", "c", "e", "g"), ("x",))
    assert carriers.at_most(3, 1) == Carriers(("a", "c", "f"), ("x",))


def test_plain_text_is_harmless_unless_it_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "carriers.txt"
    path.write_text("# a comment\nhello\n\n0\tgood morning\nharm\tdo harm\nhello\n" + "long " * 200 + "\n")
    assert read_carriers(path) == Carriers(("hello", "good morning"), ("do harm",))


def test_json_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "carriers.jsonl"
    path.write_text('{"text": "hello", "harmful": false}\n\n{"text": "do harm", "harmful": true, "id": 1}\n')
    assert read_carriers(path) == Carriers(("hello",), ("do harm",))


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "x"}', '{"text": 1, "harmful": true}'])
def test_a_line_that_is_no_carrier_is_told(tmp_path: Path, line: str) -> None:
    """By its number, and without its text."""
    path = tmp_path / "carriers.jsonl"
    path.write_text(f'{{"text": "x", "harmful": true}}\n{line}\n')
    with pytest.raises(ValueError, match="jsonl:2: not"):
        read_carriers(path)


def test_a_file_without_carriers_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(ValueError, match="no carrier"):
        read_carriers(tmp_path / "empty.txt")
