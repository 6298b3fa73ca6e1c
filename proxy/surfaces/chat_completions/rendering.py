"""Whole answers as bytes: the originals, or the originals with some choices replaced. Pure.

What is not replaced leaves as the upstream sent it, byte for byte. As soon as one choice of an answer is
replaced, fields beside the choices that the API does not know are left out as well: they may repeat what
had to go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from proxy.exchange.exchange import Delta, Draft, Exchange, Replacement
from proxy.exchange.ports import Ruling
from proxy.surfaces.chat_completions import azure, schema
from proxy.surfaces.chat_completions.schema import ChatForm, Identity, Shape
from proxy.surfaces.sse import DONE, data_frame

_KEPT = ("id", "object", "created", "model", "service_tier", "system_fingerprint", "usage")


@dataclass(frozen=True, slots=True)
class Rendering:
    """What every function here needs to know. `identity` is used where no upstream gave one."""

    exchange: Exchange
    ruling: Ruling
    shape: Shape
    identity: Identity
    form: ChatForm = schema.CHAT

    @property
    def replaced(self) -> dict[int, Replacement]:
        """Replacements by choice."""
        return dict(self.ruling.replacements)

    @property
    def wants_usage(self) -> bool:
        """The client asked for usage on its stream."""
        options = self.exchange.body.get("stream_options")
        return type(options) is dict and options.get("include_usage") is True

    @property
    def for_azure(self) -> bool:
        """The policy speaks as Azure's content filter does."""
        return self.exchange.bundle.policy.profile == "azure" and self.exchange.surface == azure.SURFACE

    def annotated(self, data: dict[str, Any]) -> dict[str, Any]:
        """A whole answer with what Azure's clients look for, where they are served."""
        if not self.for_azure:
            return data
        ruling = self.ruling
        outputs, evaluated = ruling.output_verdicts, ruling.evaluated_output
        return azure.annotated(data, ruling.input_verdict, outputs, evaluated=evaluated)

    def notes(self, identity: Identity, *, moderated: bool = False) -> Iterator[bytes]:
        """Chunks about the verdict, for the end of a stream. `moderated`: the upstream gave its own field."""
        if self.for_azure:
            outputs, evaluated = self.ruling.output_verdicts, self.ruling.evaluated_output
            for index in range(self.exchange.choices):
                results = azure.output_results(outputs, index, evaluated=evaluated)
                choice = {**self.form.chunk_choice(index, {}), "content_filter_results": results}
                yield own_frame(self, identity, choice)
        moderation = None if moderated and not self.ruling.replacements else self.moderation()
        if moderation is not None:
            yield data_frame(self.form.chunk(identity, (), moderation=moderation))

    def moderation(self, data: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """The moderation field where the client asked for it, and the upstream has not answered that."""
        if self.exchange.body.get("moderation") is None:
            return None
        if data is not None and data.get("moderation") is not None and not self.ruling.replacements:
            return None
        return schema.moderation(self.exchange, self.ruling)


def render_body(rendering: Rendering, deltas: Sequence[Delta]) -> bytes:
    """A whole JSON answer."""
    if not deltas:
        return orjson.dumps(rendering.annotated(_with_moderation(rendering, _canned(rendering))))
    delta = deltas[0]
    replaced = rendering.replaced
    moderation = rendering.moderation(delta.data)
    if not replaced and moderation is None and not rendering.for_azure:
        return delta.raw
    data = dict(delta.data)
    if replaced:
        data = {name: data[name] for name in _KEPT if name in data}
        data["choices"] = _choices(rendering, delta.data["choices"], replaced)
    if moderation is not None:
        data["moderation"] = moderation
    return orjson.dumps(rendering.annotated(data))


def _canned(rendering: Rendering) -> dict[str, Any]:
    choices = [
        rendering.form.replaced_choice(index, replacement, rendering.shape)
        for index, replacement in rendering.ruling.replacements
    ]
    return rendering.form.completion(rendering.identity, choices, schema.usage_body(None))


def _with_moderation(rendering: Rendering, data: dict[str, Any]) -> dict[str, Any]:
    moderation = rendering.moderation()
    return data if moderation is None else {**data, "moderation": moderation}


def _choices(
    rendering: Rendering, originals: Sequence[dict[str, Any]], replaced: dict[int, Replacement]
) -> list[dict[str, Any]]:
    """The choices in their order, the replaced ones rebuilt from nothing."""
    choices: list[dict[str, Any]] = []
    waiting = dict(replaced)
    for position, choice in enumerate(originals):
        index = choice.get("index", position)
        if index not in replaced:
            choices.append(choice)
        elif index in waiting:
            choices.append(rendering.form.replaced_choice(index, waiting.pop(index), rendering.shape))
    rest = sorted(waiting.items())
    return choices + [rendering.form.replaced_choice(index, item, rendering.shape) for index, item in rest]


def render_stream(rendering: Rendering, deltas: Sequence[Delta], draft: Draft) -> bytes:
    """A whole answer as a stream, from the first chunk to the end mark."""
    if deltas and deltas[0].kind == "body":
        return b"".join(_stream_of_body(rendering, orjson.loads(render_body(rendering, deltas))))
    if not rendering.ruling.replacements:
        return b"".join(closing(rendering, deltas, identity_of(rendering, deltas)))
    return b"".join(_replaced_stream(rendering, deltas, draft))


def identity_of(rendering: Rendering, deltas: Sequence[Delta]) -> Identity:
    """Identity of a streamed answer: that of its first chunk."""
    data = next((delta.data for delta in deltas if type(delta.data) is dict), {})
    return Identity.of(data, rendering.identity)


def closing(
    rendering: Rendering, deltas: Sequence[Delta], identity: Identity, *, ended: bool = False
) -> Iterator[bytes]:
    """Original frames with the verdict's chunk before usage and end mark; the end mark once.

    `ended`: the end mark has left already.
    """
    moderated = any(_is_verdict(delta.data) for delta in deltas)
    notes = b"".join(rendering.notes(identity, moderated=moderated))
    for delta in deltas:
        if delta.kind in ("usage", "done") and notes:
            yield notes
            notes = b""
        yield delta.raw
        if delta.kind == "error":
            return  # nothing may follow an error frame
        ended = ended or delta.kind == "done"
    if not ended:
        if notes:
            yield notes
        yield DONE


def _is_verdict(data: Any) -> bool:
    return type(data) is dict and data.get("moderation") is not None


def _replaced_stream(rendering: Rendering, deltas: Sequence[Delta], draft: Draft) -> Iterator[bytes]:
    """Frames of the choices that stay, then a short stream for those that do not, then the end."""
    identity = identity_of(rendering, deltas)
    replaced = rendering.replaced
    for delta in deltas:
        if delta.kind == "chunk":
            yield from _surviving(delta, replaced)
        elif delta.kind == "comment":
            yield delta.raw
    open_choices = [index for index, choice in draft.choices.items() if not choice.finish]
    for index in sorted(set(open_choices) - replaced.keys() if deltas else ()):
        yield own_frame(rendering, identity, rendering.form.chunk_choice(index, {}, "content_filter"))
    for index, replacement in sorted(replaced.items()):
        yield from replaced_frames(rendering, identity, index, replacement)
    yield from ending(rendering, identity, _usage_seen(deltas, draft, called=bool(deltas)))


def _surviving(delta: Delta, replaced: Mapping[int, Replacement]) -> Iterator[bytes]:
    """A chunk without the choices that are replaced; untouched where none of them is in it."""
    data = delta.data
    known = data.keys() <= {*_KEPT, "choices"}
    stays = [choice for choice in data["choices"] if choice.get("index", 0) not in replaced]
    if known and len(stays) == len(data["choices"]):
        yield delta.raw
    elif stays:
        yield data_frame({name: data[name] for name in _KEPT if name in data} | {"choices": stays})


def replaced_frames(
    rendering: Rendering, identity: Identity, index: int, replacement: Replacement
) -> Iterator[bytes]:
    """A short stream that says one replacement: the text, then the finish reason."""
    message, finish = schema.replaced_message(replacement, rendering.shape)
    delta = {name: value for name, value in message.items() if value is not None}
    yield own_frame(rendering, identity, rendering.form.chunk_choice(index, delta))
    yield own_frame(rendering, identity, rendering.form.chunk_choice(index, {}, finish))


def own_frame(rendering: Rendering, identity: Identity, choice: Mapping[str, Any]) -> bytes:
    """A chunk of Gatehouse's own. Where usage was asked for, every chunk but the last says null."""
    more: dict[str, Any] = {"usage": None} if rendering.wants_usage else {}
    return data_frame(rendering.form.chunk(identity, [choice], **more))


def ending(rendering: Rendering, identity: Identity, usage: Mapping[str, Any] | None) -> Iterator[bytes]:
    """The end of a stream that Gatehouse writes itself: verdict, usage, end mark, as asked."""
    yield from rendering.notes(identity)
    if usage is not None and rendering.wants_usage:
        yield data_frame(rendering.form.chunk(identity, (), usage=usage))
    yield DONE


def _usage_seen(deltas: Sequence[Delta], draft: Draft, *, called: bool) -> Mapping[str, Any] | None:
    """The upstream's own usage; zeros where it was never called; None where it never said."""
    for delta in reversed(deltas):
        if delta.usage is not None:
            seen: Mapping[str, Any] = delta.data["usage"]
            return seen
    if draft.usage is not None or not called:
        return schema.usage_body(draft.usage)
    return None


def _stream_of_body(rendering: Rendering, data: dict[str, Any]) -> Iterator[bytes]:
    """A stream that says what a whole body says, for an upstream that did not stream."""
    identity = Identity.of(data, rendering.identity)
    for position, choice in enumerate(data["choices"]):
        index = choice.get("index", position)
        said = rendering.form.chunk_choice(index, rendering.form.said(choice)) | {
            "logprobs": choice.get("logprobs")
        }
        yield own_frame(rendering, identity, said)
        finish = choice.get("finish_reason") or "stop"
        closing = rendering.form.chunk_choice(index, {}, finish)
        if "content_filter_results" in choice:
            closing["content_filter_results"] = choice["content_filter_results"]
        yield own_frame(rendering, identity, closing)
    if data.get("moderation") is not None:
        yield data_frame(rendering.form.chunk(identity, (), moderation=data["moderation"]))
    if rendering.wants_usage and data.get("usage") is not None:
        yield data_frame(rendering.form.chunk(identity, (), usage=data["usage"]))
    yield DONE
