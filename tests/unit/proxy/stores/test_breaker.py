"""The breaker: one fault opens it, one trial at a time asks again."""

from __future__ import annotations

import pytest

from proxy.stores.breaker import Breaker, BreakerState


class Rig:
    """A breaker with a clock that a test moves and a list of its states."""

    def __init__(self) -> None:
        self.now = 0.0
        self.states: list[BreakerState] = []
        self.breaker = Breaker(1.0, 4.0, lambda: self.now, self.states.append)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_closed_breaker_admits_everybody(rig: Rig) -> None:
    """Success changes nothing and says nothing."""
    for _ in range(3):
        assert rig.breaker.admit()
        rig.breaker.succeeded()
    assert rig.states == []


def test_the_first_fault_opens_it(rig: Rig) -> None:
    """Nobody else waits for a broken neighbour."""
    assert rig.breaker.admit()
    rig.breaker.failed()
    rig.now = 0.999
    assert not rig.breaker.admit()
    assert rig.states == ["open"]


def test_one_trial_at_a_time(rig: Rig) -> None:
    """After the pause exactly one is let through; its success closes."""
    rig.breaker.failed()
    rig.now = 1.0
    assert [rig.breaker.admit() for _ in range(5)] == [True, False, False, False, False]
    rig.breaker.succeeded()
    assert all(rig.breaker.admit() for _ in range(5))
    assert rig.states == ["open", "half_open", "closed"]


def test_pauses_double_up_to_the_longest(rig: Rig) -> None:
    """A neighbour that stays away is asked ever less often, and often again once it was back."""
    rig.breaker.failed()
    pauses = []
    for _ in range(5):
        start = rig.now
        while not rig.breaker.admit():
            rig.now += 0.25
        pauses.append(rig.now - start)
        rig.breaker.failed()
    assert pauses == [1.0, 2.0, 4.0, 4.0, 4.0]
    rig.now += 4
    assert rig.breaker.admit()
    rig.breaker.succeeded()
    rig.breaker.failed()
    rig.now += 1
    assert rig.breaker.admit()


def test_faults_of_those_already_under_way_count_once(rig: Rig) -> None:
    """Sixty requests that meet the same fault make one change of state and one pause."""
    for _ in range(60):
        rig.breaker.failed()
        rig.now += 0.001
    assert rig.states == ["open"]
    rig.now = 1.0
    assert rig.breaker.admit()


def test_a_late_success_does_not_close_it(rig: Rig) -> None:
    """An answer that was under way when it opened is no trial."""
    assert rig.breaker.admit()
    rig.breaker.failed()
    rig.breaker.succeeded()
    assert rig.breaker.state == "open"


def test_an_abandoned_trial_lets_the_next_one_try(rig: Rig) -> None:
    """A client that leaves during a trial must not keep the breaker open for ever."""
    rig.breaker.failed()
    rig.now = 1.0
    assert rig.breaker.admit()
    rig.breaker.abandoned()
    assert rig.breaker.admit()
