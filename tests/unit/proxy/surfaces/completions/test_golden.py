"""Golden wire transcripts of text completions, native and made of chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from openai.types import Completion

from policies.verdict import ALLOWED
from proxy.exchange.ports import Ruling, UpstreamError, UpstreamHead, Wire
from tests.kits.golden_kit import check, kept
from tests.kits.scripted_corridor import Scripted
from tests.kits.surface_kit import Answer
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.chat_completions.scenarios import BLOCK, DONE, HEAD, OUT_BLOCK, OUTAGE, canned
from tests.unit.proxy.surfaces.completions.test_routes import CHAT, HELLO, NATIVE, answered


def completion(*texts: str, **more: Any) -> bytes:
    """An upstream's whole answer, or with `finish_reason` null the data of one chunk."""
    choices = [
        {"index": index, "text": text, "logprobs": None, "finish_reason": "stop", **more}
        for index, text in enumerate(texts)
    ]
    head = {"id": "cmpl-abc", "object": "text_completion", "created": 1_699_999_999, "model": "m-2026"}
    return orjson.dumps({**head, "choices": choices})


def chunk(text: str, finish: str | None = None) -> bytes:
    return b"data: " + completion(text, finish_reason=finish) + b"\n\n"


@dataclass
class Scenario(Scripted):
    """On text completions."""

    head: UpstreamHead | None = HEAD
    wires: frozenset[Wire] = NATIVE

    async def answer(self) -> Answer:
        return await answered({**HELLO, **self.request}, self.play, self.wires)


STREAM = {"stream": True}
NATIVE_STREAM = (chunk("Once"), chunk(" upon"), chunk("", "stop"), DONE)
SECOND = Ruling(ALLOWED, (ALLOWED, OUT_BLOCK), ((1, canned()),))
SCENARIOS: dict[str, Scenario] = {
    "allowed": Scenario(upstream=[completion("Once upon")]),
    "allowed_stream": Scenario(STREAM, NATIVE_STREAM, how="end", relayed=4),
    "blocked": Scenario(ruling=Ruling(BLOCK, replacements=((0, canned()),))),
    "blocked_stream": Scenario(STREAM, ruling=Ruling(BLOCK, replacements=((0, canned()),))),
    "guard_unavailable": Scenario(ruling=Ruling(OUTAGE, replacements=((0, canned()),))),
    "late_block_stream": Scenario(
        STREAM, NATIVE_STREAM[:2], Ruling(ALLOWED, (OUT_BLOCK,), ((0, canned()),)), how="cut", relayed=1
    ),
    "one_of_two_replaced": Scenario({"prompt": ["a", "b"]}, [completion("fine", "not fine")], SECOND),
    "translated": Scenario(upstream=[chat.answer_body("Once upon")], wires=CHAT),
    "translated_stream": Scenario(STREAM, chat.stream_of("Once upon"), how="end", relayed=1, wires=CHAT),
    "upstream_unreachable": Scenario(error=UpstreamError("upstream_unreachable", 502)),
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_wire_bytes_stay_as_they_were(name: str) -> None:
    check(await SCENARIOS[name].answer(), "completions", name)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_official_client_reads_everything_that_is_sent(name: str) -> None:
    answer = await SCENARIOS[name].answer()
    if answer.status != 200:
        answer.error()
    elif not SCENARIOS[name].request.get("stream"):
        Completion.model_validate(answer.json())
    else:
        *chunks, end = answer.data()
        assert end == "[DONE]"
        for each in chunks:
            # The client's type has no null here, OpenAI's streams have.
            choices = [{**it, "finish_reason": it["finish_reason"] or "stop"} for it in each["choices"]]
            Completion.model_validate({**each, "choices": choices})


def test_every_transcript_belongs_to_a_scenario() -> None:
    assert kept("completions") == SCENARIOS.keys()
