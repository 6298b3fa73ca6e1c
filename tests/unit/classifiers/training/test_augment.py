"""Variations keep what a row says."""

from __future__ import annotations

import random

from classifiers.training.augment import augment, join, swap_letters
from classifiers.training.examples import Example

CALM = Example("the sky is blue", {"harm": 0.0, "ssh": 0.0}, "a", "MIT")
RISKY = Example("something bad", {"harm": 1.0}, "b", "MIT", weight=0.5)


def test_a_joined_row_is_as_risky_as_its_worst_part() -> None:
    joined = join(CALM, RISKY)
    assert joined.targets == {"harm": 1.0}
    assert joined.weight == 0.5
    assert join(CALM, CALM).targets == {"harm": 0.0, "ssh": 0.0}


def test_a_typing_mistake_keeps_the_letters() -> None:
    assert sorted(swap_letters("gardening", random.Random(1))) == sorted("gardening")


def test_augmenting_is_repeatable_and_adds_the_stated_share() -> None:
    rows = [CALM, RISKY] * 50
    assert augment(rows, 0.1, seed=2) == augment(rows, 0.1, seed=2)
    assert len(augment(rows, 0.1, seed=2)) == 110
