"""What has left of a stream decides how it may end."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.surfaces.messages import schema
from proxy.surfaces.messages.transcript import Transcript
from tests.unit.proxy.surfaces.messages import wire

BLOCKS = (wire.THOUGHT, wire.text("It is."), wire.WEATHER)


def told(count: int) -> Transcript:
    """A stream of which so many events have left."""
    transcript = Transcript()
    for event in wire.events(*BLOCKS)[:count]:
        transcript.note(event)
    return transcript


def kinds(events: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(event["type"].removeprefix("content_block_"), event["index"]) for event in events]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (2, [("start", 0), ("delta", 0), ("stop", 0)]),
        (4, [("stop", 0), ("start", 1), ("delta", 1), ("stop", 1)]),
        (8, [("delta", 1), ("stop", 1)]),
        (10, [("start", 2), ("delta", 2), ("stop", 2)]),
        (12, [("start", 3), ("delta", 3), ("stop", 3)]),
    ],
    ids=["nothing said", "thinking", "text", "between blocks", "call"],
)
def test_the_notice_stands_where_the_client_can_show_it(left: int, expected: list[tuple[str, int]]) -> None:
    assert kinds(told(left).break_off("No.")) == expected


def test_a_notice_is_set_apart_from_text_that_has_left() -> None:
    assert told(8).break_off("No.")[0] == schema.block_delta(1, schema.text_delta("\n\nNo."))
    assert told(7).break_off("No.")[0] == schema.block_delta(1, schema.text_delta("No."))


def test_what_the_client_parses_is_closed_without_a_notice() -> None:
    assert kinds(told(8).break_off("")) == [("stop", 1)]


def test_it_knows_how_far_the_stream_has_come() -> None:
    fresh, begun, whole = Transcript(), told(1), told(99)
    assert (fresh.started, begun.started, begun.spoke, whole.spoke) == (False, True, False, True)
    assert (begun.ended, whole.ended) == (False, True)
    assert begun.message["id"] == wire.UPSTREAM_ID
