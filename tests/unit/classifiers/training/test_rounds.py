"""The second round trains on its own rows and forgets nothing."""

from __future__ import annotations

from classifiers.training.examples import Example
from classifiers.training.rounds import first_round, second_round

OLD = [Example(f"short {i}", {}, "pool", "MIT") for i in range(50)]
OLD += [Example("long " * 60 + str(i), {}, "pool", "MIT") for i in range(50)]
NEW = [Example(f"new {i}", {}, "own2:x", "MIT") for i in range(5)]


def test_the_first_round_leaves_the_second_rounds_rows_out() -> None:
    assert first_round([*OLD, *NEW]) == OLD


def test_the_second_round_replays_as_many_old_rows_as_asked() -> None:
    rows = second_round([*OLD, *NEW], {"short": 20, "long": 10, "characters": 160}, seed=1)
    assert [row for row in rows if row in NEW] == NEW
    assert sum(row.text.startswith("short") for row in rows) == 20
    assert sum(row.text.startswith("long") for row in rows) == 10
