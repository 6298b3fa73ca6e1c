"""What of a request may be handed to litellm."""

from __future__ import annotations

import pytest

from proxy.exchange.ports import UpstreamError
from proxy.upstreams.litellm_request import litellm_arguments

HELLO = {"messages": [{"role": "user", "content": "hello"}]}


def test_openais_fields_pass() -> None:
    """And sampling parameters of other providers; nulls are left out."""
    request = {**HELLO, "temperature": 0.2, "tools": [], "top_k": 5, "stream": True, "seed": None}
    assert litellm_arguments(request, "anthropic/claude") == {
        **HELLO,
        "temperature": 0.2,
        "tools": [],
        "top_k": 5,
        "stream": True,
        "model": "anthropic/claude",
    }


@pytest.mark.parametrize(
    "name",
    [
        "api_base",
        "base_url",
        "api_key",
        "api_version",
        "api_type",
        "custom_llm_provider",
        "headers",
        "extra_headers",
        "extra_body",
        "callbacks",
        "success_callback",
        "mock_response",
        "mock_tool_calls",
        "fallbacks",
        "model_list",
        "num_retries",
        "timeout",
        "metadata",
        "litellm_metadata",
        "guardrails",
        "cache",
        "caching",
        "input_cost_per_token",
        "aws_access_key_id",
        "aws_bedrock_runtime_endpoint",
        "vertex_credentials",
        "azure_ad_token",
        "prompt_id",
        "client",
        "shared_session",
        "acompletion",
        "drop_params",
    ],
)
def test_orders_to_litellm_do_not_pass(name: str) -> None:
    """Addresses, keys, callbacks, fake answers: a client cannot set them."""
    assert name not in litellm_arguments({**HELLO, name: "x"}, "anthropic/claude")


def test_the_model_is_the_configured_one() -> None:
    """Whatever the body says."""
    arguments = litellm_arguments({**HELLO, "model": "alias"}, "anthropic/claude")
    assert arguments["model"] == "anthropic/claude"


@pytest.mark.parametrize(
    "model",
    ["", "gemini/../admin", "a?b=c", "a#b", "a b", "a\nb", "a%2fb", "/etc", "bedrock/a&b", "x" * 300, "é"],
)
def test_a_name_that_is_no_model_is_not_found(model: str) -> None:
    """It could lead a provider's URL elsewhere."""
    with pytest.raises(UpstreamError) as caught:
        litellm_arguments(HELLO, model)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "model",
    [
        "anthropic/claude-sonnet-4-5",
        "bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "vertex_ai/gemini-2.5-pro@001",
        "openrouter/meta/llama-3.1",
    ],
)
def test_real_names_pass(model: str) -> None:
    """With slashes, colons, dots and at signs."""
    assert litellm_arguments(HELLO, model)["model"] == model


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest"}},
        {"type": "image_url", "image_url": "https://example.test/x.png"},
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "file", "file": {"file_id": "gs://bucket/x"}},
        {"type": "video_url", "video_url": {"url": "ftp://x"}},
        {"type": "file", "file": {"file_data": "https://example.test/x.pdf"}},
        {"type": "image", "source": {"type": "url", "anything": "http://127.0.0.1/"}},
    ],
)
def test_links_are_not_fetched_from_inside_the_house(part: dict[str, object]) -> None:
    """litellm would download them for providers that take no links."""
    request = {"messages": [{"role": "user", "content": [{"type": "text", "text": "look"}, part]}]}
    with pytest.raises(UpstreamError) as caught:
        litellm_arguments(request, "bedrock/claude")
    assert caught.value.status == 400
    assert litellm_arguments(request, "openai/gpt")["messages"] == request["messages"]


def test_data_inside_the_request_passes() -> None:
    """A data: URL needs no fetching, and a link in plain text is only text."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    text = {"type": "text", "text": "see http://example.test"}
    request = {
        "messages": [{"role": "user", "content": [image, text]}, {"role": "user", "content": "http://x"}]
    }
    assert litellm_arguments(request, "bedrock/claude")["messages"] == request["messages"]
