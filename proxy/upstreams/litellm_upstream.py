"""Every provider that does not speak OpenAI's protocol, through litellm. The only importer of it.

litellm is imported on first use, in a thread (it takes seconds), with its network price list off.
Its answers are rebuilt as OpenAI's wire bytes and read by the surface's codec, so nothing behind the
port differs from `http_upstream`. Its exceptions carry provider text, which may hold keys: none of it
goes on, only our own words by kind of fault.

litellm ends a stream that broke off with a made-up `stop` (measured on 1.106). The wrapper still
knows that no finish reason was received; that is how a cut-off is found here. What cannot be seen:
a cut-off that a provider itself reports as finished, and, with `n` > 1 on a stream, the finish
reasons of single choices (all get the last one received).

A request with tools makes litellm look for MCP servers to call by itself. It must not, and where the package
for that is not installed it would fail (measured on 1.106).
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import warnings
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson

from policies.critique import Ask
from proxy.exchange.exchange import Delta, Exchange
from proxy.exchange.ports import CHAT, CriticAnswer, UpstreamError, UpstreamHead
from proxy.upstreams import faults
from proxy.upstreams import openai_wire as wire
from proxy.upstreams.critic_call import critic_model, critic_payload, read_critic_answer
from proxy.upstreams.litellm_faults import translated
from proxy.upstreams.litellm_request import litellm_arguments

_JSON_HEAD = UpstreamHead(200, (("content-type", "application/json"),))
_STREAM_HEAD = UpstreamHead(200, (("content-type", "text/event-stream; charset=utf-8"),))


@dataclass(frozen=True, slots=True)
class LitellmTarget:
    """Where a model name leads: a litellm model, with key and address of the provider.

    Without a key litellm reads the provider's own variables (`ANTHROPIC_API_KEY`, …). All of it is
    configuration; nothing of it ever comes from a request.
    """

    model: str
    api_key: str | None = field(default=None, repr=False)
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class LitellmTimeouts:
    """Time limits in seconds: until the answer starts, between its pieces, and in all."""

    first_byte: float = 300.0
    idle: float = 120.0
    total: float = 600.0


class LitellmUpstream:
    """Upstream and critic over litellm. `targets`: model name to target; any other name is itself."""

    wires = CHAT

    def __init__(
        self, targets: Mapping[str, LitellmTarget] | None = None, timeouts: LitellmTimeouts | None = None
    ) -> None:
        self._targets = dict(targets or {})
        self.timeouts = timeouts or LitellmTimeouts()
        self._importing = asyncio.Lock()
        self._litellm: Any = None

    def open(self, exchange: Exchange, payload: bytes) -> LitellmCall:
        """See `ports.Upstream.open`. Chat completions only."""
        return LitellmCall(self, exchange, payload)

    async def ask(self, exchange: Exchange, prompt: Ask) -> CriticAnswer:
        """See `ports.Critic.ask`."""
        body = critic_payload(critic_model(exchange, prompt), prompt)
        answer = await self.complete(body)
        return read_critic_answer(_body(answer))

    async def models(
        self, headers: Mapping[str, str] | None = None, key: str | None = None
    ) -> list[dict[str, Any]]:
        """The configured names; providers are not asked."""
        del headers, key
        owners = {name: target.model.partition("/")[0] for name, target in self._targets.items()}
        return [
            {"id": name, "object": "model", "created": 0, "owned_by": owner} for name, owner in owners.items()
        ]

    async def complete(self, request: Mapping[str, Any]) -> Any:
        """litellm's answer (or its stream) to a parsed chat-completions body.

        Raises:
            UpstreamError: with a code, status and words of our own.
        """
        name = request.get("model")
        target = self._targets.get(str(name)) or LitellmTarget(str(name))
        arguments = litellm_arguments(request, target.model)
        litellm = await self.load()
        return await _within(
            self.timeouts.first_byte,
            litellm.acompletion(
                **arguments,
                **_configured(target),
                timeout=self.timeouts.total,
                num_retries=0,
                max_retries=0,
                _skip_mcp_handler=True,
            ),
        )

    async def load(self) -> Any:
        """litellm, imported in a thread on the first call. Call it early to spare that one the wait.

        Raises:
            UpstreamError: it cannot be imported.
        """
        async with self._importing:
            if self._litellm is None:
                try:
                    self._litellm = await asyncio.to_thread(_import_litellm)
                except ImportError:
                    raise UpstreamError.unreachable() from None
        return self._litellm

    async def aclose(self) -> None:
        """Close litellm's connections and its background worker, where it was loaded.

        litellm keeps both for the whole process, so a second app in it has them closed as well; its
        next call opens new ones.
        """
        if self._litellm is None:
            return
        worker = importlib.import_module("litellm.litellm_core_utils.logging_worker")
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_stop_worker, worker.GLOBAL_LOGGING_WORKER)
            # Closed clients stay in the cache and would be handed out again.
            stack.callback(self._litellm.in_memory_llm_clients_cache.flush_cache)
            stack.push_async_callback(self._litellm.close_litellm_async_clients)


class LitellmCall:
    """One call: a context that gives the answer under way (itself) and closes its stream after."""

    __slots__ = ("_answer", "_exchange", "_payload", "_upstream", "head", "pending")

    def __init__(self, upstream: LitellmUpstream, exchange: Exchange, payload: bytes) -> None:
        self._upstream = upstream
        self._exchange = exchange
        self._payload = payload
        self._answer: Any = None
        self.head = _STREAM_HEAD if exchange.stream else _JSON_HEAD
        self.pending = False

    async def __aenter__(self) -> Self:
        if self._exchange.target != "/chat/completions":
            raise faults.own_error(404, "unsupported_route", "This provider answers chat completions only.")
        self._answer = await self._upstream.complete(orjson.loads(self._payload))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._exchange.stream:
            await self._answer.aclose()

    async def deltas(self) -> AsyncGenerator[Delta]:
        """See `ports.UpstreamAnswer.deltas`."""
        codec = self._exchange.codec
        if not self._exchange.stream:
            yield faults.read(codec.body, _body(self._answer))
            return
        open_choices: dict[int, None] = {}
        last: dict[str, Any] = {}
        while (chunk := await self._next()) is not None:
            last = _chunk(chunk)
            _note_choices(last, open_choices, self._answer)
            yield faults.read(codec.frame, wire.event(last))
        for frame in _closing(last, open_choices, self._answer):
            yield faults.read(codec.frame, frame)

    async def _next(self) -> Any:
        return await _within(self._upstream.timeouts.idle, anext(self._answer, None))


async def _within(seconds: float, awaited: Awaitable[Any]) -> Any:
    """What litellm gives within a time limit, its exceptions translated."""
    try:
        async with asyncio.timeout(seconds):
            return await awaited
    except TimeoutError:
        raise UpstreamError.timed_out() from None
    except UpstreamError:
        raise
    except Exception as error:  # noqa: BLE001 (litellm raises what its providers raise; none of it may pass)
        raise translated(error) from None


async def _stop_worker(worker: Any) -> None:
    # A worker that another, closed loop left behind cannot be cancelled any more, and need not be.
    with suppress(RuntimeError):
        await worker.stop()


def _import_litellm() -> Any:
    # Read while it is imported: without the first it fetches a price list from the network, without the
    # second it reads a .env file of the working directory.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    # Its own types make pydantic warn on the first call; nobody here can do anything about it.
    warnings.filterwarnings("ignore", message="Item .* on TypedDict class", category=UserWarning)
    litellm: Any = importlib.import_module("litellm")
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.drop_params = False
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        # Its log lines quote requests and provider errors.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return litellm


def _configured(target: LitellmTarget) -> dict[str, str]:
    given = {"api_key": target.api_key or "", "api_base": target.base_url}
    return {name: value for name, value in given.items() if value}


def _body(answer: Any) -> bytes:
    """An answer of litellm as OpenAI's body: keys that the specification requires are there."""
    try:
        whole: dict[str, Any] = answer.model_dump(exclude_none=True)
        for choice in whole["choices"]:
            choice.pop("provider_specific_fields", None)
            message = choice["message"]
            extra = message.pop("provider_specific_fields", None) or {}
            message.setdefault("content", None)
            message.setdefault("refusal", extra.get("refusal"))
            choice.setdefault("logprobs", None)
        return orjson.dumps(whole)
    except (AttributeError, KeyError, TypeError):
        raise UpstreamError.invalid() from None


