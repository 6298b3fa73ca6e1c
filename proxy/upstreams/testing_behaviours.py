"""What the scripted server does, chosen by model name: well, late, half, wrong or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from proxy.upstreams import openai_wire as wire
from proxy.upstreams.testing_talk import Behaviour, Talk

TEXT = "Grüße, 世界 👋 from the scripted upstream."
WORDS = tuple(word + " " for word in TEXT.split(" "))

_HEAD = wire.AnswerHead(id="chatcmpl-scripted", model="scripted-model", created=1_700_000_000)
_USAGE = {**wire.usage(11, 7), "prompt_tokens_details": {"cached_tokens": 3}}
_TOOL_CALL = {
    "index": 0,
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Oslo"}'},
}


def events(payload: Mapping[str, Any]) -> list[bytes]:
    """The events that answer a request well: role, words by turns of the choices, finish, usage, end."""
    indices = range(int(payload.get("n") or 1))
    frames = [wire.event(wire.chunk(_HEAD, i, {"role": "assistant", "content": ""})) for i in indices]
    frames += [wire.event(wire.chunk(_HEAD, i, {"content": word})) for word in WORDS for i in indices]
    frames += [wire.event(wire.chunk(_HEAD, i, {}, "stop")) for i in indices]
    if wire.wants_usage(payload):
        frames.append(wire.event(wire.usage_chunk(_HEAD, _USAGE)))
    return [*frames, wire.DONE]


async def list_models(talk: Talk) -> None:
    """Answer `GET /models`."""
    await talk.json({"object": "list", "data": [{"id": "ok", "object": "model", "owned_by": "tests"}]})


async def _ok(talk: Talk) -> None:
    if talk.payload.get("stream"):
        await talk.stream(b"".join(events(talk.payload)))
        return
    indices = range(int(talk.payload.get("n") or 1))
    choices = [wire.choice(i, {"content": TEXT}, "stop") for i in indices]
    await talk.json(wire.completion(_HEAD, choices, _USAGE), x_request_id="req-scripted")


async def _slow(talk: Talk) -> None:
    await asyncio.sleep(0.2)
    await _ok(talk)


async def _late(talk: Talk) -> None:
    await talk.client_gone()


async def _split(talk: Talk) -> None:
    await talk.start_stream()
    for byte in b"".join(events(talk.payload)):
        await talk.part(bytes([byte]))
        await asyncio.sleep(0)
    await talk.send(b"0\r\n\r\n")


async def _crlf(talk: Talk) -> None:
    await talk.stream(b"".join(events(talk.payload)).replace(b"\n", b"\r\n"))


async def _comments(talk: Talk) -> None:
    await talk.stream(b": waiting\n\n" + b": still waiting\n\n".join(events(talk.payload)))


async def _tools(talk: Talk) -> None:
    if not talk.payload.get("stream"):
        whole = {name: value for name, value in _TOOL_CALL.items() if name != "index"}
        made = wire.choice(0, {"tool_calls": [whole]}, "tool_calls")
        await talk.json(wire.completion(_HEAD, [made], _USAGE))
        return
    first = wire.event(wire.chunk(_HEAD, 0, {"role": "assistant", "tool_calls": [_TOOL_CALL]}))
    last = wire.event(wire.chunk(_HEAD, 0, {}, "tool_calls"))
    await talk.stream(first + last + wire.DONE)


async def _error_event(talk: Talk) -> None:
    error = {"error": {"message": "scripted", "type": "server_error", "param": None, "code": None}}
    await talk.stream(b"".join(events(talk.payload)[:3]) + wire.event(error) + wire.DONE)


async def _cut(talk: Talk) -> None:
    await talk.stream(b"".join(events(talk.payload)[:4]), chunked=False)


async def _cut_chunked(talk: Talk) -> None:
    await talk.start_stream()
    await talk.part(b"".join(events(talk.payload)[:4]))
    talk.keep = False


async def _half(talk: Talk) -> None:
    frames = events(talk.payload)
    await talk.stream(b"".join(frames[:4]) + frames[4][:-20], chunked=False)


async def _no_mark(talk: Talk) -> None:
    await talk.stream(b"".join(events(talk.payload)[:-1]), chunked=False)


async def _bare_mark(talk: Talk) -> None:
    await talk.stream(b"".join(events(talk.payload)[:-1]) + b"data: [DONE]", chunked=False)


async def _one_unfinished(talk: Talk) -> None:
    """Ends after the first choice's finish reason: with `n` > 1 the others have none."""
    frames = events(talk.payload)
    first_finish = next(i for i, frame in enumerate(frames) if b'"finish_reason":"stop"' in frame)
    await talk.stream(b"".join(frames[: first_finish + 1]), chunked=False)


