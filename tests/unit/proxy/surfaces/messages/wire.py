"""An upstream of the Messages API in a few words: bodies, and streams with consistent events."""

from __future__ import annotations

from typing import Any

import orjson

from proxy.surfaces.messages import schema
from proxy.surfaces.named_events import event_frame

UPSTREAM_ID = "msg_01AbCdEfGhIjKlMnOpQrStUv"
USAGE = {"input_tokens": 9, "cache_read_input_tokens": 2, "output_tokens": 4}
WEATHER = {"type": "tool_use", "id": "toolu_01a2b", "name": "get_weather", "input": {"city": "Oslo"}}
SEAL = "EqQBCkYIBxgCKkDPV7yc4X9zW2bN0sTq8LmRfGh3KjUeIoPa5Dx1BvCnMzQwErTy6Ui7OpAs"
THOUGHT = {"type": "thinking", "thinking": "Let me see.", "signature": SEAL}


def text(said: str) -> dict[str, Any]:
    """A text block."""
    return schema.text_block(said)


def message(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A whole message."""
    called = any(block["type"] == "tool_use" for block in blocks)
    ending = {"content": list(blocks), "stop_reason": "tool_use" if called else "end_turn"}
    return {**schema.message(UPSTREAM_ID, "m-2026", USAGE), **ending, **more}


def body(*blocks: dict[str, Any], **more: Any) -> bytes:
    """The same as bytes."""
    return orjson.dumps(message(*blocks, **more))


def said(told: str) -> bytes:
    """A message that says one text."""
    return body(text(told))


def events(*blocks: dict[str, Any], **ending: Any) -> list[dict[str, Any]]:
    """A stream that says blocks, texts word by word; `ending`: of the last delta."""
    whole = message(*blocks, **ending)
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
    found: list[dict[str, Any]] = [schema.start(begun), {"type": "ping"}]
    for index, block in enumerate(blocks):
        opened, deltas = _parts(block)
        found.append(schema.block_start(index, opened))
        found += [schema.block_delta(index, delta) for delta in deltas]
        found.append(schema.block_stop(index))
    return [*found, *schema.ending(whole, {"output_tokens": 4})]


def _parts(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "tool_use":
        parts = [{"type": "input_json_delta", "partial_json": part} for part in ('{"city":', '"Oslo"}')]
        return {**block, "input": {}}, parts
    if block["type"] == "thinking":
        sealed = {"type": "signature_delta", "signature": block["signature"]}
        thought = {"type": "thinking_delta", "thinking": block["thinking"]}
        return {**block, "thinking": "", "signature": ""}, [thought, sealed]
    first, *rest = block["text"].split(" ")
    words = [first, *(f" {word}" for word in rest)]
    return {**block, "text": ""}, [schema.text_delta(word) for word in words]


def stream(*blocks: dict[str, Any], **ending: Any) -> list[bytes]:
    """The same as frames."""
    return [event_frame(event) for event in events(*blocks, **ending)]
