"""Golden wire transcripts of text completions, native and made of chat.

Run with `GOLDEN=write` in the environment to write the files anew, then read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from openai.types import Completion

from policies.verdict import ALLOWED
from proxy.exchange.exchange import Delivery, Draft, Exchange
from proxy.exchange.ports import Downstream, ReplyHead, Ruling, UpstreamError, UpstreamHead, Wire
from tests.kits.surface_kit import Answer
from tests.unit.proxy.surfaces.chat_completions import scenarios as chat
from tests.unit.proxy.surfaces.chat_completions.scenarios import BLOCK, DONE, HEAD, OUT_BLOCK, OUTAGE, canned
from tests.unit.proxy.surfaces.chat_completions.test_golden import transcript
from tests.unit.proxy.surfaces.completions.test_routes import CHAT, HELLO, NATIVE, answered

GOLDEN = Path(__file__).resolve().parents[4] / "golden" / "completions"


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
class Told:
    """What the upstream said and how the corridor ended it."""

    upstream: Sequence[bytes] = ()
    ruling: Ruling = field(default_factory=lambda: Ruling(ALLOWED))
    wires: frozenset[Wire] = NATIVE
    relayed: int = 0
    cut: bool = False
    error: Exception | None = None
    request: dict[str, Any] = field(default_factory=dict)

    async def play(self, exchange: Exchange, client: Downstream) -> None:
        upstream: UpstreamHead | None = HEAD if self.upstream else None
        head = ReplyHead(self.ruling.input_verdict, Delivery.BUFFERED, upstream)
        read = exchange.codec.frame if exchange.stream else exchange.codec.body
        deltas, draft = [read(raw) for raw in self.upstream], Draft()
        for delta in deltas:
            draft.add(delta)
        if self.error is not None:
            await client.fail(self.error)
            return
        if self.relayed:
            await client.relay(head, deltas[: self.relayed])
        if self.cut:
            await client.cut(head, draft, self.ruling)
        elif self.relayed:
            await client.end(head, deltas[self.relayed :], self.ruling)
        else:
            await client.deliver(head, deltas, draft, self.ruling)

    async def answer(self) -> Answer:
        return await answered({**HELLO, **self.request}, self.play, self.wires)


STREAM = {"stream": True}
NATIVE_STREAM = (chunk("Once"), chunk(" upon"), chunk("", "stop"), DONE)
SECOND = Ruling(ALLOWED, (ALLOWED, OUT_BLOCK), ((1, canned()),))
SCENARIOS: dict[str, Told] = {
    "allowed": Told((completion("Once upon"),)),
    "allowed_stream": Told(NATIVE_STREAM, request=STREAM, relayed=4),
    "blocked": Told(ruling=Ruling(BLOCK, replacements=((0, canned()),))),
    "blocked_stream": Told(ruling=Ruling(BLOCK, replacements=((0, canned()),)), request=STREAM),
    "guard_unavailable": Told(ruling=Ruling(OUTAGE, replacements=((0, canned()),))),
    "late_block_stream": Told(
        NATIVE_STREAM[:2],
        Ruling(ALLOWED, (OUT_BLOCK,), ((0, canned()),)),
        relayed=1,
        cut=True,
        request=STREAM,
    ),
    "one_of_two_replaced": Told((completion("fine", "not fine"),), SECOND, request={"prompt": ["a", "b"]}),
    "translated": Told((chat.answer_body("Once upon"),), wires=CHAT),
    "translated_stream": Told(chat.stream_of("Once upon"), wires=CHAT, relayed=1, request=STREAM),
    "upstream_unreachable": Told(error=UpstreamError("upstream_unreachable", 502)),
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_wire_bytes_stay_as_they_were(name: str) -> None:
    found, path = transcript(await SCENARIOS[name].answer()), GOLDEN / f"{name}.http"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found)
    assert found == path.read_bytes()


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
    assert {path.stem for path in GOLDEN.glob("*.http")} == SCENARIOS.keys()
