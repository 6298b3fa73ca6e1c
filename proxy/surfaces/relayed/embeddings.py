"""`POST /embeddings`: texts in, numbers out.

Every text of `input` is a turn of its own, judged as what a user says: data-loss rules hold here too, and the
texts of a batch are found in the cache one by one. Token ids are uncovered: nobody here reads them.
"""

from __future__ import annotations

from typing import Any

from classifiers.classification import Conversation, Uncovered
from policies.bundle import PolicyBundle
from proxy.errors import bad_field
from proxy.exchange.exchange import Exchange
from proxy.surfaces.checks import check_messages, check_model
from proxy.surfaces.connection import Connection
from proxy.surfaces.extract import Extractor
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.reading import Limits
from proxy.surfaces.relayed.codec import BytesCodec
from proxy.surfaces.relayed.downstream import RelayDownstream
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.wires import WiresOf, check_speaks

PATH = "/embeddings"
MOST_INPUTS = 2048
"""OpenAI's own limit."""
_SETTINGS = frozenset({"encoding_format", "dimensions"})


class Embeddings(Surface):
    """See `guarded_route.Surface`. `wires`: what the upstream of a model speaks."""

    name = "embeddings"

    def __init__(self, wires: WiresOf, headers: VerdictHeaders | None = None) -> None:
        self._wires = wires
        self._headers = headers or VerdictHeaders()
        self._extractor = Extractor()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:  # noqa: ARG002
        """What is asked.

        Raises:
            BadRequest: it cannot be walked, or the upstream has no embeddings.
        """
        body = call.body
        model = check_model(body.get("model"))
        check_speaks(self._wires, model, "embeddings")
        conversation, parts = self._conversation(body, limits)
        return Asked(
            model=model,
            conversation=conversation,
            codec=BytesCodec(),
            target=PATH,
            parts=parts,
            led=False,
        )

    def _conversation(self, body: dict[str, Any], limits: Limits) -> tuple[Conversation, int]:
        messages = body.get("messages")
        if messages is not None:
            check_messages(messages, limits)
        said, unread = _inputs(body["input"]) if "input" in body else ([], [])
        if messages is None and not said and not unread:
            raise bad_field("input", "must be there and not empty")
        turns = [*(messages or ()), *({"role": "user", "content": content} for content in said)]
        beside = {name: value for name, value in body.items() if name not in ("input", *_SETTINGS)}
        beside |= {name: body[name] for name in _SETTINGS & body.keys() if not _is_setting(body[name])}
        found, parts = self._extractor.read({**beside, "messages": turns})
        return Conversation(found.turns, (*found.uncovered, *unread)), parts + len(unread)

    def downstream(self, exchange: Exchange, connection: Connection) -> RelayDownstream:
        """The client of one exchange."""
        return RelayDownstream(exchange, connection, self._headers, lambda: 0.0)


def _inputs(value: Any) -> tuple[list[Any], list[Uncovered]]:
    """Contents of user messages, and what is given as token ids."""
    items = value if type(value) is list else [value]
    if len(items) > MOST_INPUTS and type(items[0]) is not int:
        raise bad_field("input", f"must not hold more than {MOST_INPUTS} texts")
    kinds = {type(item) for item in items}
    if kinds == {str}:
        return [text for text in items if text], []
    if type(value) is list and kinds == {int}:
        return [], [Uncovered("token_ids", "input")]
    if kinds == {list} and all(type(token) is int for item in items for token in item):
        return [], [Uncovered("token_ids", f"input[{place}]") for place in range(len(items))]
    if type(value) is list and kinds and kinds <= {str, dict}:
        return [[item] if type(item) is dict else item for item in items], []
    raise bad_field("input", "must hold texts only, or token ids only")


def _is_setting(value: Any) -> bool:
    return type(value) is int or value in ("float", "base64")
