"""Variations keep what a row says."""

from __future__ import annotations

import random

from classifiers.training.augment import Padding, augment, garble, join, pad, swap_letters, vary, with_word
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
        padded = pad(RISKY, Padding.of([CALM]), random.Random(seed))
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


def test_texts_are_padded_with_prose_too_and_never_with_what_is_risky() -> None:
    """Sentences of long harmless rows, some of them again and again."""
    sentence = "The river was high that spring and the ferry did not run."
    long = Example(" ".join([sentence] * 8), {"harm": 0.0}, "c", "MIT")
    bad = Example("Another bad thing that nobody should read here at all. " * 8, {"harm": 1.0}, "d", "MIT")
    padding = Padding.of([CALM, RISKY, long, bad])
    assert padding == Padding([CALM.text], [sentence] * 8)
    padded = [pad(RISKY, padding, random.Random(seed)).text for seed in range(20)]
    assert any(sentence in text for text in padded)
    assert any(CALM.text in text for text in padded)


def test_a_stray_word_stands_among_the_others_and_keeps_the_label() -> None:
    assert sorted(with_word("a b c", "secret", random.Random(3)).split()) == ["a", "b", "c", "secret"]
    varied = [vary(CALM, ["secret"], random.Random(seed)) for seed in range(60)]
    assert any("secret" in row.text for row in varied)
    assert all(row.targets == CALM.targets for row in varied)
