"""What stands beside the plain text of an answer is read lane by lane; labels and numbers are let be."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.exchange.exchange import Draft, Usage
from proxy.surfaces.chat_completions import spoken
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.surfaces.chat_completions.spoken import Spoken
from tests.unit.proxy.surfaces.chat_completions.scenarios import USAGE, frame, said

MARK = "GHMARK7"


def read(name: str, value: Any) -> list[tuple[str, str]]:
    pieces = Spoken()
    spoken.read_unknown(0, name, value, pieces)
    return [(piece.lane, piece.text) for piece in pieces]


def test_strings_of_an_unknown_field_are_lanes_by_their_place() -> None:
    found = read("thoughts", [{"index": 4, "text": "a"}, {"text": "b", "odd one": 1}])
    assert found == [(".thoughts[4].text", "a"), (".thoughts[1].text", "b"), ("names", "odd one\n")]


def test_an_unknown_field_that_is_streamed_is_put_together_as_a_client_would() -> None:
    draft = Draft()
    for piece in ("GHM", "AR", "K7"):
        draft.add(ChatCodec().frame(frame(said(0, thoughts=[{"index": 0, "text": piece, "more": "x"}]))))
    assert MARK in draft.choices[0].judged_text()


def test_calls_that_are_streamed_side_by_side_are_read_one_by_one() -> None:
    draft = Draft()
    for place, text in ((0, "GHM"), (1, "{}"), (0, "ARK7"), (1, "[]")):
        call = {"index": place, "function": {"arguments": text}}
        draft.add(ChatCodec().frame(frame(said(0, tool_calls=[call]))))
    assert draft.choices[0].tool_calls == f"{MARK}\n{{}}[]"


@pytest.mark.parametrize("value", [None, "fp_1", "m-2026", "a" * 48])
def test_one_short_word_is_a_label(value: str | None) -> None:
    assert spoken.is_word(value)


@pytest.mark.parametrize("value", ["two words", "a\nb", "a\u00a0b", "a" * 49, 1, ["a"]])
def test_anything_else_is_none(value: Any) -> None:
    assert not spoken.is_word(value)


@pytest.mark.parametrize(
    "more",
    [
        {"id": f"a {MARK}"},
        {"model": f"a {MARK}"},
        {"object": f"a {MARK}"},
        {"created": f"a {MARK}"},
        {"usage": {**USAGE, "note": f"a {MARK}"}},
        {"usage": {**USAGE, f"a {MARK}": 1}},
        {f"a {MARK}": None},
    ],
)
def test_labels_that_are_more_than_a_word_are_read(more: dict[str, Any]) -> None:
    draft = Draft()
    draft.add(ChatCodec().frame(frame(said(0, content="x"), **more)))
    assert MARK in draft.choices[0].judged_text()
    assert not spoken.kept(more)


def test_labels_and_counts_stay_where_a_choice_is_replaced() -> None:
    data = {"id": "c", "created": 1, "model": "m", "usage": USAGE, "choices": [], "note": "x"}
    assert spoken.kept(data) == {"id": "c", "created": 1, "model": "m", "usage": USAGE}


@pytest.mark.parametrize(
    ("logprobs", "seen"),
    [
        ({"content": [{"token": "x", "logprob": -1.0, "bytes": [1]}]}, False),
        ({"content": [{"token": "x", "note": MARK}]}, True),
        ({"content": [{"token": "x", "bytes": [MARK]}]}, True),
        ({"content": [{"token": "x", "top_logprobs": [{"token": f"a {MARK}"}]}]}, True),
        ({"content": [{"token": "x", "top_logprobs": [{"token": " x", "other": MARK}]}]}, True),
        ({"aside": MARK}, True),
        ([MARK], True),
    ],
)
def test_what_log_probabilities_hold_beside_tokens_is_read(logprobs: Any, seen: bool) -> None:
    pieces = Spoken()
    spoken.read_logprobs(0, logprobs, "x", pieces)
    assert (MARK in "\n".join(piece.text for piece in pieces)) is seen
    assert seen or not pieces


def test_an_error_in_a_stream_is_read_without_the_names_of_its_fields() -> None:
    pieces = Spoken()
    spoken.read_error({"error": {"message": MARK, "param": None, "code": "server_error"}}, pieces)
    assert [piece.text for piece in pieces] == [MARK, "server_error"]


def test_usage_counts_what_is_a_number() -> None:
    assert spoken.read_usage({"prompt_tokens": 2, "completion_tokens": "x"}) == Usage(2, 0, 0)
    assert spoken.read_usage(None) is None
