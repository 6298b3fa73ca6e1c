"""Every text of a completion is read, wherever it stands; what is no completion is invalid."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Delta
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.completions.codec import CompletionsCodec, TranslatedCodec
from tests.unit.proxy.surfaces.chat_completions.scenarios import answer_body, stream_of

CODEC = CompletionsCodec()
MARKER = "zebramarker"


def whole(choice: Any, **more: Any) -> bytes:
    return orjson.dumps({"id": "cmpl-1", "object": "text_completion", "choices": [choice], **more})


def texts(delta: Delta) -> str:
    return "\n".join(piece.text for piece in delta.pieces)


@pytest.mark.parametrize(
    "raw",
    [
        whole({"index": 0, "text": MARKER}),
        whole({"index": 0, "text": [MARKER]}),
        whole({"index": 0, "text": "", "note": MARKER}),
        whole({"index": 0, "text": "", "note": {MARKER: 1}}),
        whole({"index": 0, "text": "", "logprobs": {"tokens": [MARKER[:4], MARKER[4:]]}}),
        whole({"index": 0, "text": "", "logprobs": {"top_logprobs": [{MARKER * 5: -1.0}]}}),
        whole({"index": 0, "text": "", "logprobs": {"odd": MARKER}}),
        whole({"index": 0, "text": "", "logprobs": MARKER}),
        whole({"index": 0, "text": ""}, note=MARKER),
    ],
)
def test_no_text_of_an_answer_is_passed_over(raw: bytes) -> None:
    assert MARKER in texts(CODEC.body(raw))
    assert MARKER in texts(CODEC.frame(b"data: " + raw + b"\n\n"))


def test_log_probabilities_that_repeat_the_text_are_not_read_twice() -> None:
    logprobs = {
        "tokens": ["he", "llo"],
        "token_logprobs": [-1, -2],
        "text_offset": [0, 2],
        "top_logprobs": None,
    }
    delta = CODEC.body(whole({"index": 0, "text": "hello", "logprobs": logprobs, "finish_reason": "stop"}))
    assert [piece.text for piece in delta.pieces] == ["hello"]
    assert delta.finishes == ((0, "stop"),)


def test_frames_have_their_kind() -> None:
    chunk = whole({"index": 0, "text": "a"})
    usage = orjson.dumps({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    kinds = [
        CODEC.frame(b"data: " + raw + b"\n\n").kind for raw in (chunk, usage, b"[DONE]", b'{"error":{}}')
    ]
    assert kinds == ["chunk", "usage", "done", "error"]
    assert CODEC.frame(b": wait\n\n").kind == "comment"


@pytest.mark.parametrize("raw", [b"{}", b"[]", b"x", whole(4), whole({"index": "0"}), b'{"choices":{}}'])
def test_what_is_no_completion_is_invalid(raw: bytes) -> None:
    with pytest.raises(UpstreamError, match="upstream_invalid"):
        CODEC.body(raw)


def test_a_chat_stream_becomes_a_stream_of_completions() -> None:
    codec, said = TranslatedCodec(), []
    for raw in stream_of("Hi there friend", usage=True):
        delta = codec.frame(raw)
        if delta.kind in ("chunk", "usage"):
            data = orjson.loads(delta.raw[6:])
            assert data["object"] == "text_completion"
            said += [choice["text"] for choice in data["choices"]]
            assert all(
                choice.keys() == {"index", "text", "logprobs", "finish_reason"} for choice in data["choices"]
            )
    assert "".join(said) == "Hi there friend"


def test_a_chat_answer_in_parts_is_the_text_of_a_completion() -> None:
    parts = [{"type": "text", "text": "Hi "}, {"type": "text", "text": "there"}]
    delta = TranslatedCodec().body(answer_body("", content=parts))
    assert (delta.data["choices"][0]["text"], texts(delta)) == ("Hi there", "Hi there")
