"""Ending: complete, or cut off."""

from __future__ import annotations

import pytest

from proxy.exchange.exchange import Delta
from proxy.exchange.ports import UpstreamError
from proxy.upstreams.ending import Ending, last_delta
from proxy.upstreams.testing import an_exchange


def after(*deltas: Delta, choices: int = 1) -> Ending:
    ending = Ending(choices)
    for delta in deltas:
        ending.after(delta)
    return ending


def test_nothing_follows_an_end_mark_or_an_error() -> None:
    """Both are last words; a chunk is not."""
    ending = Ending(1)
    assert not ending.after(Delta(b"", "chunk", finishes=((0, "stop"),)))
    assert not ending.after(Delta(b"", "usage"))
    assert ending.after(Delta(b"", "done"))
    assert ending.after(Delta(b"", "error"))


def test_every_choice_must_have_finished() -> None:
    """Two choices asked for, one finish reason: not at the end."""
    first, second = (Delta(b"", finishes=((index, "stop"),)) for index in (0, 1))
    assert not after(first, choices=2).finished
    assert after(first, second, choices=2).finished


def test_a_finished_stream_gets_an_end_mark_without_bytes() -> None:
    """No bytes are made up, but the answer counts as complete."""
    ended = last_delta(b"", after(Delta(b"", finishes=((0, "stop"),))), an_exchange())
    assert (ended.kind, ended.raw) == ("done", b"")


@pytest.mark.parametrize("rest", [b"data: [DONE]", b"data: [DONE]\n", b"data: [DONE]\r\n"])
def test_an_end_mark_without_its_blank_line_counts(rest: bytes) -> None:
    """And the client gets it whole."""
    ended = last_delta(rest, after(), an_exchange())
    assert (ended.kind, ended.raw) == ("done", b"data: [DONE]\n\n")


def test_half_an_event_is_dropped() -> None:
    """It does not make a finished answer unfinished, nor an unfinished one finished."""
    half = b'data: {"choices": [{"index": 0, "del'
    assert last_delta(half, after(Delta(b"", finishes=((0, "stop"),))), an_exchange()).raw == b""
    with pytest.raises(UpstreamError) as caught:
        last_delta(half, after(), an_exchange())
    assert caught.value.code == "upstream_cut_off"
