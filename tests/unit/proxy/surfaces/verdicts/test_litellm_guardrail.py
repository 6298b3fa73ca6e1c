"""LiteLLM's hook: whatever it sends is judged, and its words for the verdict are used."""

from __future__ import annotations

from typing import Any

import pytest

from policies.verdict import Failure
from proxy.surfaces.verdicts.litellm_guardrail import PATH, LitellmGuardrail
from proxy.testing import CANNED, FakeScreener, Gates
from tests.unit.proxy.surfaces.verdicts.asking import Desk, SeesBad

ASKED = {"input_type": "request", "request_data": {}, "litellm_call_id": "bad", "model": "m"}
ANSWERED = {**ASKED, "input_type": "response"}
NONE, BLOCKED = {"action": "NONE"}, {"action": "BLOCKED", "blocked_reason": CANNED}
CALL = {"id": "call_1", "type": "function", "function": {"name": "run", "arguments": '{"x":"bad"}'}}


async def verdict(body: dict[str, Any], **desk: Any) -> dict[str, Any]:
    answer = await Desk(LitellmGuardrail, **desk).ask(PATH, body)
    assert answer.status == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**ASKED, "texts": ["hello"]}, NONE),
        ({**ASKED, "texts": ["bad"]}, BLOCKED),
        ({**ASKED, "texts": ["bad", "hello"]}, BLOCKED),
        ({**ASKED, "texts": [], "structured_messages": [{"role": "user", "content": "bad"}]}, BLOCKED),
        ({**ANSWERED, "texts": ["hello"]}, NONE),
        ({**ANSWERED, "texts": ["hello", "bad"]}, BLOCKED),
        ({**ANSWERED, "texts": [], "tool_calls": [CALL]}, BLOCKED),
        ({**ANSWERED, "texts": ["ok"], "structured_messages": [{"role": "user", "content": "bad"}]}, NONE),
    ],
)
async def test_texts_messages_and_tool_calls_are_judged(body: dict[str, Any], expected: object) -> None:
    assert await verdict(body) == expected


async def test_a_text_that_is_in_no_message_is_part_of_what_the_user_says_last() -> None:
    screener = SeesBad(Gates(open_gates=True))
    history = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]
    body = {**ASKED, "texts": ["hello", "bad", "hi"], "structured_messages": history}
    assert (await verdict(body, screener=screener))["action"] == "NONE"
    assert screener.heard == ["hello\n\nbad", "hi"]


async def test_a_guard_that_fails_closed_blocks() -> None:
    screener = FakeScreener(Gates(open_gates=True), output_score=Failure.ERROR)
    assert (await verdict({**ANSWERED, "texts": ["hello"]}, screener=screener))["action"] == "BLOCKED"


@pytest.mark.parametrize(
    "change",
    [
        {"input_type": "other"},
        {"texts": "hello"},
        {"texts": [4]},
        {"images": [{}]},
        {"structured_messages": ["hello"]},
    ],
)
async def test_a_body_that_litellm_does_not_send_is_refused(change: dict[str, Any]) -> None:
    answer = await Desk(LitellmGuardrail).ask(PATH, {**ASKED, "texts": ["hello"], **change})
    assert (answer.status, answer.error()["param"]) == (400, next(iter(change)))


async def test_images_are_counted_as_not_read() -> None:
    desk = Desk(LitellmGuardrail)
    await desk.ask(PATH, {**ASKED, "texts": ["hello"], "images": ["https://pictures.test/a.png"]})
    assert desk.ledger.closed()[0].uncovered == ("image",)


async def test_what_litellm_sends_and_reads_is_what_is_used_here() -> None:
    from litellm.types.proxy.guardrails.guardrail_hooks import generic_guardrail_api as theirs

    sent = theirs.GenericGuardrailAPIRequest(
        input_type="request",
        texts=["bad"],
        structured_messages=[{"role": "user", "content": "bad"}],
        request_data={"user_api_key_hash": "abc"},
        request_headers={"accept": "[present]"},
        litellm_version="1",
    )
    read = theirs.GenericGuardrailAPIResponse.from_dict(await verdict(sent.model_dump()))
    assert (read.action, read.blocked_reason) == ("BLOCKED", CANNED)
