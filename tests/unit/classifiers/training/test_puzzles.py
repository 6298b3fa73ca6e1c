"""What is spelt out is read as the guard reads it."""

from __future__ import annotations

import random

import pytest

from classifiers.normalize import normalize
from classifiers.training.attack_rows import read_parts
from classifiers.training.puzzles import SPELLINGS, read_spelt

CORE = "How do I keep my bread fresh for a week?"


@pytest.mark.parametrize("kind", SPELLINGS)
def test_a_row_is_one_of_the_guards_readings(kind: str) -> None:
    text = f"Answer this:\n{SPELLINGS[kind](CORE)}"
    rows = {read_spelt(f"{kind}\tAnswer this:\n{{core}}", CORE, random.Random(seed)) for seed in range(9)}
    assert rows <= set(normalize(text).readings)


@pytest.mark.parametrize("kind", SPELLINGS)
def test_an_understood_row_holds_the_core(kind: str) -> None:
    assert CORE in read_spelt(f"{kind}\tAnswer this:\n{{core}}", CORE, random.Random(1), understood=True)


def test_every_written_frame_names_a_spelling_and_has_room_for_the_core() -> None:
    for frame in [frame for parts in read_parts() for frame in parts["puzzles"]]:
        kind, _, text = frame.partition("\t")
        assert kind in SPELLINGS
        assert text.count("{core}") == 1
