"""Frames: whole events out of bytes that arrive in any pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.upstreams.frames import FrameSplitter, FrameTooLarge

TEXT = 'data: {"text": "Grüße 世界 👋"}'


def fed(pieces: list[bytes]) -> tuple[list[bytes], bytes]:
    """Frames and rest after feeding the pieces."""
    splitter = FrameSplitter()
    frames = [frame for piece in pieces for frame in splitter.feed(piece)]
    return frames, splitter.rest


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_byte_boundary_gives_the_same_frames(end: str) -> None:
    """A stream cut in two at any byte yields what it yields in one piece."""
    stream = f"{TEXT}{end}{end}: note{end}{end}data: [DONE]{end}{end}".encode()
    whole = fed([stream])
    assert [len(whole[0]), whole[1]] == [3, b""]
    for at in range(len(stream) + 1):
        assert fed([stream[:at], stream[at:]]) == whole


def test_one_byte_at_a_time_gives_whole_characters() -> None:
    """Each frame decodes by itself."""
    stream = f"{TEXT}\n\n{TEXT}\n\n".encode()
    frames, rest = fed([bytes([byte]) for byte in stream])
    assert [frame.decode() for frame in frames] == [f"{TEXT}\n\n"] * 2
    assert rest == b""


def test_a_lone_crlf_is_one_line_end() -> None:
    """Lines of one event that end in CRLF do not end the event."""
    frames, rest = fed([b"event: x\r\ndata: y\r\n", b"\r\n"])
    assert (frames, rest) == ([b"event: x\r\ndata: y\r\n\r\n"], b"")


def test_carriage_returns_alone_end_lines() -> None:
    """The format allows CR; the last event waits until a LF can no longer follow."""
    frames, rest = fed([b"data: x\r\rdata: y\r\r"])
    assert (frames, rest) == ([b"data: x\r\r"], b"data: y\r\r")


def test_mixed_line_ends_end_an_event() -> None:
    """LF after CRLF is an empty line, too."""
    assert fed([b"data: x\r\n\ndata: y"]) == ([b"data: x\r\n\n"], b"data: y")


def test_an_unfinished_event_stays_in_the_rest() -> None:
    """What has no blank line yet is not given out."""
    assert fed([b"data: x\n"]) == ([], b"data: x\n")


def test_an_endless_event_is_given_up() -> None:
    """Over the limit without an end."""
    splitter = FrameSplitter(limit=10)
    splitter.feed(b"data: 789")
    with pytest.raises(FrameTooLarge):
        splitter.feed(b"0123")


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"\xe4\xb8", b"data: "]), max_size=40))
def test_no_byte_is_lost_or_made_up(pieces: list[bytes]) -> None:
    """Frames and rest, joined, are what was fed; every frame ends in a line end."""
    frames, rest = fed(pieces)
    assert b"".join([*frames, rest]) == b"".join(pieces)
    assert all(frame.endswith((b"\n", b"\r")) for frame in frames)


@given(
    st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\xe4\xb8"]), max_size=30),
    st.integers(min_value=0, max_value=60),
)
def test_frames_do_not_depend_on_the_cut(pieces: list[bytes], at: int) -> None:
    """Two pieces or one, with LF and CRLF in any mixture."""
    stream = b"".join(pieces)
    assert fed([stream[:at], stream[at:]]) == fed([stream])
