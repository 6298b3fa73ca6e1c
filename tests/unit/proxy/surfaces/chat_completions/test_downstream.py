"""The client's side: what is sent when, and what cannot be taken back. (Bytes: see the golden tests.)"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from policies.verdict import ALLOWED, Verdict
from proxy.errors import GuardUnavailable
from proxy.exchange.exchange import Delivery, Delta, Draft, Exchange
from proxy.exchange.ports import ClientLeft, ReplyHead, Ruling, UpstreamError
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.surfaces.chat_completions.downstream import ChatDownstream, translated
from proxy.surfaces.connection import Connection
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.testing import plain_exchange
from tests.kits.surface_kit import DECISION, NOW, Answer, make_bundle
from tests.kits.surface_kit import _answer as answer_of
from tests.unit.proxy.surfaces.chat_completions.scenarios import (
    BLOCK,
    DONE,
    HEAD,
    OUT_BLOCK,
    OUTAGE,
    answer_body,
    canned,
    frame,
    revised,
    said,
    stream_of,
)

CODEC = ChatCodec()


class Wire:
    """A downstream and what went through it."""

    def __init__(self, *, style: str = "auto", text: str = "hello there", **changes: Any) -> None:
        self.sent: list[Any] = []
        self.gone = False
        values = {"stream": True, "codec": CODEC, "id": DECISION, **changes}
        self.exchange: Exchange = plain_exchange(make_bundle(style), text=text, **values)
        connection = Connection(self.receive, self.send)
        self.client = ChatDownstream(self.exchange, connection, VerdictHeaders(), lambda: NOW)

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.gone:
            raise OSError
        self.sent.append(message)

    @property
    def answer(self) -> Answer:
        return answer_of(self.sent)

    @property
    def ended(self) -> bool:
        return bool(self.sent) and self.sent[-1].get("more_body") is False


def head(verdict: Verdict = ALLOWED, upstream: Any = HEAD) -> ReplyHead:
    return ReplyHead(verdict, Delivery.LIVE, upstream)


def read(raws: list[bytes]) -> tuple[list[Delta], Draft]:
    deltas = [CODEC.frame(raw) if raw.startswith(b"data") else CODEC.body(raw) for raw in raws]
    draft = Draft()
    for delta in deltas:
        draft.add(delta)
    return deltas, draft


async def test_relayed_frames_leave_one_by_one_as_they_came() -> None:
    wire = Wire()
    frames = stream_of("one two")
    for delta in read(frames)[0]:
        await wire.client.relay(head(), [delta])
    assert [message["body"] for message in wire.sent[1:]] == frames
    assert not wire.ended
    await wire.client.end(head(), [], Ruling(ALLOWED))
    assert wire.ended
    assert wire.answer.body == b"".join(frames)


async def test_a_relayed_body_is_whole_and_ends_the_response() -> None:
    wire = Wire(stream=False)
    raw = answer_body("hello")
    await wire.client.relay(head(), [CODEC.body(raw)])
    assert wire.answer.body == raw
    assert wire.answer.header("content-length") == str(len(raw))
    await wire.client.end(head(), [], Ruling(ALLOWED))
    assert wire.ended


async def test_status_is_zero_until_the_first_call_commits_it() -> None:
    wire = Wire()
    assert wire.client.status == 0
    await wire.client.keep_alive(head())
    assert wire.client.status == 200
    assert wire.answer.body == b": keep-alive\n\n"


async def test_an_answer_that_is_no_stream_knows_no_keep_alive() -> None:
    wire = Wire(stream=False)
    await wire.client.keep_alive(head())
    assert (wire.sent, wire.client.status) == ([], 0)


async def test_after_a_keep_alive_an_error_style_block_is_a_message() -> None:
    wire = Wire(style="error")
    await wire.client.keep_alive(head())
    await wire.client.deliver(head(BLOCK, None), [], Draft(), Ruling(BLOCK, replacements=((0, canned()),)))
    assert wire.answer.status == 200
    assert wire.answer.data()[-2]["choices"][0]["finish_reason"] == "content_filter"


async def test_one_canned_choice_of_two_is_no_reason_for_an_error_status() -> None:
    wire = Wire(style="error", stream=False)
    deltas, draft = read([answer_body("good", "bad")])
    await wire.client.deliver(head(), deltas, draft, Ruling(ALLOWED, (OUT_BLOCK,), ((1, canned()),)))
    assert wire.answer.status == 200


async def test_a_revision_is_never_an_error() -> None:
    wire = Wire(style="error", stream=False)
    deltas, draft = read([answer_body("bad")])
    await wire.client.deliver(head(), deltas, draft, Ruling(ALLOWED, replacements=((0, revised()),)))
    assert wire.answer.status == 200


@pytest.mark.parametrize(
    ("style", "status"), [("auto", 503), ("error", 503), ("message", 200), ("refusal", 200)]
)
async def test_an_outage_of_the_guard_is_no_verdict(style: str, status: int) -> None:
    wire = Wire(style=style, stream=False)
    ruling = Ruling(OUTAGE, replacements=((0, canned("guard_unavailable")),))
    await wire.client.deliver(head(OUTAGE, None), [], Draft(), ruling)
    assert wire.answer.status == status
    assert (wire.answer.header("retry-after") is not None) is (status == 503)


async def test_an_outage_at_the_output_withholds_the_answer_with_503() -> None:
    wire = Wire()
    deltas, draft = read(stream_of("fine"))
    ruling = Ruling(ALLOWED, (OUTAGE,), ((0, canned("guard_unavailable")),))
    await wire.client.deliver(head(), deltas, draft, ruling)
    assert (wire.answer.status, wire.answer.error()["code"]) == (503, "guard_unavailable")


async def test_a_real_block_beside_an_outage_is_a_block() -> None:
    wire = Wire(stream=False)
    ruling = Ruling(BLOCK, (OUTAGE,), ((0, canned()),))
    await wire.client.deliver(head(BLOCK, None), [], Draft(), ruling)
    assert wire.answer.status == 200


async def test_every_choice_asked_for_gets_the_canned_reply() -> None:
    wire = Wire(stream=False, choices=3)
    replacements = tuple((index, canned()) for index in range(3))
    await wire.client.deliver(head(BLOCK, None), [], Draft(), Ruling(BLOCK, replacements=replacements))
    assert [choice["index"] for choice in wire.answer.json()["choices"]] == [0, 1, 2]


async def cut(wire: Wire, frames: list[bytes], *replacements: Any) -> list[Any]:
    deltas, draft = read(frames)
    for delta in deltas:
        await wire.client.relay(head(), [delta])
    await wire.client.cut(head(), draft, Ruling(ALLOWED, (OUT_BLOCK,), replacements))
    assert wire.ended
    return wire.answer.data()[len(frames) :]


async def test_a_cut_finishes_every_open_choice_and_no_other() -> None:
    frames = [frame(said(index, content="x")) for index in range(3)] + [frame(said(2, "stop"))]
    tail = await cut(Wire(choices=3), frames, (0, canned()))
    ends = [choice for chunk in tail[:-1] for choice in chunk["choices"] if choice["finish_reason"]]
    assert [(choice["index"], choice["finish_reason"]) for choice in ends] == [
        (0, "content_filter"),
        (1, "content_filter"),
    ]
    assert {(chunk["id"], chunk["created"]) for chunk in tail[:-1]} == {("chatcmpl-abc123", 1_699_999_999)}


async def test_inside_json_a_cut_says_nothing_but_why() -> None:
    tail = await cut(Wire(structured=True), [frame(said(0, content='{"a":'))], (0, canned()))
    assert [chunk["choices"][0]["delta"] for chunk in tail[:-1]] == [{}]
    assert tail[0]["choices"][0]["finish_reason"] == "content_filter"


async def test_a_choice_that_never_spoke_gets_the_whole_canned_reply() -> None:
    wire = Wire(structured=True)
    tail = await cut(wire, [frame(said(0, role="assistant", content=""))], (0, canned()))
    assert "refusal" in tail[0]["choices"][0]["delta"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UpstreamError("upstream_unreachable", 502), 502, "upstream_unreachable"),
        (UpstreamError("upstream_timeout", 504), 504, "upstream_timeout"),
        (UpstreamError("upstream_invalid", 502), 502, "upstream_invalid"),
        (UpstreamError("deadline_exceeded", 504), 504, "deadline_exceeded"),
        (TimeoutError(), 504, "deadline_exceeded"),
        (GuardUnavailable(), 503, "guard_unavailable"),
        (ValueError("with prompt text"), 500, "internal_error"),
    ],
)
async def test_a_failure_before_the_first_byte_has_a_status(error: Exception, status: int, code: str) -> None:
    wire = Wire()
    await wire.client.fail(error)
    assert (wire.answer.status, wire.answer.error()["code"]) == (status, code)
    assert wire.client.status == status
    assert "prompt text" not in wire.answer.body.decode()


async def test_a_failure_after_the_first_byte_is_a_frame_and_no_end_mark() -> None:
    wire = Wire()
    await wire.client.relay(head(), [CODEC.frame(frame(said(0, content="x")))])
    body = b'{"error":{"message":"provider text"}}'
    await wire.client.fail(UpstreamError("upstream_error", 500, body))
    assert wire.ended
    assert wire.client.status == 200
    last = wire.answer.frames()[-1]
    assert orjson.loads(last[6:])["error"]["code"] == "upstream_error"
    assert b"provider text" not in last
    assert DONE.strip() not in wire.answer.frames()


async def test_an_upstream_s_own_error_is_relayed_with_our_id() -> None:
    wire = Wire()
    error = UpstreamError("upstream_error", 429, b"<busy>", "text/html", (("retry-after", "3"),))
    await wire.client.fail(error)
    assert (wire.answer.status, wire.answer.body) == (429, b"<busy>")
    assert wire.answer.header("content-type") == "text/html"
    assert wire.answer.header("retry-after") == "3"
    assert wire.answer.header("x-gatehouse-request-id") == DECISION


async def test_nothing_is_sent_after_the_end() -> None:
    wire = Wire(stream=False)
    await wire.client.relay(head(), [CODEC.body(answer_body("hello"))])
    before = len(wire.sent)
    await wire.client.fail(ValueError())
    await wire.client.keep_alive(head())
    await wire.client.end(head(), [], Ruling(ALLOWED))
    assert len(wire.sent) == before


async def test_an_upstream_s_error_frame_is_the_last_thing_a_client_sees() -> None:
    wire = Wire()
    error = b'data: {"error":{"message":"x","type":"y","param":null,"code":null}}\n\n'
    await wire.client.relay(head(), [CODEC.frame(error)])
    await wire.client.end(head(), [], Ruling(ALLOWED))
    assert wire.answer.body == error


async def test_a_client_that_left_is_told_to_the_pipeline() -> None:
    wire = Wire()
    wire.gone = True
    with pytest.raises(ClientLeft):
        await wire.client.relay(head(), [CODEC.frame(DONE)])


def test_an_unknown_failure_names_the_decision_and_nothing_else() -> None:
    error = translated(KeyError("secret"), DECISION)
    assert DECISION in error.message
    assert "secret" not in error.message
