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
from proxy.errors import GatehouseError, GuardUnavailable, bad_field
from proxy.exchange.exchange import Delta, Draft, Exchange, VerdictOnly
from proxy.exchange.ports import ClientLeft, ReplyHead, Ruling
from proxy.surfaces.chat_completions.downstream import translated
from proxy.surfaces.chat_completions.schema import moderation_result
from proxy.surfaces.connection import Connection
from proxy.surfaces.extract import Extractor
from proxy.surfaces.guarded_route import CLIENT_CLOSED_REQUEST, Arrival, Asked, Entrance, Walker, refuse
from proxy.surfaces.reading import Limits, Receive, Scope, Send
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.verdicts.answering import NoModel, VerdictDownstream

PATH = "/moderations"
SURFACE = "moderations"
_FIELDS = frozenset({"input", "model"})


class Collector(VerdictDownstream):
    """A client side that keeps the ruling, or why there is none, and sends nothing."""

    __slots__ = ("_status", "error", "ruling")

    def __init__(self, exchange: Exchange, connection: Connection) -> None:
        super().__init__(exchange, connection, VerdictHeaders(), lambda *_: b"")
        self._status = 0
        self.ruling: Ruling | None = None
        self.error: Exception | None = None

    @property
    def status(self) -> int:
        """200 for a text that was judged, 503 for one that no guard has read."""
        return self._status

    async def deliver(self, head: ReplyHead, deltas: Sequence[Delta], draft: Draft, ruling: Ruling) -> None:  # noqa: ARG002
        """Keep the verdict."""
        self._status, self.ruling = (200 if is_read(ruling) else GuardUnavailable.status), ruling

    async def fail(self, error: Exception) -> None:
        """Keep the failure."""
        self._status, self.error = translated(error, self._exchange.id).status, error


def is_read(ruling: Ruling) -> bool:
    """Whether the classifiers measured the text: only then is silence no harm."""
    return ruling.input_verdict.failure is None and bool(ruling.scores)


class Moderations:
    """The route as an ASGI handler."""

    def __init__(self, corridor: Walker, entrance: Entrance) -> None:
        self._corridor = corridor
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        connection, decision = Connection(receive, send), self._entrance.new_id()
        try:
            arrival = await self._entrance.arrive(scope, receive, SURFACE)
            items = read_items(arrival.call.body, self._entrance.limits)
        except GatehouseError as error:
            self._corridor.rejected(SURFACE, error.status, error.code)
            await _refuse(connection, decision, error)
        except ClientLeft:
            self._corridor.rejected(SURFACE, CLIENT_CLOSED_REQUEST, "client_left")
        except Exception:
            self._corridor.rejected(SURFACE, 500, "internal_error")
            raise
        else:
            await self._answer(arrival, items, decision, connection)

    async def _answer(
        self, arrival: Arrival, items: Sequence[Conversation], decision: str, connection: Connection
    ) -> None:
        """Every text has a record of its own from here on."""
        try:
            results = await self._judge(arrival, items, decision, connection)
            rows = [(b"content-type", b"application/json"), (b"x-request-id", decision.encode())]
            rows.append((b"x-gatehouse-request-id", decision.encode()))
            await connection.answer(200, rows, _body(arrival, decision, results))
        except GatehouseError as error:
            await _refuse(connection, decision, error)
        except ClientLeft:
            return

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
            results.append(await self._result(arrival.exchange(own, asked), connection))
        return results

    async def _result(self, exchange: Exchange, connection: Connection) -> dict[str, Any]:
        collector = Collector(exchange, connection)
        await connection.attended(self._corridor.walk(exchange, collector))
        if connection.left:
            raise ClientLeft
        if collector.ruling is None:
            raise translated(collector.error or RuntimeError("no ruling"), exchange.id)
        verdict = collector.ruling.input_verdict
        if not is_read(collector.ruling):
            raise GuardUnavailable
        policy = exchange.bundle.policy
        model = f"gatehouse/{policy.name}@{policy.version}"
        found = moderation_result(model, (verdict,), dict(collector.ruling.scores))
        return {name: value for name, value in found.items() if name not in ("type", "model")}


async def _refuse(connection: Connection, decision: str, error: GatehouseError) -> None:
    try:
        await refuse(connection, decision, error)
    except ClientLeft:
        return


def read_items(body: dict[str, Any], limits: Limits) -> list[Conversation]:
    """The texts to judge, one conversation each.

    Raises:
        BadRequest: neither a text, a list of texts nor a list of parts.
    """
    value = body.get("input")
    if unknown := sorted(body.keys() - _FIELDS):
        raise bad_field(unknown[0][:64], "is not known")
    items = [value] if type(value) is str else value
    if type(items) is not list or not items:
        raise bad_field("input", "must be a text, a list of texts or a list of parts")
    if len(items) > limits.messages:
        raise bad_field("input", f"must not hold more than {limits.messages} items")
    if all(type(item) is str and item for item in items):
        return [Conversation((Turn("user", item, Origin.USER),)) for item in items]
    if not all(type(item) is dict for item in items):
        raise bad_field("input", "must hold texts that are not empty, or parts, and not both")
    found, _ = Extractor().read({"messages": [{"role": "user", "content": items}]})
    if not any(turn.text.strip() for turn in found.turns):
        raise bad_field("input", "holds no text: no guard reads anything else")
    return [Conversation(found.turns, tuple(_placed(part) for part in found.uncovered))]


def _placed(part: Uncovered) -> Uncovered:
    return Uncovered(part.kind, part.path.replace("messages[0].content", "input"))


def _body(arrival: Arrival, decision: str, results: Sequence[dict[str, Any]]) -> bytes:
    policy = arrival.bundle.policy
    model = f"gatehouse/{policy.name}@{policy.version}"
    return orjson.dumps({"id": f"modr-{decision}", "model": model, "results": list(results)})
