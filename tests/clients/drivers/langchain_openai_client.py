"""langchain-openai."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from report import BOMB, BREAD, MODEL, OVERLOADED, ROAST, TOOL, WEATHER, base_url, read_json, tell


class Answer(BaseModel):
    """Structured output."""

    answer: str


def chat(model: str = MODEL) -> ChatOpenAI:
    return ChatOpenAI(model=model, base_url=f"{base_url()}/v1", api_key="none", max_retries=0)


def told(message: Any) -> dict[str, Any]:
    finish = message.response_metadata.get("finish_reason", "")
    refusal = message.additional_kwargs.get("refusal")
    return {"text": message.text, "refusal": refusal, "finish": finish}


def stream(prompt: str) -> dict[str, Any]:
    whole: Any = None
    for chunk in chat().stream(prompt):
        whole = chunk if whole is None else whole + chunk
    return told(whole)


def structured(prompt: str) -> dict[str, Any]:
    found = chat().with_structured_output(Answer).invoke(prompt)
    return {"parsed": found.model_dump() if isinstance(found, Answer) else found}


def json_mode(prompt: str) -> dict[str, Any]:
    found = told(chat().bind(response_format={"type": "json_object"}).invoke(prompt))
    return {**found, "parsed": read_json(found["text"])}


def tool() -> dict[str, Any]:
    message: Any = chat().bind_tools([{"type": "function", "function": TOOL}]).invoke(WEATHER)
    call = message.tool_calls[0]
    return {"tool": call["name"], "arguments": call["args"]}


tell(
    version("langchain-openai"),
    {
        "allowed": lambda: told(chat().invoke(BREAD)),
        "stream_allowed": lambda: stream(BREAD),
        "blocked": lambda: told(chat().invoke(BOMB)),
        "stream_blocked": lambda: stream(BOMB),
        "structured_blocked": lambda: structured(BOMB),
        "json_blocked": lambda: json_mode(BOMB),
        "revised": lambda: told(chat().invoke(ROAST)),
        "tool_call": tool,
        "upstream_error": lambda: told(chat(OVERLOADED).invoke(BREAD)),
    },
)
