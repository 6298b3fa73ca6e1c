"""A circuit breaker: after a fault nobody waits for a broken neighbour, one trial at a time asks again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


class Breaker:
    """Opens at the first fault, lets one trial through when `open_s` have passed, and doubles the
    pause up to `open_max_s` with every trial that fails. Used from one event loop; `clock` gives
    seconds; `changed` is told every new state once.
    """

    def __init__(
        self,
        open_s: float = 1.0,
        open_max_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[BreakerState], None] = lambda _: None,
    ) -> None:
        self.state: BreakerState = "closed"
        self._first_pause = open_s
        self._longest_pause = open_max_s
        self._pause = open_s
        self._retry_at = 0.0
        self._clock = clock
        self._changed = changed

    def admit(self) -> bool:
        """Whether to try now. Whoever is admitted reports `succeeded`, `failed` or `abandoned`."""
        if self.state == "closed":
            return True
        if self.state == "open" and self._clock() >= self._retry_at:
            self._become("half_open")
            return True
        return False

    def succeeded(self) -> None:
        """An admitted try worked. One that was under way when the breaker opened changes nothing."""
        if self.state == "half_open":
            self._pause = self._first_pause
            self._become("closed")

    def failed(self) -> None:
        """An admitted try met a fault."""
        if self.state == "half_open":
            self._pause = min(self._pause * 2, self._longest_pause)
        if self.state != "open":
            self._retry_at = self._clock() + self._pause
            self._become("open")

    def abandoned(self) -> None:
        """An admitted try was cancelled from outside and says nothing: the next one may try at once."""
        if self.state == "half_open":
            self._become("open")

    def _become(self, state: BreakerState) -> None:
        self.state = state
        self._changed(state)
