"""Limits of an HTTP upstream."""

from __future__ import annotations

from proxy.upstreams.frames import MAX_FRAME_BYTES
from proxy.upstreams.http_limits import HttpLimits, HttpTimeouts


def test_defaults_are_finite_and_ordered() -> None:
    """Connecting is quick, models are slow; a frame is no larger than an answer."""
    timeouts, limits = HttpTimeouts(), HttpLimits()
    assert 0 < timeouts.connect < timeouts.idle < timeouts.first_byte < float("inf")
    assert limits.frame_bytes == MAX_FRAME_BYTES <= limits.answer_bytes
