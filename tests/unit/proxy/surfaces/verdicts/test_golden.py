"""Golden wire transcripts of the routes that give a verdict and call no model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
from tests.kits.golden_kit import check, kept
from tests.kits.surface_kit import Answer, Caller
from tests.unit.proxy.surfaces.verdicts.asking import Desk

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


asked = partial(Asked, f"/v1{guard_check.PATH}", make=GuardCheck)
hook = partial(Asked, litellm_guardrail.PATH, make=LitellmGuardrail)
moderation = partial(Asked, f"/v1{moderations.PATH}")


def request_hook(*texts: str) -> Asked:
    messages = [{"role": "User", "content": text} for text in texts]
    return Asked("/request", {"body": {"messages": messages}}, lambda: Agentgateway("request"))


def response_hook(*texts: str) -> Asked:
    choices = [{"message": {"role": "Assistant", "content": text}} for text in texts]
    return Asked("/response", {"body": {"choices": choices}}, lambda: Agentgateway("response"))


SCENARIOS: dict[str, Asked] = {
    "check_allowed": asked({"input": "hello", "output": "fine"}),
    "check_input_blocked": asked({"input": "bad"}),
    "check_one_output_blocked": asked({"input": "hello", "output": ["fine", "bad"]}),
    "check_guard_unavailable": asked({"input": "hello"}, broken=True),
    "check_unreadable": asked({"messages": "hello"}),
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
    check(await SCENARIOS[name].answer(), "verdicts", name, clocked=True)


def test_every_transcript_belongs_to_a_scenario() -> None:
    assert kept("verdicts") == SCENARIOS.keys()
