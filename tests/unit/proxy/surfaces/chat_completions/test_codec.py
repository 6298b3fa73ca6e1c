"""The codec reads every text of an answer and leaves the bytes alone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.exchange.exchange import Delta, Draft, Piece, Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.chat_completions.codec import WITHHELD, ChatCodec
from proxy.testing import plain_exchange
from tests.kits.surface_kit import make_bundle
from tests.unit.proxy.surfaces.chat_completions.scenarios import (
    DONE,
    USAGE,
    WEATHER,
    answer_body,
    frame,
    said,
    stream_of,
    tool_stream,
)

MARK = "GHMARK7"
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg"
CODEC = ChatCodec()


def body_of(message: dict[str, Any], **more: Any) -> Delta:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return CODEC.body(orjson.dumps({"id": "c", "choices": [choice], **more}))


def judged(delta: Delta) -> str:
    draft = Draft()
    draft.add(delta)
    return "\n".join(choice.judged_text() for choice in draft.choices.values())


REQUEST = {"model": "m", "messages": [{"role": "system", "content": "own"}], "seed": 1, "foo": {"a": None}}


def exchange_of(body: dict[str, Any]) -> Any:
    return plain_exchange(make_bundle(), body=body, original=b"as it came")


def test_without_a_constitution_the_request_goes_up_as_it_came() -> None:
    assert CODEC.payload(exchange_of(REQUEST), "") == b"as it came"


@pytest.mark.parametrize("role", ["system", "developer"])
def test_the_constitution_is_the_first_message_and_all_else_is_kept(role: Any) -> None:
    sent = orjson.loads(ChatCodec(role).payload(exchange_of(REQUEST), "Be good."))
    first = {"role": role, "content": "Be good."}
    assert sent == {**REQUEST, "messages": [first, *REQUEST["messages"]]}  # type: ignore[misc]
    assert list(sent) == list(REQUEST)


def test_the_request_itself_is_not_changed() -> None:
    before = orjson.dumps(REQUEST)
    CODEC.payload(exchange_of(REQUEST), "Be good.")
    assert orjson.dumps(REQUEST) == before


def test_a_body_is_read_by_choice() -> None:
    raw = answer_body("one", "two")
    delta = CODEC.body(raw)
    assert delta.raw is raw
    assert delta.kind == "body"
    assert delta.pieces == (Piece(0, "content", "one"), Piece(1, "content", "two"))
    assert delta.finishes == ((0, "stop"), (1, "stop"))
    assert delta.usage == Usage(9, 4, 0)


@pytest.mark.parametrize(
    "message",
    [
        {"content": MARK},
        {"content": [{"type": "text", "text": MARK}]},
        {"content": [{"type": "new", "text": MARK}]},
        {"refusal": MARK},
        {"reasoning": MARK},
        {"reasoning_content": MARK},
        {"reasoning": {"summary": MARK}},
        {"thinking_blocks": [{"thinking": MARK}]},
        {"role": MARK},
        {"tool_calls": [{"id": "call_1", "function": {"name": MARK, "arguments": "{}"}}]},
        {"tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": MARK}}]},
        {"tool_calls": [{"id": MARK, "function": {"name": "f", "arguments": "{}"}}]},
        {"tool_calls": [{"id": "call_1", "custom": {"name": "f", "input": MARK}}]},
        {"tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": {"a": MARK}}}]},
        {"tool_calls": [MARK]},
        {"tool_calls": MARK},
        {"function_call": {"name": "f", "arguments": MARK}},
        {"audio": {"id": "audio_1", "data": "", "transcript": MARK}},
        {"annotations": [{"type": "url_citation", "url_citation": {"title": MARK}}]},
        {"foo": MARK},
        {"foo": {MARK: 1}},
    ],
)
def test_a_text_anywhere_in_a_message_is_judged(message: dict[str, Any]) -> None:
    assert MARK in judged(body_of(message))


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ({"audio": {"id": "audio_1", "data": "UklGRg", "transcript": "hi"}}, ["audio"]),
        ({"audio": {"id": "audio_1", "data": "", "transcript": "hi"}}, []),
        ({"content": [{"type": "image_url", "image_url": {"url": "https://a.test/b.png"}}]}, ["image"]),
        ({"images": [{"type": "image_url", "image_url": {"url": PIXEL}}]}, ["image", "image"]),
        ({"images": [{"b64_json": "iVBORw0KGgoAAAANSUhEUg"}]}, ["encoded"]),
        ({"thinking_blocks": [{"thinking": "a", "signature": "EqQBCkgIARABGAIiQL2UoU0b1OHYi"}]}, []),
        ({"reasoning_details": [{"type": "text", "encrypted_content": "gAAAAABl2UoU0b1OHYi0"}]}, []),
    ],
)
def test_parts_of_an_answer_that_hold_no_text_are_told(message: dict[str, Any], kinds: list[str]) -> None:
    """All but a provider's seal over its own reasoning, which says nothing to anybody else."""
    assert [kind for _, kind in body_of(message).unread] == kinds


