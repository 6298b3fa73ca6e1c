"""Chat exchanges as scripts: what the upstream said and what the corridor ruled, without a corridor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from policies.verdict import ALLOWED, Action, Failure, Verdict
from proxy.exchange.exchange import Replacement, ReplyOrigin
from proxy.exchange.ports import Ruling, UpstreamError, UpstreamHead
from proxy.surfaces.chat_completions.routes import ChatCompletions
from proxy.surfaces.guarded_route import GuardedRoute
from proxy.surfaces.reading import Limits
from tests.kits.scripted_corridor import Scripted
from tests.kits.surface_kit import DECISION, NOW, Asgi, FakeCorridor, entrance, make_bundle

UPSTREAM_ID = "chatcmpl-abc123"
CREATED = 1_699_999_999
HEAD = UpstreamHead(
    200,
    (
        ("content-type", "application/json"),
        ("openai-processing-ms", "12"),
        ("x-request-id", "req_1"),
        ("x-upstream-request-id", "req_1"),
    ),
)
WEATHER = {
    "id": "call_1a2b",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'},
}
BLOCK = Verdict(Action.BLOCK, Action.BLOCK, "default", "harm-input", flagged=("harm", "vcr"))
OUT_BLOCK = Verdict(Action.BLOCK, Action.BLOCK, "default", "harm-output", flagged=("harm_delivered",))
OUTAGE = Verdict(Action.BLOCK, Action.BLOCK, "guard_unavailable", "harm-input", failure=Failure.TIMEOUT)


def answer_body(*texts: str, **message: Any) -> bytes:
    """An upstream's whole answer, one choice for each text."""
    choices = [
        {
            "index": index,
            "message": {"role": "assistant", "content": text or None, "refusal": None, **message},
            "logprobs": None,
            "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
        }
        for index, text in enumerate(texts)
    ]
    return orjson.dumps(
        {
            "id": UPSTREAM_ID,
            "object": "chat.completion",
            "created": CREATED,
            "model": "m-2026",
            "choices": choices,
            "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
            "system_fingerprint": "fp_1",
        }
    )


def frame(*choices: dict[str, Any], **more: Any) -> bytes:
    """An upstream's chunk."""
    payload = {
        "id": UPSTREAM_ID,
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "m-2026",
        "choices": list(choices),
        **more,
    }
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def said(index: int, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """A choice of a chunk."""
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


def stream_of(*texts: str, usage: bool = False) -> list[bytes]:
    """An upstream's stream: roles, words of the choices interleaved, finishes, usage, end mark."""
    more: dict[str, Any] = {"usage": None} if usage else {}
    frames = [frame(said(index, role="assistant", content=""), **more) for index in range(len(texts))]
    words = [text.split(" ") for text in texts]
    for place in range(max(len(row) for row in words)):
        for index, row in enumerate(words):
            if place < len(row):
                content = (" " if place else "") + row[place]
                frames.append(frame(said(index, content=content), **more))
    frames += [frame(said(index, "stop"), **more) for index in range(len(texts))]
    if usage:
        frames.append(frame(usage=USAGE))
    return [*frames, DONE]


def tool_stream() -> list[bytes]:
    """A streamed tool call, its arguments in two fragments."""
    start = {"index": 0, **WEATHER, "function": {"name": "get_weather", "arguments": ""}}
    parts = [{"index": 0, "function": {"arguments": part}} for part in ('{"city":', '"Oslo"}')]
    return [
        frame(said(0, role="assistant", content=None, tool_calls=[start])),
        *[frame(said(0, tool_calls=[part])) for part in parts],
        frame(said(0, "tool_calls")),
        DONE,
    ]


def canned(category: str = "default") -> Replacement:
    """The replacement that the corridor would make of a block."""
    return Replacement(make_bundle().replies.text(category, "en", DECISION), ReplyOrigin.CANNED, category)


def revised(text: str = "Here is a safer answer.") -> Replacement:
    """The replacement that a review ended with."""
    return Replacement(text, ReplyOrigin.REVISED, "vcr")


@dataclass
class Scenario(Scripted):
    """On chat completions."""

    head: UpstreamHead | None = HEAD

    @property
    def body(self) -> dict[str, Any]:
        """The request body."""
        question = {"role": "user", "content": "What is the weather?"}
        return {"model": "m", "messages": [question], **self.request}

    def app(self) -> Asgi:
        """The chat route on a corridor that plays this scenario."""
        return chat_route(FakeCorridor(self.play), style=self.style)


def chat_route(corridor: FakeCorridor, *, style: str = "auto", limits: Limits | None = None) -> GuardedRoute:
    """The route with a fixed clock and decision id."""
    return GuardedRoute(ChatCompletions(wall=lambda: NOW), corridor, entrance(style, limits))


STREAM = {"stream": True}
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}
MODERATED = {"moderation": {"model": "omni-moderation-latest"}}
JSON_MODE = {"response_format": {"type": "json_object"}}
INPUT_BLOCK = Ruling(BLOCK, replacements=((0, canned()),), scores=(("harm", 0.98), ("vcr", 0.7)))
REVISED = Ruling(ALLOWED, (ALLOWED,), ((0, revised()),))
ONE_OF_TWO = Ruling(ALLOWED, (ALLOWED, OUT_BLOCK), ((1, canned()),))
SCORED = Ruling(
    ALLOWED,
    (ALLOWED,),
    scores=(("harm", 0.02), ("vcr", 0.01), ("cse", 0.003)),
    evaluated_output=True,
    output_scores=(("comply", 0.9), ("harm_delivered", 0.04)),
)

