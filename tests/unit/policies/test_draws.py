"""Draws by lot."""

from __future__ import annotations

from policies.draws import drawn

TICKETS = [f"gh-{number}" for number in range(5000)]


def test_a_lot_falls_as_often_as_the_share_says() -> None:
    """Nobody at 0, everybody at 1, and in between about the share."""
    assert not any(drawn(each, 0.0) for each in TICKETS)
    assert all(drawn(each, 1.0) for each in TICKETS)
    assert 0.08 < sum(drawn(each, 0.1) for each in TICKETS) / len(TICKETS) < 0.12


def test_a_lot_is_the_same_for_ever_and_stays_drawn_in_a_larger_share() -> None:
    """So a record can be checked, and a raised share adds only."""
    few = {each for each in TICKETS if drawn(each, 0.1)}
    assert few == {each for each in TICKETS if drawn(each, 0.1)}
    assert few < {each for each in TICKETS if drawn(each, 0.2)}
