"""The client of a relayed exchange: the upstream's bytes, or an error where they must not pass."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.errors import GuardUnavailable, PolicyViolation
from proxy.exchange.exchange import Delta, Draft
from proxy.exchange.ports import ReplyHead, Ruling
from proxy.surfaces.chat_completions.downstream import ChatDownstream, is_outage
from proxy.surfaces.connection import encode_headers
from proxy.surfaces.verdict_headers import relayed

_JSON = (b"content-type", b"application/json")
_NO_RETRY = (b"x-should-retry", b"false")


class RelayDownstream(ChatDownstream):
    """See `ports.Downstream`. Answers are whole: streams of these routes are relayed once they have ended."""

    blamed = "input"

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:  # noqa: ARG002
        """The upstream's own bytes, or an error with the canned text of what blocked them."""
        if ruling.replacements:
            await self._withhold(head, ruling)
            return
        upstream = head.upstream
        given = dict(upstream.headers).get("content-type", "") if upstream is not None else ""
        kind = (b"content-type", given.encode("latin-1") or b"application/octet-stream")
        rows = [kind, *relayed(upstream), *self._headers.rows(self._exchange, head, ruling)]
        await self._connection.answer(200 if upstream is None else upstream.status, rows, deltas[0].raw)

    async def _withhold(self, head: ReplyHead, ruling: Ruling) -> None:
        verdicts = self._headers.rows(self._exchange, head, ruling)
        if is_outage(ruling):
            fault = GuardUnavailable()
            rows = [_JSON, *encode_headers(fault.headers()), *verdicts]
            await self._connection.answer(fault.status, rows, self._shaped(fault))
            return
        text = ruling.replacements[0][1].text
        body = self._shaped(PolicyViolation(text, param=self.blamed))
        await self._connection.answer(400, [_JSON, _NO_RETRY, *verdicts], body)


class ImageDownstream(RelayDownstream):
    """See `ports.Downstream`."""

    blamed = "prompt"
