"""The client side of a question for a verdict, whatever form the answer has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

from proxy.errors import GatehouseError
from proxy.exchange.exchange import Delta, Draft, Exchange
from proxy.exchange.ports import ReplyHead, Ruling
from proxy.surfaces.chat_completions.downstream import translated
from proxy.surfaces.connection import Connection, encode_headers
from proxy.surfaces.verdict_headers import VerdictHeaders

_JSON = (b"content-type", b"application/json")

Render = Callable[[Exchange, ReplyHead, Ruling], bytes]
"""From an exchange, what was judged of it and its ruling to the body of the answer."""


class NoModel:
    """The codec of exchanges that ask no model (see `ports.Codec`)."""

    def payload(self, exchange: Exchange, constitution: str) -> NoReturn:  # noqa: ARG002
        """Nothing goes upstream."""
        raise _no_model()

    def body(self, raw: bytes) -> NoReturn:  # noqa: ARG002
        """Nothing comes back."""
        raise _no_model()

    def frame(self, raw: bytes) -> NoReturn:  # noqa: ARG002
        """Nothing comes back."""
        raise _no_model()


def _no_model() -> RuntimeError:
    return RuntimeError("an exchange that asks for a verdict has no upstream")


class VerdictDownstream:
    """See `ports.Downstream`: one whole JSON answer, made by `render`."""

    __slots__ = ("_connection", "_exchange", "_headers", "_render")

    def __init__(
        self, exchange: Exchange, connection: Connection, headers: VerdictHeaders, render: Render
    ) -> None:
        self._exchange = exchange
        self._connection = connection
        self._headers = headers
        self._render = render

    @property
    def status(self) -> int:
        """HTTP status that the client saw; 0 before the commit point."""
        return self._connection.status

    async def relay(self, head: ReplyHead, deltas: Sequence[Delta]) -> None:  # noqa: ARG002
        """Nothing is relayed: no model is asked."""
        raise _no_model()

    async def keep_alive(self, head: ReplyHead) -> None:
        """An answer that is not a stream has no way to say "wait"."""

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:  # noqa: ARG002
        """Send the verdict."""
        rows = [_JSON, *self._headers.rows(self._exchange, head, ruling)]
        await self._connection.answer(200, rows, self._render(self._exchange, head, ruling))

    async def cut(self, head: ReplyHead, draft: Draft, ruling: Ruling) -> None:  # noqa: ARG002
        """Nothing is streamed."""
        raise _no_model()

    async def end(self, head: ReplyHead, held: Sequence[Delta], ruling: Ruling) -> None:  # noqa: ARG002
        """Nothing is streamed."""
        raise _no_model()

    async def fail(self, error: Exception) -> None:
        """An error status: the caller must not take it for a verdict."""
        if self._connection.status:
            return
        fault: GatehouseError = translated(error, self._exchange.id)
        decision = self._exchange.id.encode()
        rows = [_JSON, *encode_headers(fault.headers()), (b"x-request-id", decision)]
        rows.append((b"x-gatehouse-request-id", decision))
        await self._connection.answer(fault.status, rows, fault.body())
