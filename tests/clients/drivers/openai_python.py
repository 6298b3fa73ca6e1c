"""openai-python, majors 2 and 3."""

from __future__ import annotations

import json
from typing import Any

import openai
from pydantic import BaseModel
from report import BOMB, BREAD, MODEL, OVERLOADED, ROAST, TOOL, WEATHER, base_url, read_json, tell

client = openai.OpenAI(base_url=f"{base_url()}/v1", api_key="none", max_retries=0)


class Answer(BaseModel):
    """Structured output."""

    answer: str


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def ask(prompt: str, model: str = MODEL) -> dict[str, Any]:
    choice = client.chat.completions.create(model=model, messages=user(prompt)).choices[0]
    message = choice.message
    return {"text": message.content, "refusal": message.refusal, "finish": choice.finish_reason}


def json_mode(prompt: str) -> dict[str, Any]:
    choice = client.chat.completions.create(
        model=MODEL, messages=user(prompt), response_format={"type": "json_object"}
    ).choices[0]
    text, refusal = choice.message.content, choice.message.refusal
    return {"text": text, "refusal": refusal, "finish": choice.finish_reason, "parsed": read_json(text)}


def stream(prompt: str) -> dict[str, Any]:
    text, refusal, finish = "", "", ""
    for chunk in client.chat.completions.create(model=MODEL, messages=user(prompt), stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            refusal += choice.delta.refusal or ""
            finish = choice.finish_reason or finish
    return {"text": text, "refusal": refusal, "finish": finish}


def structured(prompt: str) -> dict[str, Any]:
    choice = client.chat.completions.parse(
        model=MODEL, messages=user(prompt), response_format=Answer
    ).choices[0]
    parsed = choice.message.parsed
    return {
        "text": choice.message.content,
        "refusal": choice.message.refusal,
        "finish": choice.finish_reason,
        "parsed": parsed.model_dump() if parsed else None,
    }


def tool() -> dict[str, Any]:
    tools: list[Any] = [{"type": "function", "function": TOOL}]
    message = (
        client.chat.completions.create(model=MODEL, messages=user(WEATHER), tools=tools).choices[0].message
    )
    function = message.tool_calls[0].function  # type: ignore[index,union-attr]
    return {"tool": function.name, "arguments": json.loads(function.arguments)}


def respond(prompt: str, model: str = MODEL) -> dict[str, Any]:
    return responded(client.responses.create(model=model, input=prompt))


def responded(found: Any) -> dict[str, Any]:
    refusals = [
        part.refusal
        for item in found.output
        for part in getattr(item, "content", None) or ()
        if part.type == "refusal"
    ]
    return {"text": found.output_text, "refusal": "".join(refusals), "finish": found.status}


def respond_structured(prompt: str) -> dict[str, Any]:
    found = client.responses.parse(model=MODEL, input=prompt, text_format=Answer)
    parsed = found.output_parsed
    return {**responded(found), "parsed": parsed.model_dump() if parsed else None}


def respond_tool() -> dict[str, Any]:
    found = client.responses.create(
        model=MODEL, input=WEATHER, tools=[{"type": "function", "strict": True, **TOOL}]
    )
    (call,) = [item for item in found.output if item.type == "function_call"]
    return {"tool": call.name, "arguments": json.loads(call.arguments)}


def respond_stream(prompt: str) -> dict[str, Any]:
    text, refusal, finish = "", "", ""
    for event in client.responses.create(model=MODEL, input=prompt, stream=True):
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.refusal.delta":
            refusal += event.delta
        elif event.type in ("response.completed", "response.incomplete", "response.failed"):
            finish = event.response.status or ""
    return {"text": text, "refusal": refusal, "finish": finish}


tell(
    openai.__version__,
    {
        "allowed": lambda: ask(BREAD),
        "stream_allowed": lambda: stream(BREAD),
        "blocked": lambda: ask(BOMB),
        "stream_blocked": lambda: stream(BOMB),
        "structured_blocked": lambda: structured(BOMB),
        "json_blocked": lambda: json_mode(BOMB),
        "revised": lambda: ask(ROAST),
        "tool_call": tool,
        "upstream_error": lambda: ask(BREAD, OVERLOADED),
        "responses_allowed": lambda: respond(BREAD),
        "responses_blocked": lambda: respond(BOMB),
        "responses_stream_blocked": lambda: respond_stream(BOMB),
        "responses_structured_blocked": lambda: respond_structured(BOMB),
        "responses_revised": lambda: respond(ROAST),
        "responses_tool_call": respond_tool,
        "responses_upstream_error": lambda: respond(BREAD, OVERLOADED),
    },
)
