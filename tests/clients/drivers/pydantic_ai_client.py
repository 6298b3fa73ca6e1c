"""pydantic-ai with its OpenAI chat model."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry, NativeOutput, PromptedOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from report import BOMB, BREAD, MODEL, OVERLOADED, ROAST, WEATHER, base_url, tell


class Answer(BaseModel):
    """Structured output."""

    answer: str


def model(name: str = MODEL) -> OpenAIChatModel:
    opened = AsyncOpenAI(base_url=f"{base_url()}/v1", api_key="none", max_retries=0)
    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=opened))


def ask(prompt: str, name: str = MODEL) -> dict[str, Any]:
    found = Agent(model(name)).run_sync(prompt)
    return {"text": found.output, "finish": found.response.finish_reason or ""}


def stream(prompt: str) -> dict[str, Any]:
    found = Agent(model()).run_stream_sync(prompt)
    text = "".join(found.stream_text(delta=True))
    return {"text": text, "finish": found.response.finish_reason or ""}


def structured(prompt: str) -> dict[str, Any]:
    found = Agent(model(), output_type=NativeOutput(Answer)).run_sync(prompt)
    return {"parsed": found.output.model_dump()}


def json_mode(prompt: str) -> dict[str, Any]:
    found = Agent(model(), output_type=PromptedOutput(Answer)).run_sync(prompt)
    return {"parsed": found.output.model_dump()}


def tool() -> dict[str, Any]:
    agent, called = Agent(model()), []

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather in a city."""
        called.append(city)
        if len(called) > 3:
            raise ModelRetry(city)
        return "sunny"

    agent.run_sync(WEATHER)
    return {"tool": "get_weather" if called else "", "arguments": called}


tell(
    version("pydantic-ai-slim"),
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