async def _stall(talk: Talk) -> None:
    await talk.start_stream()
    await talk.part(b"".join(events(talk.payload)[:2]))
    await talk.client_gone()


async def _endless(talk: Talk) -> None:
    await talk.start_stream()
    talk.keep = False
    while not talk.reader.at_eof():
        await talk.part(events(talk.payload)[1])
        await asyncio.sleep(0.005)


async def _drip(talk: Talk) -> None:
    await talk.head(200, {"content-type": "application/json", "content-length": "1000000"})
    talk.keep = False
    while not talk.reader.at_eof():
        await talk.send(b" ")
        await asyncio.sleep(0.01)


async def _reset(talk: Talk) -> None:
    await talk.start_stream()
    await talk.part(b"".join(events(talk.payload)[:3]))
    await asyncio.sleep(0.02)
    talk.keep = False
    talk.writer.transport.abort()


async def _hang_up(talk: Talk) -> None:
    talk.keep = False


async def _stale(talk: Talk) -> None:
    """Answers the first request of a connection and hangs up on the second."""
    if talk.again:
        talk.keep = False
        return
    await _ok(talk)


async def _echo(talk: Talk) -> None:
    await talk.error(401, "invalid_api_key", f"wrong key {talk.call.headers.get('authorization')}")


async def _json_for_stream(talk: Talk) -> None:
    made = wire.choice(0, {"content": TEXT}, "stop")
    await talk.json(wire.completion(_HEAD, [made], _USAGE))


async def _short(talk: Talk) -> None:
    await talk.head(200, {"content-type": "application/json", "content-length": "5000"})
    await talk.send(b'{"choices": []}')
    talk.keep = False


async def _huge(talk: Talk) -> None:
    await talk.start_stream()
    talk.keep = False
    while not talk.reader.at_eof():
        await talk.part(b"x" * 65_536)


async def _redirect(talk: Talk) -> None:
    await talk.answer(b"", 307, location="/v1/elsewhere", set_cookie="a=b", server="secret")


async def _reasoning_model(talk: Talk) -> None:
    """Turns down what OpenAI's reasoning models turn down."""
    for name in ("max_tokens", "temperature"):
        if name in talk.payload:
            error = {"message": "no", "type": "invalid_request_error", "param": name}
            await talk.json({"error": {**error, "code": "unsupported_parameter"}}, 400)
            return
    await _ok(talk)


async def _cut_by_length(talk: Talk) -> None:
    await talk.json(wire.completion(_HEAD, [wire.choice(0, {"content": "half"}, "length")], _USAGE))


def _fixed(raw: bytes, status: int = 200, kind: str = "application/json") -> Behaviour:
    async def answer(talk: Talk) -> None:
        await talk.answer(raw, status, kind)

    return answer


def _failing(status: int, code: str | None = None, **more: str) -> Behaviour:
    async def answer(talk: Talk) -> None:
        await talk.error(status, code, **more)

    return answer


BEHAVIOURS: Mapping[str, Behaviour] = {
    "ok": _ok,
    "slow": _slow,
    "late": _late,
    "split": _split,
    "crlf": _crlf,
    "comments": _comments,
    "tools": _tools,
    "error-event": _error_event,
    "cut": _cut,
    "cut-chunked": _cut_chunked,
    "half": _half,
    "no-mark": _no_mark,
    "bare-mark": _bare_mark,
    "one-unfinished": _one_unfinished,
    "stall": _stall,
    "endless": _endless,
    "drip": _drip,
    "reset": _reset,
    "hang-up": _hang_up,
    "stale": _stale,
    "echo": _echo,
    "json-for-stream": _json_for_stream,
    "short": _short,
    "huge": _huge,
    "redirect": _redirect,
    "reasoning-model": _reasoning_model,
    "cut-by-length": _cut_by_length,
    "bad-json": _fixed(b'{"choices": [{"index": 0, "mess'),
    "empty-object": _fixed(b"{}"),
    "null-choices": _fixed(b'{"choices": null}'),
    "html": _fixed(b"<html>hello</html>", kind="text/html"),
    "bad-utf8": _fixed(b'{"choices": [{"index": 0, "message": {"content": "\xff\xfe"}}]}'),
    "empty-status": _fixed(b"", 204),
    "odd-status": _fixed(b"{}", 600),
    "error-400": _failing(400, "invalid_request"),
    "error-filter": _failing(400, "content_filter"),
    "error-policy": _failing(400, "content_policy_violation"),
    "error-401": _failing(401, "invalid_api_key"),
    "error-context": _failing(400, "context_length_exceeded"),
    "error-429": _failing(429, "rate_limit_exceeded", retry_after="7", retry_after_ms="6500"),
    "error-500": _failing(500),
    "error-html": _fixed(b"<html>bad gateway</html>", 502, "text/html"),
}
