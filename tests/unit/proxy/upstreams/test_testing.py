"""The fakes are what they say."""

from __future__ import annotations

import pytest

from proxy.exchange.ports import UpstreamError
from proxy.upstreams.testing import PlainCodec, an_exchange


def test_an_exchange_says_what_its_body_says() -> None:
    """Model, stream, choices and prompt."""
    exchange = an_exchange("m", prompt="hi", stream=True, n=3)
    assert exchange.body["model"] == exchange.model == "m"
    assert exchange.stream
    assert exchange.choices == 3
    assert exchange.conversation.last_user_text() == "hi"
    assert exchange.codec.payload(exchange, "") == exchange.original


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b": note\n\n", "comment"),
        (b"data: [DONE]\n\n", "done"),
        (b'data: {"error": {}}\n\n', "error"),
        (b'data: {"choices": [], "usage": {"prompt_tokens": 1}}\n\n', "usage"),
        (b'data: {"choices": [{"index": 0, "delta": {"content": "x"}}]}\n\n', "chunk"),
    ],
)
def test_the_plain_codec_tells_frames_apart(raw: bytes, kind: str) -> None:
    """By their data."""
    assert PlainCodec().frame(raw).kind == kind


@pytest.mark.parametrize("raw", [b"{}", b"x", b"[]", b'{"choices": []}', b'{"choices": null}'])
def test_the_plain_codec_reads_no_empty_answer(raw: bytes) -> None:
    """What is no completion is invalid."""
    with pytest.raises(UpstreamError):
        PlainCodec().body(raw)
