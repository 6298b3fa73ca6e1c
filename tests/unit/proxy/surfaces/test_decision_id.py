"""Decision ids sort by time, differ, and are recognised."""

from __future__ import annotations

from proxy.surfaces.decision_id import DecisionIds, is_decision_id


def test_ids_have_the_promised_form() -> None:
    made = DecisionIds()()
    assert is_decision_id(made)
    assert len(made) == 29


def test_later_ids_sort_after_earlier_ones() -> None:
    seconds = [1.7e9, 1.7e9 + 0.001, 1.7e9 + 60, 2.5e9]
    made = [DecisionIds(wall=lambda at=at: at)() for at in seconds]
    assert made == sorted(made)


def test_ids_of_the_same_millisecond_differ() -> None:
    ids = DecisionIds(wall=lambda: 1.7e9)
    assert len({ids() for _ in range(500)}) == 500


def test_every_random_bit_shows() -> None:
    made = [
        DecisionIds(lambda: 0.0, lambda n, bit=bit: (1 << bit).to_bytes(n, "little"))() for bit in range(80)
    ]
    assert len(set(made)) == 80


def test_other_texts_are_no_ids() -> None:
    good = DecisionIds()()
    for bad in ("", good[:-1], good + "0", good.upper(), "xx-" + good[3:], good[:-1] + "u", good[:-1] + "\n"):
        assert not is_decision_id(bad)