def test_nothing_of_a_withheld_message_goes_upstream() -> None:
    """Not its name, nor an identifier that a person could have written."""
    messages = [
        {"role": "user", "content": MARK, "name": MARK},
        {"role": "assistant", "content": "No."},
        {"role": "tool", "content": MARK, "tool_call_id": "call_1"},
        {"role": "tool", "content": MARK, "tool_call_id": f"say {MARK}"},
        {"role": MARK, "content": "x"},
        {"role": "user", "content": "hello", "extra": 1},
    ]
    body = {"model": "m", "messages": messages}
    exchange = plain_exchange(make_bundle(), body=body, original=orjson.dumps(body))
    exchange.withheld = frozenset((0, 2, 3, 4))
    for constitution in ("", "Be kind."):
        sent = CODEC.payload(exchange, constitution)
        assert MARK.encode() not in sent
        kept = orjson.loads(sent)["messages"]
        assert [message["role"] for message in kept[-6:]] == [
            *("user", "assistant", "tool", "tool", "user", "user"),
        ]
        assert kept[-4] == {"role": "tool", "content": WITHHELD, "tool_call_id": "call_1"}
        assert kept[-1] == messages[-1]
        assert len(kept) == 6 + bool(constitution)


def test_a_text_beside_the_message_is_judged() -> None:
    assert MARK in judged(body_of({"content": "x"}, foo=MARK))
    assert MARK in judged(body_of({"content": "x"}, provider=f"a {MARK}"))
    raw = {"index": 0, "message": {"content": "x"}, "note": MARK}
    assert MARK in judged(CODEC.body(orjson.dumps({"choices": [raw]})))


def logprobs_of(*tokens: str, alternative: str = "") -> dict[str, Any]:
    others = [{"token": alternative, "logprob": -1.0, "bytes": None}] if alternative else []
    entries = [{"token": token, "logprob": 0.0, "bytes": None, "top_logprobs": others} for token in tokens]
    return {"content": entries, "refusal": None}


@pytest.mark.parametrize(
    ("logprobs", "seen"),
    [
        (logprobs_of("he", "llo"), False),
        (logprobs_of(MARK), True),
        (logprobs_of("hello", alternative="x" * 50 + MARK), True),
        (logprobs_of("hello", alternative="hallo"), False),
        (None, False),
    ],
)
def test_log_probabilities_are_judged_where_they_say_more_than_the_answer(logprobs: Any, seen: bool) -> None:
    choice = {"index": 0, "message": {"content": "hello"}, "logprobs": logprobs}
    text = judged(CODEC.body(orjson.dumps({"choices": [choice]})))
    assert (MARK in text) is seen
    assert seen or text == "hello"


