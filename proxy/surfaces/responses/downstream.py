"""The client of a response: relays, delivers, cuts, ends and fails in the terms of the Responses API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import orjson

from proxy.errors import GatehouseError
from proxy.exchange.exchange import Delta, Draft, Exchange, Replacement, ReplyOrigin
from proxy.exchange.ports import ReplyHead, Ruling
from proxy.surfaces.chat_completions.spoken import is_word
from proxy.surfaces.connection import Connection
from proxy.surfaces.event_downstream import EventDownstream
from proxy.surfaces.named_events import event_frame
from proxy.surfaces.responses import schema
from proxy.surfaces.responses.transcript import Transcript
from proxy.surfaces.responses.withheld import Withheld
from proxy.surfaces.verdict_headers import VerdictHeaders

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,256}")
_AT_THE_END = ("moderation", "usage")
_LAST = frozenset({"response.completed", "response.incomplete", "response.cancelled"})


class ResponsesDownstream(EventDownstream):
    """See `ports.Downstream`. One for each exchange; `wall`: seconds since the epoch.

    `stored`: id of the stored response that is fetched, `""` where one is being made; `listing`: the answer
    is a page of input items.
    """

    __slots__ = ("_first", "_listing", "_stored", "_withheld")

    blamed: ClassVar[str] = "input"
    _told: Transcript

    def __init__(
        self,
        exchange: Exchange,
        connection: Connection,
        headers: VerdictHeaders,
        wall: Callable[[], float],
        withheld: Withheld,
        *,
        stored: str = "",
        listing: bool = False,
    ) -> None:
        self._first: int = exchange.codec.after + 1  # type: ignore[attr-defined]
        super().__init__(exchange, connection, headers, wall, Transcript(self._first))
        self._withheld = withheld
        self._stored = stored
        self._listing = listing

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:
        """Send a whole answer, in the block shape of the policy where it was replaced."""
        if ruling.replacements:
            self._withhold(deltas, ruling)
        await super().deliver(head, deltas, draft, ruling)

    def _withhold(self, deltas: Sequence[Delta], ruling: Ruling) -> None:
        revised = all(put.origin is ReplyOrigin.REVISED for _, put in ruling.replacements)
        response = _response_in(deltas)
        told = response.get("id") if response.get("object") == "response" else None
        for identity in (self._stored, self._told.response.get("id"), told):
            self._withheld.add(identity, revised=revised)

    def _body(self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> bytes:
        replacement = next((item for _, item in ruling.replacements), None)
        if replacement is None:
            if not self._exchange.wants_verdict or deltas[0].data.get("moderation") is not None:
                return deltas[0].raw
            return orjson.dumps({**deltas[0].data, "moderation": self._moderation(ruling)})
        if self._listing:
            return orjson.dumps(schema.replaced_list(self._message_id(), replacement))
        return orjson.dumps(self._replaced(deltas, draft, ruling, replacement))

    def _replaced(
        self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling, replacement: Replacement
    ) -> dict[str, Any]:
        """The whole response that stands in for the upstream's: nothing of that is left but its usage."""
        part, reason = schema.replaced(replacement, self._shape())
        item = schema.message(self._message_id(), part, "incomplete" if reason else "completed")
        usage = _usage(deltas, draft)
        response = schema.ended(self._begun(_response_in(deltas), replacement), [item], usage, reason)
        return self._with_verdict(response, ruling)

    def _with_verdict(self, response: dict[str, Any], ruling: Ruling) -> dict[str, Any]:
        if not self._exchange.wants_verdict:
            return response
        return {**response, "moderation": self._moderation(ruling)}

    def _moderation(self, ruling: Ruling) -> dict[str, Any]:
        return schema.moderation(self._exchange, ruling)

    def _begun(self, seen: Mapping[str, Any], replacement: Replacement) -> dict[str, Any]:
        """A response of Gatehouse's own.

        It has an id that no upstream knows, so that what it stands for cannot be had by it. A revised answer
        keeps the upstream's: conversations go on from there.
        """
        identity, created, model = seen.get("id"), seen.get("created_at"), seen.get("model")
        keeps = (
            replacement.origin is ReplyOrigin.REVISED and type(identity) is str and _ID.fullmatch(identity)
        )
        return schema.response(
            self._stored or (str(identity) if keeps else f"resp_{self._exchange.id}"),
            int(created) if isinstance(created, int | float) else int(self._wall()),
            model if model and type(model) is str and is_word(model) else self._exchange.model,
            self._exchange.body,
        )

    def _stream(self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> bytes:
        if ruling.replacements:
            return self._replaced_stream(deltas, draft, ruling)
        if deltas and deltas[0].kind == "body":
            return self._stream_of(self._with_verdict(deltas[0].data, ruling))
        return self._rest(deltas, ruling)

    def _replaced_stream(self, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> bytes:
        replacement = ruling.replacements[0][1]
        if self._listing:
            return event_frame(schema.replaced_list(self._message_id(), replacement))
        return self._stream_of(self._replaced(deltas, draft, ruling, replacement))

    def _stream_of(self, response: dict[str, Any]) -> bytes:
        """A short stream that says a whole response with one message or none to tell apart."""
        told = Transcript(self._first)
        running: dict[str, Any] = {"status": "in_progress", "incomplete_details": None, "output": []}
        begun = {name: value for name, value in response.items() if name not in _AT_THE_END} | running
        frames = told.begin(begun)
        for item in response["output"]:
            frames += told.tell(item)
        return frames + told.end(response)

    def _rest(self, held: Sequence[Delta], ruling: Ruling) -> bytes:
        """Original frames; the verdict in the last one where it was asked for."""
        frames = []
        for delta in held:
            last = delta.data[-1] if delta.kind == "done" and delta.data else None
            self._note(delta)
            if last is None or not self._exchange.wants_verdict or last.get("type") not in _LAST:
                frames.append(delta.raw)
                continue
            response = last["response"]
            if response.get("moderation") is None:
                response = self._with_verdict(response, ruling)
            frames.extend(event_frame(event) for event in delta.data[:-1])
            frames.append(event_frame({**last, "response": response}))
        return b"".join([*frames, self._closing()])

    async def cut(self, head: ReplyHead, draft: Draft, ruling: Ruling) -> None:
        """End a started stream early; what has left cannot be taken back, so a notice follows it."""
        self._withhold((), ruling)
        await super().cut(head, draft, ruling)

    def _broken_off(self, draft: Draft, ruling: Ruling) -> bytes:
        told, replacement = self._told, ruling.replacements[0][1]
        if not told.started:
            return self._replaced_stream((), draft, ruling)
        if not told.response:
            told.response = self._begun({}, replacement)
        if told.spoke:
            notice = "" if self._exchange.structured else replacement.text
            reason = "content_filter"
            frames = told.break_off(self._message_id(), notice)
        else:
            part, reason = schema.replaced(replacement, self._shape())
            status = "incomplete" if reason else "completed"
            frames = told.tell(schema.message(self._message_id(), part, status))
        usage = schema.usage_body(draft.usage)
        response = schema.ended(told.response, told.output(), usage, reason)
        return frames + told.end(self._with_verdict(response, ruling))

    def _error_frame(self, fault: GatehouseError) -> bytes:
        event = schema.error_event(fault.message, fault.code, self._told.number)
        return b"" if self._told.ended else event_frame(event)

    def _message_id(self) -> str:
        return f"msg_{self._exchange.id}"


def _response_in(deltas: Sequence[Delta]) -> Mapping[str, Any]:
    """The response as an answer told it last, `{}` where it told none."""
    for delta in reversed(deltas):
        if delta.kind == "body":
            body: Mapping[str, Any] = delta.data
            return body
        for event in reversed(delta.data or ()):
            if type(event.get("response")) is dict:
                response: Mapping[str, Any] = event["response"]
                return response
    return {}


def _usage(deltas: Sequence[Delta], draft: Draft) -> dict[str, Any]:
    """The upstream's count; zeros where it was never called."""
    usage = _response_in(deltas).get("usage")
    details = usage.get("output_tokens_details") if type(usage) is dict else None
    reasoning = details.get("reasoning_tokens") if type(details) is dict else None
    return schema.usage_body(draft.usage, reasoning if type(reasoning) is int else 0)
