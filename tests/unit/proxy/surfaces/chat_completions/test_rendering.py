"""Answers leave as they came, or without anything of what was replaced."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from policies.verdict import ALLOWED
from proxy.exchange.exchange import Delta, Draft
from proxy.exchange.ports import Ruling
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.surfaces.chat_completions.rendering import Rendering, render_body, render_stream
from proxy.surfaces.chat_completions.schema import Identity, Shape
from proxy.testing import plain_exchange
from tests.kits.surface_kit import make_bundle
from tests.unit.proxy.surfaces.chat_completions.scenarios import (
    DONE,
    SCORED,
    USAGE,
    WEATHER,
    answer_body,
    canned,
    frame,
    revised,
    said,
    stream_of,
    tool_stream,
)

CODEC = ChatCodec()
SECRET = "SECRET"


def rendering(
    *replacements: Any, shape: Shape = Shape.MESSAGE, ruling: Ruling | None = None, **body: Any
) -> Rendering:
    exchange = plain_exchange(make_bundle(), body=body, wants_verdict="moderation" in body)
    ruling = ruling or Ruling(ALLOWED, replacements=tuple(replacements))
    return Rendering(exchange, ruling, shape, Identity("chatcmpl-own", 1, "m"))


def read(frames: list[bytes]) -> tuple[list[Delta], Draft]:
    deltas = [CODEC.frame(raw) for raw in frames]
    draft = Draft()
    for delta in deltas:
        draft.add(delta)
    return deltas, draft


def stream(made: Rendering, frames: list[bytes]) -> list[Any]:
    return [
        raw if raw == b"[DONE]" else orjson.loads(raw)
        for raw in (part[6:] for part in render_stream(made, *read(frames)).split(b"\n\n")[:-1])
    ]


def test_an_answer_nobody_replaced_is_the_same_bytes() -> None:
    raw = answer_body("hello").replace(b":", b" : ")
    assert render_body(rendering(), [CODEC.body(raw)]) is raw
    frames = [*stream_of("hello", usage=True)]
    frames[1:1] = [b":\n\n"]
    assert render_stream(rendering(), *read(frames)) == b"".join(frames)


def leaky_message() -> dict[str, Any]:
    return {
        "tool_calls": [WEATHER],
        "reasoning_content": SECRET,
        "annotations": [SECRET],
        "audio": {"data": SECRET},
    }


@pytest.mark.parametrize("shape", [Shape.MESSAGE, Shape.REFUSAL])
@pytest.mark.parametrize("replacement", [canned(), revised()])
def test_nothing_of_a_replaced_choice_is_left(replacement: Any, shape: Shape) -> None:
    data = orjson.loads(answer_body(SECRET, **leaky_message()))
    data["choices"][0]["logprobs"] = {"content": [{"token": SECRET}]}
    data |= {"provider_specific_fields": SECRET, "prompt_logprobs": [SECRET]}
    made = render_body(rendering((0, replacement), shape=shape), [CODEC.body(orjson.dumps(data))])
    assert SECRET.encode() not in made
    assert b"tool_calls" not in made
    assert orjson.loads(made)["usage"] == data["usage"]


def test_the_other_choices_keep_everything() -> None:
    data = orjson.loads(answer_body("good", "bad"))
    data["choices"][0]["logprobs"] = {"content": [], "refusal": None}
    made = orjson.loads(render_body(rendering((1, canned())), [CODEC.body(orjson.dumps(data))]))
    assert made["choices"][0] == data["choices"][0]
    assert made["choices"][1]["finish_reason"] == "content_filter"


def test_a_replaced_choice_that_the_upstream_never_sent_is_there_all_the_same() -> None:
    made = orjson.loads(render_body(rendering((1, canned())), [CODEC.body(answer_body("good"))]))
    assert [choice["index"] for choice in made["choices"]] == [0, 1]


def test_a_replaced_stream_holds_nothing_of_what_went() -> None:
    frames = [frame(said(0, content=SECRET), foo=SECRET), *stream_of(f"{SECRET} one", "two words")]
    made = stream(rendering((0, canned())), frames)
    assert SECRET not in str(made)
    kept = [choice for chunk in made[:-1] for choice in chunk["choices"] if choice["index"] == 1]
    assert "".join(choice["delta"].get("content", "") for choice in kept) == "two words"
    assert made[-1] == b"[DONE]"


def test_a_chunk_with_two_choices_keeps_the_one_that_stays() -> None:
    both = frame(said(0, content="good"), said(1, content=SECRET))
    made = stream(rendering((1, canned())), [both, frame(said(0, "stop"), said(1, "stop")), DONE])
    assert SECRET not in str(made)
    assert made[0]["choices"] == [said(0, content="good")]


def test_a_surviving_choice_that_was_never_finished_gets_an_honest_end() -> None:
    made = stream(rendering((1, canned())), [frame(said(0, content="go")), frame(said(1, content="bad"))])
    ends = {choice["index"]: choice["finish_reason"] for chunk in made[:-1] for choice in chunk["choices"]}
    assert ends == {0: "content_filter", 1: "content_filter"}


def test_usage_in_the_finish_chunk_is_not_lost_with_the_choice() -> None:
    frames = [frame(said(0, content="bad")), frame(said(0, "stop"), usage=USAGE), DONE]
    made = stream(rendering((0, canned()), stream_options={"include_usage": True}), frames)
    assert made[-2]["usage"] == USAGE


def test_usage_is_not_sent_to_who_did_not_ask() -> None:
    made = stream(rendering((0, canned())), stream_of("bad", usage=True))
    assert all(not chunk.get("usage") for chunk in made[:-1])


def test_a_whole_body_becomes_a_stream_where_one_was_asked_for() -> None:
    raw = answer_body("", tool_calls=[WEATHER])
    made = rendering(stream_options={"include_usage": True})
    chunks = render_stream(made, [CODEC.body(raw)], Draft())
    _, draft = read([part + b"\n\n" for part in chunks.split(b"\n\n")[:-1]])
    _, streamed = read(tool_stream())
    assert draft.choices[0].tool_calls == streamed.choices[0].tool_calls
    assert draft.choices[0].finish == "tool_calls"
    assert draft.usage is not None
    assert draft.complete


def test_the_upstream_s_own_moderation_stands_while_its_answer_does() -> None:
    data = {**orjson.loads(answer_body("hello")), "moderation": {"input": "theirs"}}
    raw = orjson.dumps(data)
    asked = {"moderation": {"model": "x"}}
    assert render_body(rendering(**asked), [CODEC.body(raw)]) is raw
    made = orjson.loads(render_body(rendering((0, canned()), **asked), [CODEC.body(raw)]))
    assert made["moderation"]["output"]["type"] == "error"
    frames = [frame(said(0, "stop")), frame(moderation={"input": "theirs"}), DONE]
    assert render_stream(rendering(ruling=SCORED, **asked), *read(frames)) == b"".join(frames)


def test_the_end_mark_is_added_where_the_upstream_forgot_it_and_never_twice() -> None:
    frames = stream_of("hello")
    assert render_stream(rendering(), *read(frames[:-1])) == b"".join(frames)


def test_nothing_follows_an_error_frame() -> None:
    error = b'data: {"error":{"message":"x"}}\n\n'
    assert render_stream(rendering(), *read([error, DONE])) == error
