"""An upstream of the Responses API in a few words: bodies, and streams with consistent events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from proxy.surfaces.named_events import event_frame
from proxy.surfaces.responses import schema
from proxy.surfaces.responses.transcript import Transcript

UPSTREAM_ID = "resp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
MESSAGE_ID = "msg_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
CALL_ID = "fc_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
CREATED = 1_699_999_999
USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 13,
}
WEATHER = {
    "type": "function_call",
    "id": CALL_ID,
    "status": "completed",
    "call_id": "call_1a2b",
    "name": "get_weather",
    "arguments": '{"city":"Oslo"}',
}


def begun(request: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A response as an upstream begins it."""
    return {**schema.response(UPSTREAM_ID, CREATED, "m-2026", request or {}), "store": True, **more}


def message(*texts: str) -> dict[str, Any]:
    """A message with text parts."""
    parts = [schema.text_part(text) for text in texts]
    return {**schema.message(MESSAGE_ID, {}), "content": parts}


def response(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A completed response."""
    return {**schema.ended(begun(), output, USAGE), **more}


def body(*output: dict[str, Any], **more: Any) -> bytes:
    """A completed response as bytes."""
    return orjson.dumps(response(*output, **more))


def said(text: str) -> bytes:
    """A completed response that says one text."""
    return body(message(text))


def stream(*texts: str, request: dict[str, Any] | None = None, **last: Any) -> list[bytes]:
    """A message streamed word by word, one part for each text; `last`: changes of the last response."""
    told = Transcript()
    first = begun(request)
    frames = [told.write(f"response.{kind}", response=first) for kind in ("created", "in_progress")]
    where: dict[str, Any] = {"item_id": MESSAGE_ID, "output_index": 0}
    opened = {**message(), "status": "in_progress"}
    frames.append(told.write("response.output_item.added", output_index=0, item=opened))
    for place, text in enumerate(texts):
        frames += _part(told, {**where, "content_index": place}, text)
    done = message(*texts)
    frames.append(told.write("response.output_item.done", output_index=0, item=done))
    frames.append(told.end({**schema.ended(first, [done], USAGE), **last}))
    return frames


def _part(told: Transcript, where: dict[str, Any], text: str) -> list[bytes]:
    frames = [told.write("response.content_part.added", **where, part=schema.text_part(""))]
    for place, word in enumerate(text.split(" ")):
        delta = (" " if place else "") + word
        frames.append(told.write("response.output_text.delta", **where, delta=delta, logprobs=[]))
    frames.append(told.write("response.output_text.done", **where, text=text, logprobs=[]))
    return [*frames, told.write("response.content_part.done", **where, part=schema.text_part(text))]


def call_stream(arguments: Sequence[str] = ('{"city":', '"Oslo"}')) -> list[bytes]:
    """A function call, its arguments in fragments."""
    told = Transcript()
    first = begun()
    item = {**WEATHER, "arguments": "".join(arguments)}
    where: dict[str, Any] = {"item_id": CALL_ID, "output_index": 0}
    frames = [told.write("response.created", response=first)]
    opened = {**WEATHER, "arguments": "", "status": "in_progress"}
    frames.append(told.write("response.output_item.added", output_index=0, item=opened))
    kind = "response.function_call_arguments.delta"
    frames += [told.write(kind, **where, delta=part) for part in arguments]
    whole = {"name": item["name"], "arguments": item["arguments"]}
    frames.append(told.write("response.function_call_arguments.done", **where, **whole))
    frames.append(told.write("response.output_item.done", output_index=0, item=item))
    frames.append(told.end(schema.ended(first, [item], USAGE)))
    return frames


def event(kind: str, number: int = 0, **fields: Any) -> bytes:
    """Any event."""
    return event_frame({"type": kind, "sequence_number": number, **fields})


def every_kind() -> list[dict[str, Any]]:
    """The events of a response that thinks, searches, speaks, calls, computes and draws."""
    told: list[dict[str, Any]] = []

    def tell(kind: str, **fields: Any) -> None:
        told.append({"type": f"response.{kind}", "sequence_number": len(told), **fields})

    first = begun(KNOWN_REQUEST)
    tell("created", response=first)
    thought = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm, well."}]}
    summary = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    tell("output_item.added", output_index=0, item={**thought, "summary": []})
    tell("reasoning_summary_part.added", **summary, part={"type": "summary_text", "text": ""})
    tell("reasoning_summary_text.delta", **summary, delta="Hm, well.", obfuscation="abc")
    tell("reasoning_summary_text.done", **summary, text="Hm, well.")
    tell("output_item.done", output_index=0, item=thought)
    action = {"type": "search", "query": "oslo sun", "sources": [{"type": "url", "url": "https://a.test"}]}
    search = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": action}
    tell("web_search_call.searching", output_index=1, item_id="ws_1")
    tell("output_item.done", output_index=1, item=search)
    where = {"item_id": "msg_1", "output_index": 2, "content_index": 0}
    tell("output_item.added", output_index=2, item={**message(), "id": "msg_1", "phase": "final_answer"})
    tell("content_part.added", **where, part=schema.text_part(""))
    for text in ("It is", " sunny."):
        near = [{"token": "x", "logprob": -2}]
        entry = {"token": text, "logprob": -1, "bytes": [1], "top_logprobs": near}
        tell("output_text.delta", **where, delta=text, logprobs=[entry], obfuscation="xyz")
    cited = {"type": "url_citation", "url": "https://a.test", "title": "A title", "start_index": 0}
    tell("output_text.annotation.added", **where, annotation_index=0, annotation=cited)
    part = {**schema.text_part("It is sunny."), "annotations": [cited]}
    tell("output_text.done", **where, text="It is sunny.", logprobs=[])
    tell("content_part.done", **where, part=part)
    tell("output_item.done", output_index=2, item={**schema.message("msg_1", part), "phase": "final_answer"})
    tell("function_call_arguments.delta", item_id=CALL_ID, output_index=3, delta=WEATHER["arguments"])
    tell("output_item.done", output_index=3, item=WEATHER)
    code = {
        "id": "ci_1",
        "type": "code_interpreter_call",
        "code": "1+1",
        "outputs": [{"type": "logs", "logs": "two"}],
    }
    tell("code_interpreter_call_code.done", item_id="ci_1", output_index=4, code="1+1")
    tell("output_item.done", output_index=4, item=code)
    image = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": PNG}
    tell("image_generation_call.partial_image", item_id="ig_1", output_index=5, partial_image_b64=PNG)
    tell("completed", response=schema.ended(first, [thought, search, WEATHER, code, image], USAGE))
    return told


KNOWN_REQUEST: dict[str, Any] = {
    "instructions": "Do it well.",
    "metadata": {"note": "v w"},
    "tools": [{"type": "function", "name": "f", "parameters": {"properties": {"a": {"description": "d e"}}}}],
}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
