"""The client of a stream of named events: what it was told is kept, because what ends it builds on that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from proxy.exchange.exchange import Delta, Exchange
from proxy.surfaces.chat_completions.downstream import ChatDownstream
from proxy.surfaces.connection import Connection
from proxy.surfaces.verdict_headers import VerdictHeaders


class Closing(Protocol):
    """What this client side needs of its codec."""

    def closing(self) -> bytes:
        """The events that a stream lacks which ended without its last one."""


class Told(Protocol):
    """What left. `ended`: the last event did."""

    ended: bool

    def note(self, event: Mapping[str, Any]) -> None:
        """An event leaves."""


class EventDownstream(ChatDownstream):
    """See `ports.Downstream`. One for each exchange."""

    __slots__ = ("_codec", "_told")

    def __init__(
        self,
        exchange: Exchange,
        connection: Connection,
        headers: VerdictHeaders,
        wall: Callable[[], float],
        told: Told,
    ) -> None:
        super().__init__(exchange, connection, headers, wall)
        self._codec: Closing = exchange.codec  # type: ignore[assignment]
        self._told = told

    def _note(self, delta: Delta) -> None:
        for event in delta.data or ():
            self._told.note(event)

    def _closing(self) -> bytes:
        """What the stream lacks of its end."""
        return b"" if self._told.ended else self._codec.closing()
