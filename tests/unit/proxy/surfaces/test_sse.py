"""Frames hold data lines, nothing else."""

from __future__ import annotations

import pytest

from proxy.surfaces.sse import DONE, KEEP_ALIVE, data_frame, data_of, has_only_data, raw_frame


def test_a_frame_is_one_line_and_a_blank_one_whatever_the_text() -> None:
    frame = data_frame({"content": "a\nb\r\n\u2028c"})
    assert frame.endswith(b"\n\n")
    assert frame.count(b"\n") == 2
    assert b"\r" not in frame
    assert raw_frame(b"{}") == b"data: {}\n\n"


def test_the_keep_alive_is_a_comment_and_the_end_mark_is_data() -> None:
    assert data_of(KEEP_ALIVE) is None
    assert data_of(DONE) == b"[DONE]"


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (b"data: x\n\n", b"x"),
        (b"data:x\r\n\r\n", b"x"),
        (b"data: x\rdata: y\r\r", b"x\ny"),
        (b": hi\ndata:  x\n\n", b" x"),
        (b"event: e\n\n", None),
        (b"\n", None),
    ],
)
def test_data_is_found_in_every_line_ending(frame: bytes, data: bytes | None) -> None:
    assert data_of(frame) == data


@pytest.mark.parametrize("line", [b"event: e", b"id: 1", b"retry: 5", b"data", b": c"])
def test_lines_that_are_no_data_are_noticed(line: bytes) -> None:
    assert not has_only_data(line + b"\ndata: {}\n\n")
    assert has_only_data(b"data: {}\n\n")
