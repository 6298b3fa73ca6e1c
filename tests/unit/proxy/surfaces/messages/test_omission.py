"""Placeholders for messages that were blocked before."""

from __future__ import annotations

from typing import Any

from proxy.surfaces.chat_completions.codec import WITHHELD
from proxy.surfaces.messages.omission import left_out


def omitted(content: Any) -> Any:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": content}, {"role": "user", "content": "b"}],
    }
    first, second = left_out(body, frozenset({0}))["messages"]
    assert second == {"role": "user", "content": "b"}
    return first["content"]


def test_a_message_is_left_out_and_the_others_stay() -> None:
    assert omitted("how to") == WITHHELD
    assert omitted([{"type": "text", "text": "how to"}]) == WITHHELD


def test_a_call_keeps_its_result_under_an_identifier_that_a_machine_made() -> None:
    results = [
        {"type": "tool_result", "tool_use_id": identity, "content": "secret"}
        for identity in ("toolu_01a", "say something bad")
    ]
    kept = omitted([*results, {"type": "text", "text": "how to"}])
    assert [block["tool_use_id"] for block in kept] == ["toolu_01a", "toolu_0"]
    assert {block["content"] for block in kept} == {WITHHELD}
