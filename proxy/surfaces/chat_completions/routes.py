"""`POST /chat/completions` as a surface."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from policies.bundle import PolicyBundle
from proxy.errors import bad_field
from proxy.exchange.exchange import Exchange
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.surfaces.chat_completions.downstream import ChatDownstream
from proxy.surfaces.checks import check_flag, check_messages, check_model
from proxy.surfaces.connection import Connection
from proxy.surfaces.extract import Extractor, is_structured
from proxy.surfaces.guarded_route import Asked, Call, Surface
from proxy.surfaces.reading import Limits
from proxy.surfaces.verdict_headers import VerdictHeaders

PATH = "/chat/completions"
DEPLOYMENT_PATH = "/openai/deployments/{name}/chat/completions"


class ChatCompletions(Surface):
    """See `guarded_route.Surface`. `wall`: seconds since the epoch."""

    name = "chat_completions"

    def __init__(
        self,
        codec: ChatCodec | None = None,
        headers: VerdictHeaders | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._codec = codec or ChatCodec()
        self._headers = headers or VerdictHeaders()
        self._wall = wall
        self._extractor = Extractor()

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:
        """What is asked.

        Raises:
            BadRequest: it cannot be walked; names the field at fault.
        """
        body = call.body
        check_request(body, limits)
        conversation, parts = self._extractor.read(body)
        return Asked(
            model=body["model"],
            conversation=conversation,
            codec=self._codec,
            target=PATH,
            parts=parts,
            stream=body.get("stream") is True,
            structured=is_structured(body),
            choices=body.get("n") or 1,
            wants_verdict=body.get("moderation") is not None or bundle.policy.profile == "azure",
            may_withhold=True,
        )

    def downstream(self, exchange: Exchange, connection: Connection) -> ChatDownstream:
        """The client of one exchange."""
        return ChatDownstream(exchange, connection, self._headers, self._wall)


class Deployment(ChatCompletions):
    """Azure's path, `/openai/deployments/{name}/chat/completions`: the path names the model, not the body."""

    def read(self, call: Call, limits: Limits, bundle: PolicyBundle) -> Asked:
        """What is asked, of the model that the path names.

        Raises:
            BadRequest: as for any chat completion.
        """
        body = {**call.body, "model": call.path.split("/")[3]}
        return replace(super().read(replace(call, body=body), limits, bundle), body=body)


def check_request(body: Mapping[str, Any], limits: Limits) -> None:
    """The few things that must hold for a request to be walked; all else is the upstream's business.

    Raises:
        BadRequest: naming the field at fault.
    """
    check_messages(body.get("messages"), limits)
    check_model(body.get("model"))
    check_flag(body, "stream")
    _check_moderation(body.get("moderation"))
    choices = body.get("n")
    if choices is not None and (type(choices) is not int or not 1 <= choices <= limits.choices):
        raise bad_field("n", f"must be a whole number from 1 to {limits.choices}")


def _check_moderation(asked: Any) -> None:
    """OpenAI's shape; the modes of its policy change nothing here, where the operator's policy rules."""
    if asked is not None and (type(asked) is not dict or type(asked.get("model")) is not str):
        raise bad_field("moderation", "must be an object with a model")
