"""instructor on openai-python: everything is structured output."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import instructor
import openai
from pydantic import BaseModel
from report import BOMB, BREAD, MODEL, OVERLOADED, WEATHER, base_url, tell

opened = openai.OpenAI(base_url=f"{base_url()}/v1", api_key="none", max_retries=0)
client = instructor.from_openai(opened, mode=instructor.Mode.JSON_SCHEMA)
plain = instructor.from_openai(opened, mode=instructor.Mode.JSON)
calling = instructor.from_openai(opened, mode=instructor.Mode.TOOLS)


class Answer(BaseModel):
    """Structured output."""

    answer: str


class get_weather(BaseModel):  # noqa: N801 - the name of the tool
    """The weather in a city."""

    city: str


def ask(prompt: str, model: str = MODEL, by: instructor.Instructor = client) -> dict[str, Any]:
    messages: list[Any] = [{"role": "user", "content": prompt}]
    found = by.chat.completions.create(model=model, messages=messages, response_model=Answer, max_retries=0)
    return {"text": found.answer, "parsed": found.model_dump()}


def stream(prompt: str) -> dict[str, Any]:
    messages: list[Any] = [{"role": "user", "content": prompt}]
    parts = client.chat.completions.create_partial(
        model=MODEL, messages=messages, response_model=Answer, max_retries=0
    )
    last = [part.answer for part in parts][-1]
    return {"text": last, "parsed": last}


def tool() -> dict[str, Any]:
    messages: list[Any] = [{"role": "user", "content": WEATHER}]
    found = calling.chat.completions.create(
        model=MODEL, messages=messages, response_model=get_weather, max_retries=0
    )
    return {"tool": type(found).__name__, "arguments": found.model_dump()}


tell(
    version("instructor"),
    {
        "allowed": lambda: ask(BREAD),
        "stream_allowed": lambda: stream(BREAD),
        "blocked": lambda: ask(BOMB),
        "stream_blocked": lambda: stream(BOMB),
        "structured_blocked": lambda: ask(BOMB),
        "json_blocked": lambda: ask(BOMB, by=plain),
        "revised": lambda: {"missing": "no plain text"},
        "tool_call": tool,
        "upstream_error": lambda: ask(BREAD, OVERLOADED),
    },
)
