"""llama-index with its OpenAI-like model."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel
from report import BOMB, BREAD, MODEL, OVERLOADED, ROAST, WEATHER, base_url, read_json, tell


class Answer(BaseModel):
    """Structured output."""

    answer: str


def model(name: str = MODEL) -> OpenAILike:
    return OpenAILike(
        model=name,
        api_base=f"{base_url()}/v1",
        api_key="none",
        is_chat_model=True,
        is_function_calling_model=True,
        should_use_structured_outputs=True,
        max_retries=0,
    )


def ask(prompt: str, name: str = MODEL) -> dict[str, Any]:
    found = model(name).complete(prompt)
    raw: Any = found.raw
    return {"text": found.text, "finish": raw.choices[0].finish_reason}


def stream(prompt: str) -> dict[str, Any]:
    text, finish = "", ""
    for piece in model().stream_complete(prompt):
        text += piece.delta or ""
        raw: Any = piece.raw
        for choice in getattr(raw, "choices", None) or ():
            finish = choice.finish_reason or finish
    return {"text": text, "finish": finish}


def structured(prompt: str) -> dict[str, Any]:
    found: Any = model().as_structured_llm(Answer).complete(prompt)
    return {
        "text": found.text,
        "parsed": found.raw.model_dump() if isinstance(found.raw, Answer) else found.raw,
    }


def json_mode(prompt: str) -> dict[str, Any]:
    found = model().complete(prompt, response_format={"type": "json_object"})
    raw: Any = found.raw
    [choice] = raw.choices
    return {
        "text": found.text,
        "finish": choice.finish_reason,
        "refusal": choice.message.refusal,
        "parsed": read_json(found.text),
    }


def get_weather(city: str) -> str:
    """The weather in a city."""
    return city


def tool() -> dict[str, Any]:
    talker = model()
    answer = talker.chat_with_tools([FunctionTool.from_defaults(get_weather)], user_msg=WEATHER)
    call = talker.get_tool_calls_from_response(answer)[0]
    return {"tool": call.tool_name, "arguments": call.tool_kwargs}


tell(
    version("llama-index-llms-openai-like"),
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
    },
)
