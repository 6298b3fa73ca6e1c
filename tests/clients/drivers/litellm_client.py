"""litellm as a client."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from pydantic import BaseModel
from report import BOMB, BREAD, MODEL, OVERLOADED, ROAST, TOOL, WEATHER, base_url, read_json, tell

litellm.suppress_debug_info = True


class Answer(BaseModel):
    """Structured output."""

    answer: str


def call(prompt: str, model: str = MODEL, **more: Any) -> Any:
    return litellm.completion(
        model=f"openai/{model}",
        messages=[{"role": "user", "content": prompt}],
        api_base=f"{base_url()}/v1",
        api_key="none",
        num_retries=0,
        max_retries=0,
        **more,
    )


def ask(prompt: str, model: str = MODEL, **more: Any) -> dict[str, Any]:
    choice = call(prompt, model, **more).choices[0]
    refusal = getattr(choice.message, "refusal", None)
    return {"text": choice.message.content, "refusal": refusal, "finish": choice.finish_reason}


def stream(prompt: str) -> dict[str, Any]:
    text, finish = "", ""
    for chunk in call(prompt, stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    return {"text": text, "finish": finish}


def structured(prompt: str) -> dict[str, Any]:
    seen = ask(prompt, response_format=Answer)
    try:
        return {**seen, "parsed": Answer.model_validate_json(seen["text"] or "").model_dump()}
    except ValueError:
        return seen


def json_mode(prompt: str) -> dict[str, Any]:
    seen = ask(prompt, response_format={"type": "json_object"})
    return {**seen, "parsed": read_json(seen["text"])}


def tool() -> dict[str, Any]:
    message = call(WEATHER, tools=[{"type": "function", "function": TOOL}]).choices[0].message
    function = message.tool_calls[0].function
    return {"tool": function.name, "arguments": json.loads(function.arguments)}


tell(
    version("litellm"),
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
