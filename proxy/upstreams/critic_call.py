"""A critic's question as a chat completion, and its answer read back. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from policies.critique import Ask
from proxy.exchange.exchange import Exchange, Usage
from proxy.exchange.ports import CriticAnswer, UpstreamError

CRITIC_PATH = "/chat/completions"
_MODELS_REMEMBERED = 256


def critic_model(exchange: Exchange, prompt: Ask) -> str:
    """The model that criticises or rewrites: the policy's, or else the one whose draft it is."""
    policy = exchange.bundle.policy
    rewrites = prompt.purpose == "revision" and policy.review.reviser == "upstream"
    return exchange.model if rewrites else policy.critic or exchange.model


def critic_payload(model: str, prompt: Ask, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Chat-completions body of one question: temperature 0, no stream, no tools.

    `without` names what this model has turned down before: `temperature` is then left out, and
    `max_tokens` becomes `max_completion_tokens`, as OpenAI's reasoning models want it.
    """
    payload: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ],
        "stream": False,
    }
    if "temperature" not in without:
        payload["temperature"] = 0
    limit = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
    payload[limit] = prompt.max_tokens
    return payload


class CriticHabits:
    """Which parameters each model has turned down, so that it is not asked with them again."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}

    def of(self, model: str) -> frozenset[str]:
        """What a model does not take."""
        return self._known.get(model, frozenset())

    def learn(self, model: str, tried: frozenset[str], error: UpstreamError) -> bool:
        """Take a model's error to a call without `tried`; True when it is worth asking once more."""
        param = _turned_down(error.body) if error.status == 400 else ""
        if not param or param in tried:
            return False
        if len(self._known) >= _MODELS_REMEMBERED:
            self._known.clear()
        self._known[model] = tried | {param}
        return True


def _turned_down(raw: bytes | None) -> str:
    """The parameter (`temperature`, `max_tokens`) that an error body says the model does not take."""
    try:
        error = orjson.loads(raw or b"")["error"]
        code, param = error.get("code"), error.get("param")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return ""
    known = code in ("unsupported_parameter", "unsupported_value") and param in ("temperature", "max_tokens")
    if known:
        return str(param)
    # Errors that a gateway took from Anthropic have no code, and name a field in their words only.
    named = "code" not in error and "temperature" in str(error.get("message"))
    return "temperature" if named else ""


def read_critic_answer(raw: bytes) -> CriticAnswer:
    """Text and cost of a whole chat completion.

    Raises:
        UpstreamError: `upstream_invalid`; no text, or text that its token limit or a filter cut off
            (half a critique is none, and half a revision must never be delivered).
    """
    try:
        payload = orjson.loads(raw)
        choice = payload["choices"][0]
        text = choice["message"]["content"] or choice["message"].get("refusal")
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError):
        raise UpstreamError.invalid() from None
    if not isinstance(text, str) or choice.get("finish_reason") in ("length", "content_filter"):
        raise UpstreamError.invalid()
    return CriticAnswer(text=text, usage=read_usage(payload.get("usage")))


def read_usage(usage: object) -> Usage:
    """Token counts of a `usage` object; zeros where it does not say."""
    if not isinstance(usage, dict):
        return Usage()
    details = usage.get("prompt_tokens_details")
    return Usage(
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
