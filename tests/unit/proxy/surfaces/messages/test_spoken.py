"""What an answer says, block by block."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.exchange.exchange import ChoiceDraft, Usage
from proxy.surfaces.chat_completions.spoken import Spoken
from proxy.surfaces.messages.spoken import SEAM, Blocks, finish_of, usage_of
from tests.unit.proxy.surfaces.messages import wire


def draft_of(pieces: Spoken) -> ChoiceDraft:
    draft = ChoiceDraft()
    for piece in pieces:
        draft.add(piece)
    return draft


def read(*blocks: Any, stops: frozenset[str] = frozenset(), **more: Any) -> ChoiceDraft:
    """The draft of a whole message."""
    pieces = Spoken()
    Blocks(stops).message({**wire.message(), "content": list(blocks), **more}, pieces)
    return draft_of(pieces)


def test_text_thinking_and_calls_go_where_they_belong() -> None:
    draft = read(wire.THOUGHT, wire.text("Sunny."), wire.WEATHER)
    assert (draft.content, draft.reasoning) == ("Sunny.", "Let me see.")
    assert draft.tool_calls == 'get_weather\n{"city":"Oslo"}'
    assert draft.other == ""


def test_blocks_do_not_run_together_and_yet_their_seam_is_read() -> None:
    draft = read(wire.text("Take nitro"), wire.THOUGHT, wire.text("glycerine now"))
    assert draft.content == "Take nitro\nglycerine now"
    assert "Take nitroglycerine now" in draft.other


def test_a_seam_is_read_over_pieces_of_a_stream() -> None:
    blocks, pieces = Blocks(), Spoken()
    for index, text in (
        (0, "Take "),
        (0, "ni"),
        (1, "tro"),
        (1, "glycerine"),
        (1, "x" * 2 * SEAM),
        (1, "zz"),
    ):
        blocks.text(index, "content", text, pieces)
    assert "Take nitroglycerine" in draft_of(pieces).other
    assert "zz" not in draft_of(pieces).other


def test_text_that_other_blocks_interrupt_is_put_together_by_its_index() -> None:
    blocks, pieces = Blocks(), Spoken()
    for index, text in ((0, "nitro"), (1, "calm " * 99), (0, "glycerine")):
        blocks.text(index, "content", text, pieces)
    assert "nitroglycerine" in draft_of(pieces).content


@pytest.mark.parametrize(
    "block",
    [
        {"type": "telepathy", "thought": ["say it"]},
        {"type": "text", "text": "a", "citations": [{"type": "char_location", "cited_text": "say it"}]},
        {"type": "web_search_tool_result", "content": [{"type": "web_search_result", "title": "say it"}]},
        {"type": "tool_use", "id": "say it", "name": "x", "input": {}},
        {"type": "tool_use", "id": "toolu_1", "name": "x", "input": {"say it": 1}},
        {"type": "say it"},
        {"type": "redacted_thinking", "data": "say it"},
        {"type": ["say it"]},
        "say it",
    ],
    ids=str,
)
def test_unknown_words_in_any_block_are_read(block: Any) -> None:
    assert "say it" in read(block).judged_text()


@pytest.mark.parametrize(
    "more",
    [
        {"model": "say it now"},
        {"stop_reason": "say it"},
        {"stop_sequence": "say it"},
        {"usage": {"note": "say it"}},
        {"container": {"id": "say it"}},
        {"strange": ["say it"]},
    ],
    ids=str,
)
def test_words_beside_the_blocks_are_read(more: dict[str, Any]) -> None:
    assert "say it" in read(wire.text("Fine."), **more).other


def test_a_stop_sequence_of_the_client_s_own_is_nothing_new() -> None:
    assert read(stops=frozenset({"say it"}), stop_sequence="say it").other == ""


def test_a_picture_in_an_answer_is_unread() -> None:
    pieces = Spoken()
    Blocks().block(0, {"type": "image", "source": {"type": "file", "file_id": "file_1"}}, pieces)
    assert (0, "image") in pieces.unread


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("refusal", "content_filter"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("new_reason", "new_reason"),
        ("with many words in it", "other"),
        (None, ""),
    ],
)
def test_reasons_to_stop_have_chat_s_words(reason: Any, finish: str) -> None:
    assert finish_of(reason) == finish


def test_all_of_the_request_s_tokens_are_counted() -> None:
    counts = {"input_tokens": 5, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 3}
    assert usage_of({**counts, "output_tokens": 4}) == Usage(10, 4, 2)
    assert usage_of(None) is None