def _chunk(chunk: Any) -> dict[str, Any]:
    """A chunk of litellm as OpenAI's; the one that only counts tokens has no choices."""
    whole: dict[str, Any] = chunk.model_dump(exclude_none=True)
    choices = whole.get("choices", [])
    if "usage" in whole and not any(one.get("delta") or one.get("finish_reason") for one in choices):
        return {**whole, "choices": []}
    for choice in choices:
        choice["delta"] = {
            key: value for key, value in choice.get("delta", {}).items() if key not in _INTERNAL
        }
        choice.setdefault("logprobs", None)
        choice.setdefault("finish_reason", None)
    return whole


_INTERNAL = frozenset({"provider_specific_fields"})


def _note_choices(chunk: Mapping[str, Any], open_choices: dict[int, None], stream: Any) -> None:
    """Keep the list of choices without a finish reason.

    Raises:
        UpstreamError: `upstream_cut_off`; the finish reason is litellm's own invention.
    """
    for choice in chunk["choices"]:
        open_choices[choice["index"]] = None
        if choice["finish_reason"] is not None:
            if _received_finish(stream) is None:
                raise UpstreamError.cut_off()
            del open_choices[choice["index"]]


def _received_finish(stream: Any) -> str | None:
    received = getattr(stream, "received_finish_reason", None)
    return received or getattr(stream, "intermittent_finish_reason", None)


def _closing(last: Mapping[str, Any], open_choices: Mapping[int, None], stream: Any) -> list[bytes]:
    """What is missing at the end: finish reasons that litellm swallowed, and the end mark."""
    reason = _received_finish(stream)
    if not last or reason is None:
        raise UpstreamError.cut_off()
    head = wire.AnswerHead(str(last.get("id")), str(last.get("model")), int(last.get("created", 0)))
    frames = [wire.event(wire.chunk(head, index, {}, reason)) for index in open_choices]
    return [*frames, wire.DONE]
