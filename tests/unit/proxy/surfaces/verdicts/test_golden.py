"""Golden wire transcripts of the routes that give a verdict and call no model.

Run with `GOLDEN=write` in the environment to write the files anew, then read the difference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from policies.verdict import Failure
from proxy.surfaces.guarded_route import GuardedRoute, Surface
from proxy.surfaces.verdicts import guard_check, litellm_guardrail, moderations
from proxy.surfaces.verdicts.agentgateway import Agentgateway
from proxy.surfaces.verdicts.guard_check import GuardCheck
from proxy.surfaces.verdicts.litellm_guardrail import LitellmGuardrail
from proxy.surfaces.verdicts.moderations import Moderations
from proxy.testing import FakeScreener, Gates
from tests.kits.surface_kit import Answer, Caller
from tests.unit.proxy.surfaces.chat_completions.test_golden import transcript
from tests.unit.proxy.surfaces.verdicts.asking import Desk

GOLDEN = Path(__file__).resolve().parents[4] / "golden" / "verdicts"
LITELLM = {"input_type": "request", "request_data": {}, "model": "m"}


@dataclass(frozen=True)
class Asked:
    """A question to one of the surfaces; with `broken` no guard answers."""

    path: str
    body: Any
    make: Callable[[], Surface] | None = None
    broken: bool = False

    async def answer(self) -> Answer:
        screener = FakeScreener(Gates(open_gates=True), input_score=Failure.TIMEOUT) if self.broken else None
        desk = Desk(screener=screener)
        corridor, entrance = desk.corridor(), desk.entrance()
        route = (
            Moderations(corridor, entrance)
            if self.make is None
            else GuardedRoute(self.make(), corridor, entrance)
        )
        return await Caller(route).post(self.path, self.body)


def lasting(answer: Answer) -> bytes:
    """The transcript without the time it took."""
    return re.sub(rb"(x-gatehouse-overhead-ms:) [0-9.]+", rb"\1 0.0", transcript(answer))


check = partial(Asked, f"/v1{guard_check.PATH}", make=GuardCheck)
hook = partial(Asked, litellm_guardrail.PATH, make=LitellmGuardrail)
moderation = partial(Asked, f"/v1{moderations.PATH}")


def request_hook(*texts: str) -> Asked:
    messages = [{"role": "User", "content": text} for text in texts]
    return Asked("/request", {"body": {"messages": messages}}, lambda: Agentgateway("request"))


def response_hook(*texts: str) -> Asked:
    choices = [{"message": {"role": "Assistant", "content": text}} for text in texts]
    return Asked("/response", {"body": {"choices": choices}}, lambda: Agentgateway("response"))


SCENARIOS: dict[str, Asked] = {
    "check_allowed": check({"input": "hello", "output": "fine"}),
    "check_input_blocked": check({"input": "bad"}),
    "check_one_output_blocked": check({"input": "hello", "output": ["fine", "bad"]}),
    "check_guard_unavailable": check({"input": "hello"}, broken=True),
    "check_unreadable": check({"messages": "hello"}),
    "litellm_allowed": hook({**LITELLM, "texts": ["hello"]}),
    "litellm_blocked": hook({**LITELLM, "texts": ["hello", "bad"]}),
    "litellm_answer_blocked": hook({**LITELLM, "input_type": "response", "texts": ["bad"]}),
    "litellm_unreadable": hook({**LITELLM, "texts": "hello"}),
    "agentgateway_request_allowed": request_hook("hello"),
    "agentgateway_request_blocked": request_hook("hello", "bad"),
    "agentgateway_response_allowed": response_hook("fine"),
    "agentgateway_response_masked": response_hook("fine", "bad"),
    "moderation_allowed": moderation({"input": "hello"}),
    "moderation_one_of_two_flagged": moderation({"input": ["hello", "bad"]}),
    "moderation_guard_unavailable": moderation({"input": "hello"}, broken=True),
    "moderation_unreadable": moderation({"input": 4}),
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_wire_bytes_stay_as_they_were(name: str) -> None:
    found, path = lasting(await SCENARIOS[name].answer()), GOLDEN / f"{name}.http"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found)
    assert found == path.read_bytes()


def test_every_transcript_belongs_to_a_scenario() -> None:
    assert {path.stem for path in GOLDEN.glob("*.http")} == SCENARIOS.keys()
