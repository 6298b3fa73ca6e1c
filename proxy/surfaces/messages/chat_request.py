"""A Messages request as a chat-completions request, for models whose upstream speaks only that. Pure.

What has no counterpart there is refused by name. Thinking of earlier turns is left out, because no chat
server reads it back, and so is what only tunes Anthropic's own servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from proxy.errors import bad_field
from proxy.surfaces.chat_completions.codec import Role
from proxy.surfaces.wires import unsupported

_TRANSLATED_WORDS = """
    messages system max_tokens stop_sequences metadata tools tool_choice output_config output_format
"""
_TRANSLATED = frozenset(_TRANSLATED_WORDS.split())
_LEFT_OUT_WORDS = """
    thinking cache_control service_tier inference_geo speed diagnostics context_management
"""
_LEFT_OUT = frozenset(_LEFT_OUT_WORDS.split())
_REFUSED = ("container", "mcp_servers")
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_EFFORTS = {"max": "xhigh"}
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}

Json = dict[str, Any]


def chat_body(request: Mapping[str, Any], role: Role) -> Json:
    """The chat request: the client's system prompt, under the given role, then its messages.

    Unknown fields go on as they are.

    Raises:
        BadRequest: `unsupported_by_upstream`, something has no counterpart in chat completions.
    """
    for name in _REFUSED:
        if request.get(name):
            raise unsupported(name)
    known = _TRANSLATED | _LEFT_OUT | {*_REFUSED}
    body = {name: value for name, value in request.items() if name not in known and value is not None}
    told = _plain(request.get("system") or "", "system")
    body["messages"] = [{"role": role, "content": told}] if told else []
    for message in request["messages"]:
        body["messages"] += _messages(message)
    if request.get("max_tokens") is not None:
        body["max_completion_tokens"] = request["max_tokens"]
    if request.get("stop_sequences"):
        body["stop"] = request["stop_sequences"]
    metadata = request.get("metadata")
    if type(metadata) is dict and metadata.get("user_id"):
        body["user"] = metadata["user_id"]
    if request.get("stream"):
        body["stream_options"] = {"include_usage": True}
    return body | _tools(request) | _output(request)


def _plain(content: Any, where: str) -> str:
    """Content that is text and nothing else."""
    if type(content) is str:
        return content
    blocks = content if type(content) is list else [None]
    texts = [block.get("text") if type(block) is dict else None for block in blocks]
    if not all(type(text) is str for text in texts):
        raise unsupported(f"{where} that is no text")
    return "\n".join(text for text in texts if text)


def _messages(message: Mapping[str, Any]) -> list[Json]:
    role, content = message.get("role"), message.get("content")
    if role not in ("user", "assistant", "system"):
        raise unsupported("messages of that role")
    if role == "system" or type(content) is str:
        return [{"role": role, "content": _plain(content, "messages")}]
    if type(content) is not list:
        raise unsupported("messages without content")
    blocks = [block for block in content if not any(_is(block, kind) for kind in _THOUGHTS)]
    return _said(blocks) if role == "assistant" else _asked(blocks)


def _said(blocks: list[Any]) -> list[Json]:
    """What the model said: text, and calls of tools."""
    texts = [block for block in blocks if not _is(block, "tool_use")]
    calls = [_call(block) for block in blocks if _is(block, "tool_use")]
    text = _plain(texts, "messages of the assistant's with content") if texts else ""
    if not text and not calls:
        return []
    return [{"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})}]


def _call(block: Mapping[str, Any]) -> Json:
    arguments = orjson.dumps(block.get("input") or {}).decode()
    called = {"name": block.get("name"), "arguments": arguments}
    return {"id": block.get("id"), "type": "function", "function": called}


def _asked(blocks: list[Any]) -> list[Json]:
    """What the user sent: results of tools first, because they must follow their calls.

    Results are text in chat: pictures that came with them stand in the message behind them.
    """
    messages: list[Json] = []
    parts: list[Json] = []
    for block in blocks:
        if not _is(block, "tool_result"):
            parts.append(_part(block))
            continue
        content = block.get("content") or ""
        if type(content) not in (str, list):
            raise bad_field("messages", "must hold tool results whose content is a string or a list")
        inner = [{"type": "text", "text": content}] if type(content) is str else [*map(_part, content)]
        text = "\n".join(part["text"] for part in inner if part["type"] == "text")
        messages.append({"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": text})
        parts += [part for part in inner if part["type"] != "text"]
    if len(parts) == 1 and parts[0]["type"] == "text":
        messages.append({"role": "user", "content": parts[0]["text"]})
    elif parts:
        messages.append({"role": "user", "content": parts})
    return messages


def _is(block: Any, kind: str) -> bool:
    return type(block) is dict and block.get("type") == kind


def _part(block: Any) -> Json:
    kind = block.get("type") if type(block) is dict else None
    source = block.get("source") if type(block) is dict else None
    source = source if type(source) is dict else {}
    if kind == "text" and type(block.get("text")) is str:
        return {"type": "text", "text": block["text"]}
    if kind == "image" and source.get("type") in ("base64", "url"):
        return {"type": "image_url", "image_url": {"url": _address(source)}}
    if kind == "document" and source.get("type") == "base64":
        name = str(block.get("title") or "document.pdf")
        return {"type": "file", "file": {"file_data": _address(source), "filename": name}}
    if kind == "document" and source.get("type") in ("text", "content"):
        held = source.get("data") if source["type"] == "text" else source.get("content")
        heads = [str(block[name]) for name in ("title", "context") if block.get(name)]
        return {"type": "text", "text": "\n".join([*heads, _plain(held, "messages with a document")])}
    raise unsupported("messages with a content block of that type")


def _address(source: Mapping[str, Any]) -> str:
    if source["type"] == "url":
        return str(source.get("url"))
    return f"data:{source.get('media_type')};base64,{source.get('data')}"


def _tools(request: Mapping[str, Any]) -> Json:
    found: Json = {}
    if type(request.get("tools")) not in (list, type(None)):
        raise bad_field("tools", "must be a list")
    if request.get("tools"):
        found["tools"] = [_tool(tool) for tool in request["tools"]]
    choice = request.get("tool_choice")
    if type(choice) is not dict:
        return found
    kind = choice.get("type")
    if kind == "tool":
        found["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    elif type(kind) is str and kind in _CHOICES:
        found["tool_choice"] = _CHOICES[kind]
    else:
        raise unsupported("tool_choice of that type")
    if choice.get("disable_parallel_tool_use") is True:
        found["parallel_tool_calls"] = False
    return found


def _tool(tool: Any) -> Json:
    if type(tool) is not dict or tool.get("type") not in (None, "custom"):
        raise unsupported("tools but functions")
    told = {name: tool[name] for name in ("name", "description", "strict") if tool.get(name) is not None}
    return {"type": "function", "function": {**told, "parameters": tool.get("input_schema") or {}}}


def _output(request: Mapping[str, Any]) -> Json:
    options = request.get("output_config")
    options = options if type(options) is dict else {}
    found: Json = {}
    if options.get("effort"):
        found["reasoning_effort"] = _EFFORTS.get(str(options["effort"]), options["effort"])
    form = options.get("format") or request.get("output_format")
    if type(form) is dict and form.get("type") == "json_schema":
        schema = {"name": "answer", "schema": form.get("schema"), "strict": True}
        found["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif form:
        raise unsupported("output_config with that format")
    return found
