"""The verdict on its own: what is judged, what the answer says, and what can never read as a pass."""

from __future__ import annotations

from typing import Any

import pytest

from policies.verdict import Failure
from proxy.exchange.exchange import ReplyOrigin
from proxy.surfaces.verdicts.guard_check import GuardCheck
from proxy.testing import CANNED, FakeScreener, Gates
from tests.unit.proxy.surfaces.verdicts.asking import Desk

PATH = "/v1/guard/check"


async def check(body: Any, **desk: Any) -> dict[str, Any]:
    answer = await Desk(GuardCheck, **desk).ask(PATH, body)
    assert answer.status == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_a_harmless_text_is_allowed_and_a_record_is_closed_that_knows_no_reply() -> None:
    desk = Desk(GuardCheck)
    answer = await desk.ask(PATH, {"input": "hello"})
    assert (answer.json()["action"], answer.json()["output"]) == ("allow", [])
    (closed,) = desk.ledger.closed()
    assert (closed.surface, closed.outcome, closed.reply) == ("guard_check", "completed", ReplyOrigin.NONE)
    assert closed.input_screened


async def test_a_harmful_text_is_blocked_with_rule_score_and_canned_text() -> None:
    found = await check({"input": "bad"})
    assert (found["action"], found["rule"], found["score"], found["side"]) == ("block", "in", 0.9, "input")
    assert found["message"] == CANNED
    assert found["policy"] == {"name": "p", "version": "1", "digest": "sha256:p"}


async def test_an_answer_is_judged_and_its_request_is_context_only() -> None:
    found = await check({"input": "bad", "output": "fine"})
    assert (found["action"], found["side"]) == ("allow", "output")
    assert found["input"]["action"] == "block"


async def test_both_sides_are_judged_where_both_are_asked_for() -> None:
    found = await check({"input": "bad", "output": "fine", "judge": "both"})
    assert (found["action"], found["side"]) == ("block", "input")


async def test_every_answer_of_several_is_judged() -> None:
    found = await check({"input": "hello", "output": ["fine", "bad"]})
    assert [each["action"] for each in found["output"]] == ["allow", "block"]
    assert (found["action"], found["side"], found["message"]) == ("block", "output", CANNED)


async def test_an_answer_can_be_judged_without_its_request() -> None:
    found = await check({"output": "bad"})
    assert (found["action"], found["input"]) == ("block", None)


async def test_a_guard_that_failed_is_told_even_where_the_policy_lets_it_pass() -> None:
    screener = FakeScreener(Gates(open_gates=True), input_score=Failure.TIMEOUT)
    found = await check({"input": "hello"}, screener=screener)
    assert (found["action"], found["failure"]) == ("allow", "timeout")


async def test_a_fault_is_an_error_status_and_no_verdict() -> None:
    screener = FakeScreener(Gates(open_gates=True), input_score=RuntimeError("text"))
    answer = await Desk(GuardCheck, screener=screener).ask(PATH, {"input": "hello"})
    assert (answer.status, answer.error()["code"]) == (500, "internal_error")


async def test_messages_are_read_as_in_chat_and_what_cannot_be_read_is_listed() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://pictures.test/a.png"}}
    content = [{"type": "text", "text": "what is this"}, picture]
    found = await check({"messages": [{"role": "user", "content": content}]})
    assert found["uncovered"] == [{"kind": "image", "path": "messages[0].content[1]"}]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": 4}, "input"),
        ({"input": "a", "messages": [{"role": "user", "content": "a"}]}, "input"),
        ({"messages": []}, "messages"),
        ({"messages": "a"}, "messages"),
        ({"input": "a", "output": []}, "output"),
        ({"input": "a", "output": [4]}, "output"),
        ({"input": "a", "judge": "output"}, "output"),
        ({"input": "a", "judge": "all"}, "judge"),
        ({"input": "a", "model": 4}, "model"),
    ],
)
async def test_what_cannot_be_judged_names_its_field(body: dict[str, Any], param: str) -> None:
    answer = await Desk(GuardCheck).ask(PATH, body)
    assert (answer.status, answer.error()["param"]) == (400, param)


async def test_coverage_says_how_much_of_each_side_was_judged() -> None:
    found = await check({"input": "hello", "output": "fine", "judge": "both"})
    assert found["coverage"] == {"input": 1.0, "output": 1.0}
    assert (await check({"output": "fine"}))["coverage"] == {"input": None, "output": 1.0}


async def test_what_no_guard_measured_was_not_covered() -> None:
    screener = FakeScreener(Gates(open_gates=True), input_score=Failure.TIMEOUT)
    assert (await check({"input": "hello"}, screener=screener))["coverage"]["input"] == 0.0


async def test_what_nobody_reads_is_listed() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://pictures.test/a.png"}}
    said = {"role": "user", "content": [{"type": "text", "text": "hello"}, picture]}
    found = await check({"messages": [said]})
    assert [part["kind"] for part in found["uncovered"]] == ["image"]
