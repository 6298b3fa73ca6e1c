"""anthropic's Python client, on /v1/messages."""

from __future__ import annotations

from typing import Any

import anthropic
from pydantic import BaseModel
from report import BOMB, BREAD, CITY, MODEL, OVERLOADED, ROAST, WEATHER, base_url, tell

client = anthropic.Anthropic(base_url=base_url(), api_key="none", max_retries=0)


class Answer(BaseModel):
    """Structured output."""

    answer: str


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def ask(prompt: str, model: str = MODEL) -> dict[str, Any]:
    message = client.messages.create(model=model, max_tokens=400, messages=user(prompt))
    text = "".join(block.text for block in message.content if block.type == "text")
    return {"text": text, "finish": message.stop_reason}


def stream(prompt: str) -> dict[str, Any]:
    with client.messages.stream(model=MODEL, max_tokens=400, messages=user(prompt)) as events:
        text = "".join(events.text_stream)
        return {"text": text, "finish": events.get_final_message().stop_reason}


def structured(prompt: str) -> dict[str, Any]:
    message = client.messages.parse(model=MODEL, max_tokens=400, messages=user(prompt), output_format=Answer)
    text = "".join(block.text for block in message.content if block.type == "text")
    parsed = message.parsed_output
    return {
        "text": text,
        "refusal": message.stop_details.explanation if message.stop_details else None,
        "finish": message.stop_reason,
        "parsed": parsed.model_dump() if parsed else None,
    }


def tool() -> dict[str, Any]:
    tools: list[Any] = [
        {"name": "get_weather", "description": "The weather in a city.", "input_schema": CITY}
    ]
    message = client.messages.create(model=MODEL, max_tokens=400, messages=user(WEATHER), tools=tools)
    (call,) = [block for block in message.content if block.type == "tool_use"]
    return {"tool": call.name, "arguments": call.input}


tell(
    anthropic.__version__,
    {
        "allowed": lambda: ask(BREAD),
        "stream_allowed": lambda: stream(BREAD),
        "blocked": lambda: ask(BOMB),
        "stream_blocked": lambda: stream(BOMB),
        "structured_blocked": lambda: structured(BOMB),
        "json_blocked": lambda: {"missing": "no JSON mode"},
        "revised": lambda: ask(ROAST),
        "tool_call": tool,
        "upstream_error": lambda: ask(BREAD, OVERLOADED),
    },
)
