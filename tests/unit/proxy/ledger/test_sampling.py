"""Sampling: the same draw everywhere."""

from __future__ import annotations

import pytest

from proxy.ledger.sampling import drawn

IDS = [f"gh-{number:026d}" for number in range(4_000)]


def test_the_ends_are_exact() -> None:
    """0 draws none and 1 draws all."""
    assert not any(drawn(each, 0) for each in IDS)
    assert all(drawn(each, 1) for each in IDS)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_share_is_met(share: float) -> None:
    """About the asked share of ids is drawn."""
    found = sum(drawn(each, share) for each in IDS)
    assert abs(found - share * len(IDS)) < 5 * (share * (1 - share) * len(IDS)) ** 0.5


def test_a_larger_share_holds_the_smaller_one() -> None:
    """Raising the share adds exchanges and drops none."""
    assert all(drawn(each, 0.3) for each in IDS if drawn(each, 0.1))


def test_purposes_draw_apart() -> None:
    """A sample for one purpose says nothing about another."""
    one = {each for each in IDS if drawn(each, 0.1, "access")}
    other = {each for each in IDS if drawn(each, 0.1, "judge")}
    assert len(one & other) < len(one) / 2
