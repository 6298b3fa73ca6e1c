"""Sources stay whole: what a model is judged on it has never seen."""

from __future__ import annotations

import pytest

from classifiers.training.examples import Example
from classifiers.training.split import Split, lend_harmless, split_by_source


def example(text: str, source: str) -> Example:
    return Example(text, {"harm": 0.0}, source, "MIT")


def test_a_source_goes_to_one_part_as_a_whole() -> None:
    rows = [example("a", "clinc"), example("b", "oasst"), example("c", "oasst")]
    split = split_by_source(rows, {"tune": ["oasst"]})
    assert [row.text for row in split.train] == ["a"]
    assert [row.text for row in split.tune] == ["b", "c"]


def test_held_out_texts_are_removed_from_training_whatever_their_case() -> None:
    split = split_by_source(
        [example("Hello  There", "clinc"), example("hello there", "oasst")], {"check": ["oasst"]}
    )
    assert split.train == []


def test_an_unknown_part_is_an_error() -> None:
    with pytest.raises(ValueError, match="validation"):
        split_by_source([], {"validation": ["x"]})


def test_without_a_pool_held_out_rows_lend_their_harmless_ones() -> None:
    """Families stay together, risky rows stay where they are, and nothing is lent where there is a pool."""
    calm = [Example(f"{i} {n}", {"harm": 0.0}, "held", "own", family=f"{i}") for i in range(40) for n in "ab"]
    risky = [Example(f"bad {i}", {"harm": 1.0}, "held", "own", family=f"{i}") for i in range(5)]
    split = Split(probe=[*calm, *risky])
    lend_harmless(split)
    assert split.probe == risky
    assert len(split.tune) + len(split.check) == 80
    assert min(len(split.tune), len(split.check)) > 20
    assert not {row.family for row in split.tune} & {row.family for row in split.check}
    full = Split(tune=calm[:1], probe=calm[1:])
    lend_harmless(full)
    assert full.probe == calm[1:]
