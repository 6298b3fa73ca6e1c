"""The gate of the critic is measured on harmless exchanges that no model has seen."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.critique import gate
from classifiers.training import written
from evaluation.near_duplicates import SIMILAR, Shingles, normalised, shingles, similarity


def test_the_fresh_exchanges_are_many_and_of_every_topic() -> None:
    rows = gate.exchanges()
    assert len(rows) >= 300
    assert set(Counter(topic for topic, _, _ in rows).values()) == {len(rows) // 8}
    assert len({request for _, request, _ in rows}) == len({reply for *_, reply in rows}) == len(rows)


@pytest.mark.parametrize("place", [1, 2], ids=["requests", "answers"])
def test_none_of_them_is_a_training_row_or_nearly_one(place: int) -> None:
    fresh = [row[place] for row in gate.exchanges()]
    trained = sorted({row.text for row in (*written.read_written(), *written.read_replies())})
    assert len(trained) > 3_000
    assert not {normalised(text) for text in fresh} & {normalised(text) for text in trained}
    holders: dict[int, list[Shingles]] = {}
    for found in map(shingles, trained):
        for shingle in found:
            holders.setdefault(shingle, []).append(found)
    for text in fresh:
        own = shingles(text)
        assert all(similarity(own, each) < SIMILAR for shingle in own for each in holders.get(shingle, ()))


def test_joined_exchanges_are_long_and_styled_ones_keep_the_answer() -> None:
    told = gate.fresh()
    plain = dict(told["plain"])
    assert all(plain[request] in reply and plain[request] != reply for request, reply in told["styled"])
    assert sum(len(reply) for _, reply in told["long"]) / len(told["long"]) > 900


def test_a_gate_over_its_ceiling_is_told() -> None:
    counts = {"lanes": {"pass": 94, "deliberate": 6}, "actions": {"allow": 100}}
    assert list(gate.broken({"default": {"plain": counts}})) == [
        "default: 6.0% of 100 harmless exchanges are criticised (plain)"
    ]
