"""A Responses request as a chat-completions request, for models whose upstream speaks only that. Pure.

What has no counterpart there is refused by name; only reasoning items of earlier turns are left out, because
no chat server reads them back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.errors import bad_field
from proxy.surfaces.chat_completions.codec import Role
from proxy.surfaces.responses.intake import is_message, is_reference
from proxy.surfaces.wires import unsupported

_TRANSLATED = frozenset(
    ("input", "instructions", "text", "tools", "tool_choice", "reasoning", "max_output_tokens")
)
_LEFT_OUT = frozenset(("moderation", "stream_options", "include", "truncation", "max_tool_calls", "store"))
_REFUSED = ("previous_response_id", "conversation", "prompt", "background", "context_management")
_ROLES = frozenset({"user", "assistant", "system", "developer"})
_TEXTS = frozenset({"input_text", "output_text", "text"})


def chat_body(request: Mapping[str, Any], role: Role) -> dict[str, Any]:
    """The chat request: the client's instructions, under the given role, then its items.

    Unknown fields go on as they are.

    Raises:
        BadRequest: `unsupported_by_upstream`, something has no counterpart in chat completions.
    """
    for name in _REFUSED:
        if request.get(name):
            raise unsupported(name)
    known = _TRANSLATED | _LEFT_OUT | {*_REFUSED}
    body = {name: value for name, value in request.items() if name not in known and value is not None}
    told = request.get("instructions")
    first = [{"role": role, "content": told}] if told else []
    body["messages"] = [*first, *_messages(request.get("input"))]
    body |= _text_options(request.get("text"))
    if request.get("tools"):
        body["tools"] = [_tool(tool) for tool in _listed(request["tools"], "tools")]
    if request.get("tool_choice") is not None:
        body["tool_choice"] = _tool_choice(request["tool_choice"])
    reasoning = request.get("reasoning")
    if type(reasoning) is dict and reasoning.get("effort"):
        body["reasoning_effort"] = reasoning["effort"]
    if request.get("max_output_tokens") is not None:
        body["max_completion_tokens"] = request["max_output_tokens"]
    if body.get("top_logprobs"):
        body["logprobs"] = True
    if request.get("stream"):
        body["stream_options"] = {"include_usage": True}
    return body


def _listed(value: Any, name: str) -> list[Any]:
    if type(value) is not list:
        raise bad_field(name, "must hold a list")
    return value


def _messages(given: Any) -> list[dict[str, Any]]:
    if type(given) is str:
        return [{"role": "user", "content": given}]
    messages: list[dict[str, Any]] = []
    for item in given or ():
        kind = item.get("type")
        if is_message(item):
            messages.append(_message(item))
        elif kind == "function_call":
            _add_call(item, messages)
        elif kind == "function_call_output":
            content = _tool_text(item.get("output"))
            messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": content})
        elif is_reference(item):
            raise unsupported("input item of type item_reference")
        elif kind != "reasoning":
            raise unsupported("input item of that type")
    return messages


def _message(item: Mapping[str, Any]) -> dict[str, Any]:
    role, content = item.get("role"), item.get("content")
    if type(role) is not str or role not in _ROLES:
        raise unsupported("input message of that role")
    if type(content) is list:
        parts = [_part(part) for part in content]
        texts = [part["text"] for part in parts if part["type"] == "text"]
        # Many chat servers read assistant and system messages as strings only.
        plain = role != "user" and len(texts) == len(parts)
        content = "".join(texts) if plain else parts
    elif type(content) is not str:
        raise unsupported("input message without content")
    return {"role": role, "content": content}


def _part(part: Any) -> dict[str, Any]:
    kind = part.get("type") if type(part) is dict else None
    if type(kind) is str and kind in _TEXTS and type(part.get("text")) is str:
        return {"type": "text", "text": part["text"]}
    if kind == "refusal" and type(part.get("refusal")) is str:
        return {"type": "refusal", "refusal": part["refusal"]}
    if kind == "input_image" and type(part.get("image_url")) is str:
        image = {name: part[name] for name in ("detail",) if part.get(name)}
        return {"type": "image_url", "image_url": {"url": part["image_url"], **image}}
    if kind == "input_file" and (part.get("file_data") or part.get("file_id")):
        names = ("file_data", "file_id", "filename")
        return {"type": "file", "file": {name: part[name] for name in names if part.get(name)}}
    raise unsupported("input content part of that type")


def _add_call(item: Mapping[str, Any], messages: list[dict[str, Any]]) -> None:
    """Calls of one turn belong to one message of the assistant's."""
    called = {"name": item.get("name"), "arguments": item.get("arguments")}
    call = {"id": item.get("call_id"), "type": "function", "function": called}
    if messages and messages[-1]["role"] == "assistant":
        messages[-1].setdefault("tool_calls", []).append(call)
    else:
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})


def _tool_text(output: Any) -> str:
    if type(output) is str:
        return output
    parts = [_part(part) for part in output] if type(output) is list else [{"type": ""}]
    if any(part["type"] != "text" for part in parts):
        raise unsupported("input tool output that is no text")
    return "\n".join(part["text"] for part in parts)


def _text_options(text: Any) -> dict[str, Any]:
    if type(text) is not dict:
        return {}
    options: dict[str, Any] = {}
    if text.get("verbosity"):
        options["verbosity"] = text["verbosity"]
    form = text.get("format")
    form = form if type(form) is dict else {}
    kind = form.get("type")
    if kind == "json_object":
        options["response_format"] = {"type": kind}
    elif kind == "json_schema":
        schema = {name: value for name, value in form.items() if name != "type"}
        options["response_format"] = {"type": kind, "json_schema": schema}
    elif kind not in (None, "text"):
        raise unsupported("text format of that type")
    return options


def _tool(tool: Any) -> dict[str, Any]:
    if type(tool) is not dict or tool.get("type") != "function":
        raise unsupported("tools but functions")
    names = ("name", "description", "parameters", "strict")
    return {
        "type": "function",
        "function": {name: tool[name] for name in names if tool.get(name) is not None},
    }


def _tool_choice(choice: Any) -> Any:
    if type(choice) is str:
        return choice
    kind = choice.get("type") if type(choice) is dict else None
    if kind == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    if kind == "allowed_tools":
        tools = [_tool_choice(tool) for tool in _listed(choice.get("tools") or [], "tool_choice")]
        return {"type": kind, "allowed_tools": {"mode": choice.get("mode"), "tools": tools}}
    raise unsupported("tool_choice of that type")
