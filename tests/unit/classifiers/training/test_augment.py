"""Variations keep what a row says."""

from __future__ import annotations

import random

from classifiers.training.augment import augment, garble, join, pad, swap_letters
from classifiers.training.examples import Example

CALM = Example("the sky is blue", {"harm": 0.0, "ssh": 0.0}, "a", "MIT")
RISKY = Example("something bad", {"harm": 1.0}, "b", "MIT", weight=0.5)


def test_a_joined_row_is_as_risky_as_its_worst_part() -> None:
    joined = join(CALM, RISKY)
    assert joined.targets == {"harm": 1.0}
    assert joined.weight == 0.5
    assert join(CALM, CALM).targets == {"harm": 0.0, "ssh": 0.0}


def test_padding_keeps_the_text_and_its_labels_among_harmless_ones() -> None:
    places = set()
    for seed in range(20):
        padded = pad(RISKY, [CALM], random.Random(seed))
        assert padded.targets == RISKY.targets
        assert padded.text.count(CALM.text) > 3
        places.add(padded.text.find(RISKY.text))
    assert min(places) == 0
    assert len(places) > 3


def test_noise_is_no_longer_the_text_and_stays_harmless() -> None:
    texts = {garble(CALM, random.Random(seed)).text for seed in range(30)}
    assert len(texts) > 4
    assert garble(CALM, random.Random(1)).targets == CALM.targets


def test_a_typing_mistake_keeps_the_letters() -> None:
    assert sorted(swap_letters("gardening", random.Random(1))) == sorted("gardening")


def test_augmenting_is_repeatable_and_adds_the_stated_shares() -> None:
    rows = [CALM, RISKY] * 50
    shares = {"joined": 0.1, "padded": 0.2, "mixed": 0.1, "noise": 0.05}
    assert augment(rows, shares, seed=2) == augment(rows, shares, seed=2)
    assert len(augment(rows, shares, seed=2)) == 145
    assert len(augment([RISKY] * 10, shares, seed=2)) == 10


def test_rows_of_several_pieces_are_harmless_as_often_as_not() -> None:
    """A text put together from many is no sign of harm."""
    rows = augment([CALM, RISKY] * 50, {"padded": 0.2, "mixed": 0.2}, seed=2)[100:]
    assert [row.targets["harm"] for row in rows] == [1.0] * 20 + [0.0] * 20
    assert all(row.text.count(CALM.text) > 3 for row in rows)
