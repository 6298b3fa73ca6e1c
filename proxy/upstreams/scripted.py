"""The stand-in for first runs and tests: deterministic, offline, and no language model.

It reads the payload as a model would, speaks the lines of `scripts.py`, and answers in OpenAI's wire
bytes through the surface's codec. Replies carry the model name `gatehouse-scripted`, whatever model
was asked for, so that nobody takes it for one.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import orjson

from policies.critique import Ask
from proxy.exchange.exchange import Delta, Exchange, Usage
from proxy.exchange.ports import CHAT, CriticAnswer, UpstreamAnswer, UpstreamHead
from proxy.upstreams import openai_wire as wire
from proxy.upstreams.faults import own_error
from proxy.upstreams.scripts import DEFAULT, SCRIPTS, TOOL_TRIGGER, Script, script_for

MODEL = "gatehouse-scripted"
_PIECES = 8
_SCHEMA_DEPTH = 8
_FORBIDDEN = re.compile(r"^- ([\w-]+): A draft must not mention (.+)\.$", re.MULTILINE)


class ScriptedUpstream:
    """Upstream and critic in one. `delay`: seconds before each chunk of a stream; `clock`: Unix time."""

    wires = CHAT

    def __init__(
        self,
        delay: float = 0.0,
        scripts: tuple[Script, ...] = SCRIPTS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._delay = delay
        self._scripts = scripts
        self._clock = clock

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """See `ports.Upstream.open`. Only chat completions have scripts."""
        if exchange.target != "/chat/completions":
            raise own_error(404, "unsupported_route", "The scripted stand-in answers chat completions only.")
        request = orjson.loads(payload)
        digest = hashlib.sha256(payload).hexdigest()
        head = wire.AnswerHead(id=f"chatcmpl-scripted-{digest[:24]}", model=MODEL, created=int(self._clock()))
        spoken = _spoken(request, script_for(_last_user_text(request), self._scripts))
        answer: UpstreamAnswer = _ScriptedAnswer(exchange, _Answer(head, spoken, request), self._delay)
        return nullcontext(answer)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        """See `ports.Critic.ask`. The critic knows the drafts of the scripts and nothing else."""
        del exchange
        script = next((one for one in self._scripts if _is_draft_of(one, prompt)), None)
        if prompt.purpose == "revision":
            text = script.revision if script else DEFAULT.drafts[0]
        else:
            text = _critique(script, prompt)
        await asyncio.sleep(self._delay)
        counted = Usage(_tokens(prompt.system + prompt.user), _tokens(text))
        return CriticAnswer(text=text, usage=counted)

    async def models(
        self, headers: Mapping[str, str] | None = None, key: str | None = None
    ) -> list[dict[str, Any]]:
        """The one entry of the models list, which says what it is."""
        del headers, key
        return [
            {
                "id": MODEL,
                "object": "model",
                "created": 0,
                "owned_by": "gatehouse",
                "description": "scripted stand-in, not a language model",
            }
        ]

    async def aclose(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """One choice: text, or a tool call."""

    text: str = ""
    call: Mapping[str, Any] | None = None

    @property
    def finish(self) -> str:
        return "tool_calls" if self.call else "stop"


@dataclass(frozen=True, slots=True)
class _Answer:
    """All choices of an answer, as a body or as events."""

    head: wire.AnswerHead
    choices: Sequence[_Spoken]
    request: Mapping[str, Any]

    def body(self) -> bytes:
        made = [wire.choice(i, _message(spoken), spoken.finish) for i, spoken in enumerate(self.choices)]
        return orjson.dumps(wire.completion(self.head, made, self._usage()))

    def events(self) -> list[bytes]:
        frames: list[bytes] = []
        for index, spoken in enumerate(self.choices):
            said = [wire.chunk(self.head, index, delta) for delta in _stream_deltas(spoken)]
            frames.extend(wire.event(one) for one in said)
            frames.append(wire.event(wire.chunk(self.head, index, {}, spoken.finish)))
        if wire.wants_usage(self.request):
            frames.append(wire.event(wire.usage_chunk(self.head, self._usage())))
        return [*frames, wire.DONE]

    def _usage(self) -> dict[str, int]:
        said = sum(_tokens(spoken.text or str(spoken.call)) for spoken in self.choices)
        return wire.usage(_tokens(orjson.dumps(self.request.get("messages")).decode()), said)


class _ScriptedAnswer:
    """See `ports.UpstreamAnswer`."""

    def __init__(self, exchange: Exchange, answer: _Answer, delay: float) -> None:
        kind = "text/event-stream; charset=utf-8" if exchange.stream else "application/json"
        self.head = UpstreamHead(200, (("content-type", kind), ("x-request-id", answer.head.id)))
        self.pending = False
        self._exchange = exchange
        self._answer = answer
        self._delay = delay

    async def deltas(self) -> AsyncGenerator[Delta]:
        codec = self._exchange.codec
        if not self._exchange.stream:
            await asyncio.sleep(self._delay)
            yield codec.body(self._answer.body())
            return
        for frame in self._answer.events():
            await asyncio.sleep(self._delay)
            yield codec.frame(frame)


def _spoken(request: Mapping[str, Any], script: Script) -> list[_Spoken]:
    count = request.get("n")
    count = count if isinstance(count, int) and 1 <= count <= 128 else 1
    tool = _chosen_tool(request)
    if tool is not None:
        return [_Spoken(call=_tool_call(tool, index)) for index in range(count)]
    form = request.get("response_format")
    if isinstance(form, dict) and form.get("type") in ("json_object", "json_schema"):
        return [_Spoken(text=_structured(form, script))] * count
    return [_Spoken(text=script.drafts[index % len(script.drafts)]) for index in range(count)]


def _message(spoken: _Spoken) -> dict[str, Any]:
    return {"tool_calls": [spoken.call]} if spoken.call else {"content": spoken.text}


def _stream_deltas(spoken: _Spoken) -> list[dict[str, Any]]:
    if spoken.call:
        return [{"role": "assistant", "content": None, "tool_calls": [{"index": 0, **spoken.call}]}]
    pieces = [{"content": piece} for piece in _pieces(spoken.text)]
    return [{"role": "assistant", "content": "", "refusal": None}, *pieces]


def _pieces(text: str) -> list[str]:
    """The text in at most eight pieces, cut before spaces."""
    words = re.findall(r"\s*\S+|\s+$", text)
    size = max(1, -(-len(words) // _PIECES))
    return ["".join(words[start : start + size]) for start in range(0, len(words), size)]


def _tokens(text: str) -> int:
    """A stand-in for a token count: a token is about four characters of English."""
    return max(1, len(text) // 4)


def _last_user_text(request: Mapping[str, Any]) -> str:
    """Text of the last user message."""
    messages = request.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            return _text_of(message.get("content"))
    return ""


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return " ".join(text for text in texts if isinstance(text, str))


def _chosen_tool(request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The function that the answer should call, None where it should speak.

    A forced tool is called; otherwise one is called when the prompt asks for the weather and no
    tool has answered yet.
    """
    tools = [tool.get("function") for tool in request.get("tools") or () if isinstance(tool, dict)]
    functions = [tool for tool in tools if isinstance(tool, dict) and isinstance(tool.get("name"), str)]
    choice = request.get("tool_choice")
    if not functions or choice == "none" or request["messages"][-1].get("role") == "tool":
        return None
    if isinstance(choice, dict):
        named = (choice.get("function") or {}).get("name")
        return next((one for one in functions if one["name"] == named), functions[0])
    if choice == "required" or TOOL_TRIGGER in _last_user_text(request).lower():
        return next((one for one in functions if TOOL_TRIGGER in one["name"]), functions[0])
    return None


