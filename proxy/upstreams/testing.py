"""Real fakes for tests around upstreams: a scripted HTTP server, exchanges to send, a plain codec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from classifiers.classification import Conversation, Origin, Turn
from policies.bundle import PolicyBundle
from policies.constitution import CompiledConstitution
from policies.policy import Policy
from policies.replies import CannedReplies
from proxy.exchange.exchange import Delta, Exchange, Piece
from proxy.exchange.ports import Codec, UpstreamError
from proxy.upstreams.critic_call import read_usage
from proxy.upstreams.testing_behaviours import BEHAVIOURS, TEXT
from proxy.upstreams.testing_server import ScriptedServer
from proxy.upstreams.testing_talk import Call, Talk

__all__ = ["BEHAVIOURS", "TEXT", "Call", "PlainCodec", "ScriptedServer", "Talk", "an_exchange"]


def an_exchange(
    model: str = "ok",
    *,
    prompt: str = "Hello there",
    stream: bool = False,
    headers: Mapping[str, str] | None = None,
    codec: Codec | None = None,
    critic: str = "",
    **fields: Any,
) -> Exchange:
    """A chat exchange; `fields` are added to its request body."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], **fields}
    if stream:
        body["stream"] = True
    return Exchange(
        id="gh-test",
        surface="chat_completions",
        tenant="default",
        model=model,
        stream=stream,
        conversation=Conversation((Turn("user", prompt, Origin.USER),)),
        bundle=a_bundle(critic),
        codec=codec or PlainCodec(),
        body=body,
        original=orjson.dumps(body),
        headers=headers or {},
        started=0.0,
        deadline=float("inf"),
        choices=int(body.get("n") or 1),
    )


def a_bundle(critic: str = "") -> PolicyBundle:
    """A policy without rules, an empty constitution, no replies."""
    return PolicyBundle(
        policy=Policy(name="test", version="1", rules=(), critic=critic),
        constitution=CompiledConstitution(name="none", version="1", digest="", text="", tokens=0),
        replies=CannedReplies(name="none", version="1", texts={}),
    )


@dataclass(frozen=True, slots=True)
class PlainCodec:
    """The smallest codec that reads chat completions: content, tool arguments, finishes, usage."""

    path: str = "/chat/completions"

    def payload(self, exchange: Exchange, constitution: str) -> bytes:
        """The original bytes."""
        del constitution
        return exchange.original

    def body(self, raw: bytes) -> Delta:
        """See `ports.Codec.body`."""
        return _delta(raw, _parsed(raw), "message")

    def frame(self, raw: bytes) -> Delta:
        """See `ports.Codec.frame`."""
        lines = [line[5:].strip() for line in raw.splitlines() if line.startswith(b"data:")]
        if not lines:
            return Delta(raw=raw, kind="comment")
        if lines == [b"[DONE]"]:
            return Delta(raw=raw, kind="done")
        payload = _parsed(b"\n".join(lines))
        if "error" in payload:
            return Delta(raw=raw, kind="error", data=payload)
        return _delta(raw, payload, "delta")


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        payload = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise UpstreamError.invalid() from None
    if not isinstance(payload, dict):
        raise UpstreamError.invalid()
    return payload


def _delta(raw: bytes, payload: dict[str, Any], key: str) -> Delta:
    choices = payload.get("choices")
    if not isinstance(choices, list) or (key == "message" and not choices):
        raise UpstreamError.invalid()
    pieces: list[Piece] = []
    finishes: list[tuple[int, str]] = []
    for choice in choices:
        index, said = choice["index"], choice.get(key) or {}
        pieces += _pieces(index, said)
        if choice.get("finish_reason"):
            finishes.append((index, choice["finish_reason"]))
    counted = payload.get("usage")
    return Delta(
        raw=raw,
        kind="body" if key == "message" else "chunk" if choices else "usage",
        pieces=tuple(pieces),
        finishes=tuple(finishes),
        usage=read_usage(counted) if counted else None,
        data=payload,
    )


def _pieces(index: int, said: dict[str, Any]) -> list[Piece]:
    calls = said.get("tool_calls") or ()
    pieces = [Piece(index, "tool_call", call["function"].get("arguments", "")) for call in calls]
    if said.get("content"):
        pieces.insert(0, Piece(index, "content", said["content"]))
    return pieces
