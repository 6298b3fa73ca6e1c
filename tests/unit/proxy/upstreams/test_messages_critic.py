"""A critic that is asked in Anthropic's shape."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from policies.critique import Ask
from proxy.exchange.exchange import Usage
from proxy.exchange.ports import UpstreamError
from proxy.upstreams.messages_critic import messages_payload, read_messages_answer

ASK = Ask(purpose="critique", system="Check.", user="The draft.", max_tokens=64)


def test_a_question_is_asked_in_fields_that_the_api_knows() -> None:
    """A temperature is none of them any more."""
    assert messages_payload("m", ASK) == {
        "model": "m",
        "system": "Check.",
        "messages": [{"role": "user", "content": "The draft."}],
        "max_tokens": 64,
    }


def answer(*blocks: dict[str, Any], stop: str = "end_turn") -> bytes:
    usage = {"input_tokens": 3, "output_tokens": 2}
    return orjson.dumps({"content": list(blocks), "stop_reason": stop, "usage": usage})


def test_text_and_cost_are_read() -> None:
    found = read_messages_answer(
        answer({"type": "thinking", "thinking": "x"}, {"type": "text", "text": "keep"})
    )
    assert (found.text, found.usage) == ("keep", Usage(3, 2))


@pytest.mark.parametrize(
    "raw",
    [
        answer({"type": "text", "text": "half"}, stop="max_tokens"),
        answer({"type": "text", "text": "no"}, stop="refusal"),
        answer(),
        b"{}",
        b"<html>",
    ],
)
def test_half_an_answer_is_none(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        read_messages_answer(raw)
