"""`POST /moderations`, answered by Gatehouse's own classifiers under the policy of whoever asks.

Each text of a list is an exchange of its own: it is judged as what a user says, recorded and counted. A guard
that gives no measurement fails the whole request: what nobody read is never "not flagged". Images beside a
text are counted as uncovered, and `category_applied_input_types` says that the text alone was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from classifiers.classification import Conversation, Origin, Turn, Uncovered
from proxy.errors import BadRequest, GatehouseError, GuardUnavailable
from proxy.exchange.exchange import Delta, Draft, Exchange, VerdictOnly
from proxy.exchange.ports import ClientLeft, ReplyHead, Ruling
from proxy.surfaces.chat_completions.downstream import translated
from proxy.surfaces.chat_completions.schema import moderation_result
from proxy.surfaces.connection import Connection
from proxy.surfaces.extract import Extractor
from proxy.surfaces.guarded_route import CLIENT_CLOSED_REQUEST, Arrival, Asked, Entrance, Walker, refuse
from proxy.surfaces.reading import Limits, Receive, Scope, Send
from proxy.surfaces.verdicts.answering import NoModel

PATH = "/moderations"
SURFACE = "moderations"
_FIELDS = frozenset({"input", "model"})


class Collector:
    """A client side that keeps the ruling (see `ports.Downstream`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.status = 0
        self.ruling: Ruling | None = None
        self.error: Exception | None = None

    async def wait_left(self) -> None:
        """Return when the client has closed the connection."""
        await self._connection.wait_left()

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:  # noqa: ARG002
        """Keep the verdict."""
        self.status, self.ruling = 200, ruling

    async def fail(self, error: Exception) -> None:
        """Keep the failure."""
        self.status, self.error = 503, error

    async def relay(self, head: ReplyHead, deltas: Sequence[Delta]) -> None:
        """Nothing is relayed: no model is asked."""

    async def keep_alive(self, head: ReplyHead) -> None:
        """An answer that is not a stream has no way to say "wait"."""

    async def cut(self, head: ReplyHead, draft: Draft, ruling: Ruling) -> None:
        """Nothing is streamed."""

    async def end(self, head: ReplyHead, held: Sequence[Delta], ruling: Ruling) -> None:
        """Nothing is streamed."""


class Moderations:
    """The route as an ASGI handler."""

    def __init__(self, corridor: Walker, entrance: Entrance) -> None:
        self._corridor = corridor
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        connection, decision = Connection(receive, send), self._entrance.new_id()
        try:
            arrival = await self._entrance.arrive(scope, receive)
            items = read_items(arrival.call.body, self._entrance.limits)
            results = await self._judge(arrival, items, decision, connection)
            rows = [(b"content-type", b"application/json"), (b"x-request-id", decision.encode())]
            rows.append((b"x-gatehouse-request-id", decision.encode()))
            await connection.answer(200, rows, _body(arrival, decision, results))
        except GatehouseError as error:
            self._corridor.rejected(SURFACE, error.status, error.code)
            await refuse(connection, decision, error)
        except ClientLeft:
            self._corridor.rejected(SURFACE, CLIENT_CLOSED_REQUEST, "client_left")

    async def _judge(
        self, arrival: Arrival, items: Sequence[Conversation], decision: str, connection: Connection
    ) -> list[dict[str, Any]]:
        results = []
        for number, conversation in enumerate(items):
            asked = Asked(
                model="",
                conversation=conversation,
                codec=NoModel(),
                target=PATH,
                parts=len(conversation.turns) + len(conversation.uncovered),
                verdict_only=VerdictOnly(),
            )
            own = decision if number == 0 else self._entrance.new_id()
            results.append(await self._result(arrival.exchange(SURFACE, own, asked), connection))
        return results

    async def _result(self, exchange: Exchange, connection: Connection) -> dict[str, Any]:
        collector = Collector(connection)
        await connection.attended(self._corridor.walk(exchange, collector))
        if connection.left:
            raise ClientLeft
        if collector.ruling is None:
            raise translated(collector.error or RuntimeError("no ruling"), exchange.id)
        verdict = collector.ruling.input_verdict
        if verdict.failure is not None:
            raise GuardUnavailable
        if not collector.ruling.scores:
            raise GuardUnavailable("No classifier reads the input under this policy.")
        policy = exchange.bundle.policy
        model = f"gatehouse/{policy.name}@{policy.version}"
        found = moderation_result(model, (verdict,), dict(collector.ruling.scores))
        return {name: value for name, value in found.items() if name not in ("type", "model")}


def read_items(body: dict[str, Any], limits: Limits) -> list[Conversation]:
    """The texts to judge, one conversation each.

    Raises:
        BadRequest: neither a text, a list of texts nor a list of parts.
    """
    value = body.get("input")
    if unknown := sorted(body.keys() - _FIELDS):
        raise BadRequest(f"'{unknown[0][:64]}' is not known.", param="input", code="invalid_value")
    items = [value] if type(value) is str else value
    if type(items) is not list or not items:
        raise _bad("must be a text, a list of texts or a list of parts")
    if len(items) > limits.messages:
        raise _bad(f"must not hold more than {limits.messages} items")
    if all(type(item) is str and item for item in items):
        return [Conversation((Turn("user", item, Origin.USER),)) for item in items]
    if not all(type(item) is dict for item in items):
        raise _bad("must hold texts that are not empty, or parts, and not both")
    found, _ = Extractor().read({"messages": [{"role": "user", "content": items}]})
    if not any(turn.text.strip() for turn in found.turns):
        raise _bad("holds no text: no guard reads anything else")
    return [Conversation(found.turns, tuple(_placed(part) for part in found.uncovered))]


def _placed(part: Uncovered) -> Uncovered:
    return Uncovered(part.kind, part.path.replace("messages[0].content", "input"))


def _bad(problem: str) -> BadRequest:
    return BadRequest(f"'input' {problem}.", param="input", code="invalid_value")


def _body(arrival: Arrival, decision: str, results: Sequence[dict[str, Any]]) -> bytes:
    policy = arrival.bundle.policy
    model = f"gatehouse/{policy.name}@{policy.version}"
    return orjson.dumps({"id": f"modr-{decision}", "model": model, "results": list(results)})