SCENARIOS: dict[str, Scenario] = {
    "allowed": Scenario(upstream=[answer_body("It is sunny.")]),
    "allowed_stream": Scenario(STREAM, stream_of("It is sunny."), how="end", relayed=5),
    "blocked_message": Scenario(ruling=INPUT_BLOCK),
    "blocked_message_stream": Scenario(WITH_USAGE, ruling=INPUT_BLOCK),
    "blocked_refusal": Scenario(JSON_MODE, ruling=INPUT_BLOCK),
    "blocked_refusal_stream": Scenario(JSON_MODE | STREAM, ruling=INPUT_BLOCK),
    "blocked_error": Scenario(ruling=INPUT_BLOCK, style="error"),
    "blocked_error_stream": Scenario(STREAM, ruling=INPUT_BLOCK, style="error"),
    "output_blocked": Scenario(
        upstream=[answer_body("Something bad.")], ruling=Ruling(ALLOWED, (OUT_BLOCK,), ((0, canned()),))
    ),
    "revised": Scenario(upstream=[answer_body("A draft.")], ruling=REVISED),
    "revised_stream": Scenario(WITH_USAGE, stream_of("A draft.", usage=True), REVISED, keep_alives=1),
    "two_choices_one_replaced": Scenario({"n": 2}, [answer_body("Good.", "Bad.")], ONE_OF_TWO),
    "two_choices_one_replaced_stream": Scenario(
        {"n": 2} | WITH_USAGE, stream_of("It is good.", "This is bad.", usage=True), ONE_OF_TWO
    ),
    "tool_call": Scenario(upstream=[answer_body("", tool_calls=[WEATHER])]),
    "tool_call_stream": Scenario(STREAM, tool_stream()),
    "tool_call_blocked": Scenario(
        upstream=[answer_body("", tool_calls=[WEATHER])],
        ruling=Ruling(ALLOWED, (OUT_BLOCK,), ((0, canned()),)),
    ),
    "usage_chunk": Scenario(WITH_USAGE, stream_of("It is sunny.", usage=True)),
    "moderation": Scenario(MODERATED, [answer_body("It is sunny.")], SCORED),
    "moderation_blocked": Scenario(MODERATED, ruling=INPUT_BLOCK),
    "moderation_stream": Scenario(
        MODERATED | WITH_USAGE, stream_of("It is sunny.", usage=True), SCORED, how="end", relayed=5
    ),
    "late_block_stream": Scenario(
        WITH_USAGE,
        stream_of("It begins well and then", usage=True),
        Ruling(ALLOWED, (OUT_BLOCK,), ((0, canned()),)),
        how="cut",
        relayed=4,
    ),
    "guard_unavailable": Scenario(ruling=Ruling(OUTAGE, replacements=((0, canned("guard_unavailable")),))),
    "upstream_unreachable": Scenario(error=UpstreamError("upstream_unreachable", 502)),
    "upstream_error_relayed": Scenario(
        error=UpstreamError(
            "upstream_error",
            429,
            b'{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":null}}',
            headers=(("retry-after", "7"),),
        )
    ),
    "upstream_breaks_stream": Scenario(
        STREAM, stream_of("It is sunny."), relayed=3, error=UpstreamError("upstream_cut_off", 502)
    ),
}
