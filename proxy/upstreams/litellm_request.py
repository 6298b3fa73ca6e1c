"""What of a client's request may be handed to litellm: an allow-list, never the body itself. Pure.

litellm reads addresses, keys, callbacks, price tables, fake answers and fallbacks from the same
arguments as temperature and tools (CVE-2024-6587 was an address in a request body). So a field that
is not listed here does not reach it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from proxy.exchange.ports import UpstreamError
from proxy.upstreams.faults import own_error

ALLOWED = frozenset(
    {
        # OpenAI's own. `metadata` is missing on purpose: litellm takes its own orders from it.
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "modalities",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
        # Sampling and reasoning parameters of other providers.
        "min_p",
        "repetition_penalty",
        "thinking",
        "top_k",
    }
)

# The name ends up in the URL of some providers: no other path, query or host may be reached with it.
_MODEL = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,254}")
# These providers are handed a link as it is; for the others litellm would fetch it from inside the house.
_LINKS_PASS = ("openai/", "azure/", "openrouter/")


def litellm_arguments(request: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Keyword arguments of `acompletion` from a parsed chat-completions body, for litellm model `model`.

    Raises:
        UpstreamError: 404 for a name that can be no model, 400 for linked content that litellm would fetch.
    """
    if _MODEL.fullmatch(model) is None:
        raise own_error(404, "model_not_found", "There is no such model.")
    if not model.startswith(_LINKS_PASS) and any(_links(request.get("messages"))):
        raise _linked_content()
    kept = {name: value for name, value in request.items() if name in ALLOWED and value is not None}
    return {**kept, "model": model}


def _links(value: object) -> Iterator[str]:
    """Addresses in content parts: anything but `data:` where an address belongs, links anywhere else."""
    if isinstance(value, list):
        for item in value:
            yield from _links(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                yield from _address(name, item)
            elif name not in ("tool_calls", "function_call"):
                yield from _links(item)


def _address(name: str, item: str) -> Iterator[str]:
    is_link = name not in _TEXT_KEYS and "://" in item[:_SCHEME_LENGTH]
    if is_link or (name in _ADDRESS_KEYS and not item.startswith("data:")):
        yield item


_ADDRESS_KEYS = frozenset({"url", "image_url", "file_url", "video_url", "audio_url", "file_id"})
_TEXT_KEYS = frozenset({"text", "content", "refusal", "name", "reasoning_content", "thinking"})
_SCHEME_LENGTH = 32


def _linked_content() -> UpstreamError:
    message = "Content by link is not passed on to this provider; send it inside the request (data: URL)."
    return own_error(400, "unsupported_input", message)
