"""Named events on the wire."""

from __future__ import annotations

import pytest

from proxy.surfaces.named_events import event_frame, is_framed


@pytest.mark.parametrize("kind", ["response.created", "a\nevent: b", "x\r\n\r\ndata: y"])
def test_an_event_s_name_cannot_open_another_line(kind: str) -> None:
    frame = event_frame({"type": kind})
    assert frame.count(b"\n") == 3
    assert frame.count(b"\r") == 0
    assert frame.startswith(b"event: ")


def test_an_event_is_named_as_its_data_says() -> None:
    assert is_framed(event_frame({"type": "ping"}), "ping", b'{"type":"ping"}')
    assert is_framed(b'event: ping\r\ndata: {"type":"ping"}\r\n\r\n', "ping", b'{"type":"ping"}')


@pytest.mark.parametrize(
    "frame",
    [
        b'data: {"type":"ping"}\n\n',
        b'event: pong\ndata: {"type":"ping"}\n\n',
        b'event: ping\nid: secret\ndata: {"type":"ping"}\n\n',
    ],
)
def test_a_frame_that_says_more_or_less_is_not_relayed_as_it_is(frame: bytes) -> None:
    assert not is_framed(frame, "ping", b'{"type":"ping"}')