def _tool_call(function: Mapping[str, Any], index: int) -> dict[str, Any]:
    arguments = _instance(function.get("parameters"), "Oslo")
    spoken = {"name": function["name"], "arguments": orjson.dumps(arguments or {}).decode()}
    return {"id": f"call_scripted_{index}", "type": "function", "function": spoken}


def _structured(form: Mapping[str, Any], script: Script) -> str:
    text = script.drafts[0]
    if form["type"] == "json_object":
        return orjson.dumps({"answer": text, "scripted": True}).decode()
    schema = (form.get("json_schema") or {}).get("schema")
    return orjson.dumps(_instance(schema, text)).decode()


def _instance(schema: object, text: str, depth: int = 0) -> Any:
    """A value of a JSON schema's shape: constants and enums as given, `text` for every string."""
    if not isinstance(schema, dict) or depth > _SCHEMA_DEPTH:
        return None
    if "const" in schema:
        return schema["const"]
    for key in ("enum", "anyOf", "oneOf", "allOf"):
        if schema.get(key):
            first = schema[key][0]
            return first if key == "enum" else _instance(first, text, depth + 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        known = (schema.get("properties") or {}).items()
        return {name: _instance(part, text, depth + 1) for name, part in known}
    simple = {"string": text, "integer": 1, "number": 1.0, "boolean": True, "array": []}
    return simple.get(kind) if isinstance(kind, str) else None


def _is_draft_of(script: Script, prompt: Ask) -> bool:
    """Whether a critic's prompt shows the script's faulty draft, however its lines are broken."""
    return bool(script.faults) and script.faults[0] in " ".join(prompt.user.split())


def _critique(script: Script | None, prompt: Ask) -> str:
    """The object that `policies.findings` reads."""
    findings = _canaries(prompt)
    seen = bool(findings)
    if script is not None:
        clause = next((one for one in script.clauses if f"- {one}:" in prompt.system), "")
        common = {"clause": clause, "reason": "It insults a person.", "severity": 2}
        findings += [{**common, "quote": quote} for quote in script.faults]
    action = "revise" if len(findings) > seen else "keep"
    return orjson.dumps({"findings": findings, "action": action}).decode()


def _canaries(prompt: Ask) -> list[dict[str, Any]]:
    """Findings of the clauses that forbid plain words, where the draft has them."""
    return [
        {"clause": clause, "quote": words, "reason": "It has the words.", "severity": 1}
        for clause, words in _FORBIDDEN.findall(prompt.system)
        if words in prompt.user
    ]
