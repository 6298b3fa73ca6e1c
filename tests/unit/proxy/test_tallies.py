"""Tallies: closed label sets, exact counts."""

from __future__ import annotations

import pytest

from proxy.tallies import Distribution, Tally


def samples(tally: Tally) -> dict[tuple[str, ...], float]:
    return {tuple(labels): count for labels, count in tally.samples()}


def test_every_key_of_the_closed_sets_exists_from_the_start() -> None:
    """A rate sees the first event, because there was a zero before it."""
    tally = Tally("t", "about", ("a", "b"), (("x", "y"), (False, True)))
    assert samples(tally) == {
        ("x", "false"): 0,
        ("x", "true"): 0,
        ("y", "false"): 0,
        ("y", "true"): 0,
    }


def test_amounts_add_up() -> None:
    """A counter is the sum of what was added."""
    tally = Tally("t", "about", ("a",), (("x",),))
    tally.add(("x",))
    tally.add(("x",), 2.5)
    assert samples(tally) == {("x",): 3.5}


def test_a_value_outside_its_set_counts_as_other() -> None:
    """Whatever a client sends, the number of series stays bounded."""
    tally = Tally("t", "about", ("a", "b"), (("x",), (200,)), zero=())
    for number in range(1000):
        tally.add((f"made-up-{number}", number))
    assert samples(tally) == {("other", "other"): 999, ("other", "200"): 1}
    assert tally.most_series() == 4


def test_a_known_key_that_was_not_zeroed_appears_with_its_first_event() -> None:
    """The closed set may be larger than what is shown from the start."""
    tally = Tally("t", "about", ("a",), (("x", "y"),), zero=[("x",)])
    tally.add(("y",))
    assert samples(tally) == {("x",): 0, ("y",): 1}


@pytest.mark.parametrize(("value", "bucket"), [(0.5, "1.0"), (1.0, "1.0"), (1.5, "2.0"), (9.0, "+Inf")])
def test_a_value_counts_in_its_bucket_and_all_above(value: float, bucket: str) -> None:
    """Buckets are cumulative and include their upper bound."""
    distribution = Distribution("d", "about", (1.0, 2.0), ("a",), (("x",),))
    distribution.observe(("x",), value)
    ((labels, buckets, total),) = distribution.samples()
    assert labels == ["x"]
    assert total == value
    first = next(name for name, count in buckets if count == 1)
    assert first == bucket
    assert buckets[-1] == ("+Inf", 1)


def test_a_distribution_is_bounded_too() -> None:
    """Unknown label values share one `other`."""
    distribution = Distribution("d", "about", (1.0,), ("a",), (("x",),))
    for number in range(100):
        distribution.observe((f"y{number}",), 1)
    assert [labels for labels, _, _ in distribution.samples()] == [["x"], ["other"]]
    assert distribution.most_series() == 8


@pytest.mark.parametrize(("room", "shown"), [(1, True), (0, False)])
def test_a_label_may_have_more_values_later(room: int, shown: bool) -> None:
    """Names that a reload brings count as themselves, from 0 where there is room; the counts so far stay."""
    tally = Tally("t", "about", ("policy", "side"), (("a",), ("in",)))
    tally.add(("b", "in"))
    tally.widen(Tally("t", "about", ("policy", "side"), (("a", "b"), ("in",))), room)
    assert (("b", "in") in samples(tally)) is shown
    assert tally.series() == len(samples(tally))
    tally.add(("b", "in"))
    assert samples(tally) == {("a", "in"): 0.0, ("other", "in"): 1.0, ("b", "in"): 1.0}


def test_a_switch_has_no_other_value() -> None:
    """What can never be is in no budget."""
    assert Tally("t", "about", ("a", "b"), (("x",), (False, True)), zero=()).most_series() == 4
