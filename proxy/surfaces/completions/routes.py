"""`POST /completions` as a surface, and how Gatehouse's own answers look there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from policies.bundle import PolicyBundle
from proxy.errors import bad_field
from proxy.exchange.exchange import Exchange, Replacement
from proxy.surfaces.chat_completions.codec import Role
from proxy.surfaces.chat_completions.downstream import ChatDownstream
from proxy.surfaces.chat_completions.routes import PATH as CHAT_PATH
from proxy.surfaces.chat_completions.schema import ChatForm, Shape, replaced_message
from proxy.surfaces.checks import check_flag, check_model
from proxy.surfaces.completions.codec import CARRIED, CompletionsCodec, TranslatedCodec
from proxy.surfaces.connection import Connection
from proxy.surfaces.extract import Extractor
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.reading import Limits
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.wires import WiresOf, is_native

PATH = "/completions"
_NEUTRAL: dict[str, Any] = {"echo": False, "best_of": 1, "suffix": "", "logprobs": None}
"""Fields that chat lacks, with the value that asks for nothing."""


class TextForm(ChatForm):
    """Completions have `text` where chat has a message; there is no refusal beside it."""

    prefix = "cmpl-"
    whole = piece = "text_completion"

    def replaced_choice(self, index: int, replacement: Replacement, shape: Shape) -> dict[str, Any]:
        """A choice with nothing left of the answer it replaces."""
        message, finish = replaced_message(replacement, Shape.MESSAGE if shape is Shape.REFUSAL else shape)
        return {"index": index, "text": message["content"], "logprobs": None, "finish_reason": finish}

    def chunk_choice(self, index: int, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        """One choice of a chunk."""
        text = delta.get("content") or delta.get("refusal") or ""
        return {"index": index, "text": text, "logprobs": None, "finish_reason": finish}

    def said(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """The delta that says a whole choice."""
        return {"content": choice.get("text") or ""}


class CompletionsDownstream(ChatDownstream):
    """See `ports.Downstream`."""

    blamed = "prompt"
    form = TextForm()


class Completions(Surface):
    """See `guarded_route.Surface`. `wires`: what the upstream of a model speaks; `wall`: Unix time.

    `role`: the constitution's, where chat completions are asked.
    """

    name = "completions"

    def __init__(
        self,
        wires: WiresOf,
        headers: VerdictHeaders | None = None,
        role: Role = "system",
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._wires = wires
        self._role: Role = role
        self._headers = headers or VerdictHeaders()
        self._wall = wall
        self._extractor = Extractor()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is asked.

        Raises:
            BadRequest: it cannot be walked, or the upstream cannot be asked so; names the field at fault.
        """
        body = call.body
        model = check_request(body, limits)
        native = is_native(self._wires, model, "completions")
        if not native:
            check_translatable(body)
        conversation, parts = self._conversation(body)
        prompts = body["prompt"] if _is_batch(body["prompt"]) else [body["prompt"]]
        return Asked(
            model=model,
            conversation=conversation,
            codec=CompletionsCodec() if native else TranslatedCodec(self._role),
            target=PATH if native else CHAT_PATH,
            parts=parts,
            stream=body.get("stream") is True,
            choices=len(prompts) * (body.get("n") or 1),
            wants_verdict=body.get("moderation") is not None,
        )

    def _conversation(self, body: Mapping[str, Any]) -> tuple[Conversation, int]:
        """All prompts are what the user says now: one turn, so that each of them can block."""
        prompt = body["prompt"]
        beside = {name: value for name, value in body.items() if name not in ("prompt", "suffix")}
        context, parts = self._extractor.read({**beside, "messages": []})
        texts = [text for text in (prompt if type(prompt) is list else [prompt]) if type(text) is str]
        unread = () if texts else (Uncovered("token_ids", "prompt"),)
        suffix = body.get("suffix")
        if type(suffix) is str and suffix:
            texts.append(suffix)
        said = Turn("user", "\n\n".join(texts), Origin.USER)
        turns = (*context.turns, said) if texts else context.turns
        return Conversation(turns, (*context.uncovered, *unread)), parts + len(texts) + len(unread)

    def downstream(self, exchange: Exchange, connection: Connection) -> CompletionsDownstream:
        """The client of one exchange."""
        return CompletionsDownstream(exchange, connection, self._headers, self._wall)


def _is_batch(prompt: Any) -> bool:
    """Several prompts: a list of texts, or of lists of token ids."""
    return type(prompt) is list and bool(prompt) and type(prompt[0]) in (str, list)


def check_request(body: Mapping[str, Any], limits: Limits) -> str:
    """The model of a request that can be walked.

    Raises:
        BadRequest: naming the field at fault.
    """
    model, choices = check_model(body.get("model")), body.get("n")
    prompt: Any = body.get("prompt")
    kinds = {type(item) for item in prompt} if type(prompt) is list else {type(prompt)}
    if kinds not in ({str}, {int}, {list}) or (type(prompt) is int):
        raise bad_field("prompt", "must be a text, a list of texts, or token ids")
    if kinds == {list} and not all(type(token) is int for each in prompt for token in each):
        raise bad_field("prompt", "must hold texts only, or token ids only")
    if "messages" in body:
        raise bad_field("messages", "belongs to chat completions: a completion has a prompt")
    if type(body.get("suffix")) not in (str, type(None)):
        raise bad_field("suffix", "must be a text")
    check_flag(body, "stream")
    if choices is not None and (type(choices) is not int or choices < 1):
        raise bad_field("n", "must be a whole number from 1")
    if (choices or 1) * (len(prompt) if _is_batch(prompt) else 1) > limits.choices:
        raise bad_field("prompt", f"must not ask for more than {limits.choices} choices")
    return model


def check_translatable(body: Mapping[str, Any]) -> None:
    """Whether a chat request can ask the same.

    Raises:
        BadRequest: it cannot; names the field.
    """
    if type(body["prompt"]) is not str:
        raise bad_field("prompt", "must be one text: the upstream of this model speaks chat completions only")
    for name, value in body.items():
        neutral = name in _NEUTRAL and value in (_NEUTRAL[name], None)
        if name != "prompt" and name not in CARRIED and not neutral:
            raise bad_field(name[:64], "has no like in chat, all that the upstream of this model speaks")