def test_words_that_servers_put_beside_answers_are_no_text() -> None:
    delta = body_of({"content": "x"}, system_fingerprint="b4321-abc", service_tier="default", provider="Acme")
    assert judged(delta) == "x"


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>", b"[]", b"{}", b'{"choices":{}}', b'{"choices":[1]}', b'{"choices":[{"message":1}]}'],
)
def test_what_is_no_completion_is_invalid(raw: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        CODEC.body(raw)
    assert caught.value.code == "upstream_invalid"


def test_a_plain_chunk_keeps_its_bytes_and_gives_its_text() -> None:
    raw = frame(said(1, content=" word"), system_fingerprint="fp_1")
    delta = CODEC.frame(raw)
    assert delta.raw is raw
    assert (delta.kind, delta.pieces) == ("chunk", (Piece(1, "content", " word"),))
    assert delta.data["model"] == "m-2026"


def read_stream(frames: list[bytes]) -> Draft:
    draft = Draft()
    for raw in frames:
        draft.add(CODEC.frame(raw))
    return draft


def test_a_stream_adds_up_to_the_answer() -> None:
    draft = read_stream(stream_of("one two", "three", usage=True))
    assert [draft.choices[index].content for index in (0, 1)] == ["one two", "three"]
    assert [draft.choices[index].finish for index in (0, 1)] == ["stop", "stop"]
    assert draft.usage == Usage(9, 4, 0)
    assert draft.complete


def test_a_streamed_tool_call_is_judged_like_a_whole_one() -> None:
    whole = Draft()
    whole.add(body_of({"content": None, "tool_calls": [WEATHER]}))
    assert read_stream(tool_stream()).choices[0].tool_calls == whole.choices[0].tool_calls
    assert whole.choices[0].tool_calls == '\nget_weather {"city":"Oslo"}'


@pytest.mark.parametrize(
    "delta",
    [
        {"content": MARK},
        {"refusal": MARK},
        {"reasoning_content": MARK},
        {"reasoning": MARK, "content": "x"},
        {"tool_calls": [{"index": 0, "function": {"arguments": MARK}}]},
        {"function_call": {"arguments": MARK}},
        {"foo": MARK},
    ],
)
def test_a_text_anywhere_in_a_delta_is_judged(delta: dict[str, Any]) -> None:
    assert MARK in judged(CODEC.frame(frame(said(0, **delta))))


def test_a_text_beside_the_choices_of_a_chunk_is_judged() -> None:
    assert MARK in judged(CODEC.frame(frame(said(0, content="x"), foo=MARK)))
    assert MARK in judged(CODEC.frame(frame(said(0, content="x"), system_fingerprint=f"a {MARK}")))
    assert MARK in judged(CODEC.frame(frame({**said(0, content="x"), "note": MARK})))


def test_kinds_of_frames_are_told_apart() -> None:
    assert CODEC.frame(frame(usage=USAGE)).kind == "usage"
    assert CODEC.frame(frame(usage=None)).kind == "chunk"
    assert CODEC.frame(DONE).kind == "done"
    assert CODEC.frame(b": keep-alive\n\n").kind == "comment"
    assert CODEC.frame(b"\n").kind == "comment"
    assert CODEC.frame(b'data: {"error":{"message":"x"}}\n\n').kind == "error"


def test_usage_counts_cached_tokens_in_both_spellings() -> None:
    detailed = {**USAGE, "prompt_tokens_details": {"cached_tokens": 5}}
    assert CODEC.frame(frame(usage=detailed)).usage == Usage(9, 4, 5)
    assert CODEC.frame(frame(usage={**USAGE, "prompt_cache_hit_tokens": 6})).usage == Usage(9, 4, 6)
    assert CODEC.frame(frame(usage={"prompt_tokens": "many"})).usage == Usage()


@pytest.mark.parametrize("ending", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("start", [b"data: ", b"data:"])
def test_every_line_ending_is_read(start: bytes, ending: bytes) -> None:
    payload = frame(said(0, content="hi"))[6:-2]
    raw = start + payload + ending
    delta = CODEC.frame(raw)
    assert delta.pieces == (Piece(0, "content", "hi"),)
    assert delta.raw == raw


def test_comments_beside_data_are_kept() -> None:
    raw = b": note\n" + frame(said(0, content="hi"))
    assert CODEC.frame(raw).raw == raw
    assert judged(CODEC.frame(raw)) == "hi"


@pytest.mark.parametrize("line", [b"event: message\n", b"id: 7\n", b"retry: 10\n"])
def test_lines_that_break_chat_clients_are_taken_out(line: bytes) -> None:
    plain = frame(said(0, content="hi"))
    delta = CODEC.frame(line + plain)
    assert delta.raw == plain
    assert judged(delta) == "hi"
    assert CODEC.frame(line + b"\n").raw == b":\n\n"


def test_data_on_several_lines_is_one_payload() -> None:
    delta = CODEC.frame(b'data: {"choices":[{"index":0,\ndata: "delta":{"content":"hi"}}]}\n\n')
    assert judged(delta) == "hi"


@pytest.mark.parametrize(
    "payload", [b"", b"nope", b"[]", b"{}", b'{"choices":1}', b'{"choices":[{"index":"a"}]}']
)
def test_data_that_is_no_chunk_is_invalid(payload: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        CODEC.frame(b"data: " + payload + b"\n\n")
    assert caught.value.code == "upstream_invalid"
