"""agentgateway's webhook: its shapes, and answers that no version of it can take for a pass."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.surfaces.verdicts.agentgateway import Agentgateway
from proxy.testing import CANNED
from tests.unit.proxy.surfaces.verdicts.asking import Desk


async def asked(*texts: str) -> Any:
    messages = [{"role": "User", "content": text} for text in texts]
    desk = Desk(lambda: Agentgateway("request"))
    return (await desk.ask("/request", {"body": {"messages": messages}})).json()


async def answered(*choices: Any) -> Any:
    desk = Desk(lambda: Agentgateway("response"))
    return (await desk.ask("/response", {"body": {"choices": list(choices)}})).json()


def said(text: str) -> dict[str, Any]:
    return {"message": {"role": "Assistant", "content": text}}


async def test_a_harmless_request_passes() -> None:
    assert await asked("hello") == {"action": {}}


async def test_a_harmful_request_is_rejected_with_a_status_and_the_canned_text() -> None:
    action = (await asked("hello", "bad"))["action"]
    assert (action["body"], action["status_code"]) == (CANNED, 403)


async def test_a_harmless_answer_passes() -> None:
    assert await answered(said("hello")) == {"action": {}}


async def test_of_several_answers_only_the_blocked_one_is_masked() -> None:
    action = (await answered(said("hello"), said("bad")))["action"]
    assert action["body"] == {"choices": [said("hello"), said(CANNED)]}


async def test_text_beside_the_content_is_judged_and_masked_with_it() -> None:
    choice = {**said("hello"), "note": "bad"}
    assert (await answered(choice))["action"]["body"] == {"choices": [said(CANNED)]}


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize("body", [{}, {"body": "hello"}, {"body": {}}, {"body": {"choices": [4]}}])
async def test_a_body_that_agentgateway_does_not_send_is_refused(side: Any, body: Any) -> None:
    answer = await Desk(lambda: Agentgateway(side)).ask(f"/{side}", body)
    assert answer.status == 400


@pytest.mark.parametrize("aside", ["bad", {"deep": ["bad"]}])
async def test_text_beside_the_choices_belongs_to_the_first(aside: Any) -> None:
    desk = Desk(lambda: Agentgateway("response"))
    body = {"choices": [said("hello"), said("hi")], "note": aside}
    action = (await desk.ask("/response", {"body": body})).json()["action"]
    assert action["body"] == {"choices": [said(CANNED), said("hi")]}


async def test_parts_of_an_answer_are_read_as_one_text() -> None:
    parts = [{"type": "text", "text": "b"}, {"type": "text", "text": "ad"}]
    assert (await answered({"message": {"role": "Assistant", "content": parts}}))["action"]["body"]
