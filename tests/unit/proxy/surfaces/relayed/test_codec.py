"""Relayed answers: their bytes stay, their text is read."""

from __future__ import annotations

import pytest

from proxy.exchange.exchange import Usage
from proxy.exchange.ports import UpstreamError
from proxy.surfaces.relayed.codec import BytesCodec, MediaCodec, read_answer
from proxy.testing import plain_bundle, plain_exchange
from tests.unit.proxy.surfaces.relayed.relaying import POLICY


def test_the_request_goes_on_as_it_came_whatever_the_constitution() -> None:
    exchange = plain_exchange(plain_bundle(POLICY))
    assert BytesCodec().payload(exchange, "Be kind.") == exchange.original


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (b'{"usage": {"prompt_tokens": 3, "total_tokens": 3}}', Usage(3, 0)),
        (b'{"usage":{"input_tokens":3,"output_tokens":4}}', Usage(3, 4)),
        (b'{"usage": {"prompt_tokens": "3"}}', None),
        (b'{"usage": {nonsense}}', None),
        (b'{"usage": {"prompt_tokens": 3}}' + b" " * 2000, None),
        (b"\xff\xfe", None),
    ],
)
def test_usage_is_read_where_servers_put_it(raw: bytes, usage: Usage | None) -> None:
    assert BytesCodec().body(raw).usage == usage


def test_vectors_have_no_text() -> None:
    delta = BytesCodec().body(b'{"data": [{"embedding": "words"}]}')
    assert (delta.kind, delta.pieces) == ("body", ())


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        (b'{"text": "hello", "language": "english"}', ["hello", "english"]),
        (b"hello\n", ["hello\n"]),
        (b"\xff\xfb\x90", []),
        (b'data: {"delta": "hel"}\r\n\r\ndata: [DONE]\r\n\r\n', ["hel", "[DONE]"]),
        (b": a comment\n\n", [": a comment"]),
        (
            b'{"data": [{"revised_prompt": "a cat", "b64_json": "' + b"iVBORw0KGgoA/////wAA" * 2 + b'"}]}',
            ["a cat"],
        ),
    ],
)
def test_text_is_found_in_every_format(raw: bytes, texts: list[str]) -> None:
    assert read_answer(raw) == texts
    assert MediaCodec().body(raw).raw == raw


def test_nothing_here_is_a_stream() -> None:
    with pytest.raises(UpstreamError):
        MediaCodec().frame(b"data: {}\n\n")


def test_of_two_keys_of_one_name_only_what_was_read_is_left() -> None:
    delta = MediaCodec().body(b'{"text": "one", "text": "two"}')
    assert delta.raw == b'{"text":"two"}'
    assert [piece.text for piece in delta.pieces] == ["two"]
    with pytest.raises(UpstreamError):
        MediaCodec().body(b'event: x\ndata: {"text": "one", "text": "two"}\n\n')
