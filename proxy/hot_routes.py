"""The one list of guarded routes: path (without `/v1`) to handler. The house test walks it.

Whatever reaches an upstream does so through a `GuardedRoute`, and so through the corridor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from proxy.exchange.events import FeedbackGiven
from proxy.exchange.pipeline import Corridor
from proxy.keys import end_user_key
from proxy.settings import Settings
from proxy.surfaces.chat_completions.codec import ChatCodec
from proxy.surfaces.chat_completions.routes import DEPLOYMENT_PATH, ChatCompletions, Deployment
from proxy.surfaces.completions import routes as completions
from proxy.surfaces.completions.routes import Completions
from proxy.surfaces.end_user import EndUsers
from proxy.surfaces.feedback import Feedback, FeedbackRoute
from proxy.surfaces.front import Dialect, Handler, Pattern
from proxy.surfaces.guarded_route import Admit, Entrance, GuardedRoute, Surface, Visit
from proxy.surfaces.messages import counting
from proxy.surfaces.messages import routes as messages
from proxy.surfaces.messages import schema as messages_schema
from proxy.surfaces.messages.counting import CountTokens
from proxy.surfaces.messages.routes import Messages
from proxy.surfaces.reading import Limits
from proxy.surfaces.relayed import embeddings, media
from proxy.surfaces.relayed.embeddings import Embeddings
from proxy.surfaces.relayed.media import Media
from proxy.surfaces.responses import routes as responses
from proxy.surfaces.responses.retrieval import Action, StoredResponses
from proxy.surfaces.responses.routes import Responses
from proxy.surfaces.responses.withheld import Withheld
from proxy.surfaces.verdict_headers import VerdictHeaders
from proxy.surfaces.verdicts import agentgateway, guard_check, litellm_guardrail, moderations
from proxy.surfaces.verdicts.agentgateway import Agentgateway
from proxy.surfaces.verdicts.guard_check import GuardCheck
from proxy.surfaces.verdicts.litellm_guardrail import LitellmGuardrail
from proxy.surfaces.verdicts.moderations import Moderations
from proxy.surfaces.wires import WiresOf
from proxy.tenants.visit import Tenants

_STORED: tuple[tuple[str, str, Action], ...] = (
    ("GET", "/responses/{id}", "fetch"),
    ("GET", "/responses/{id}/input_items", "list"),
    ("POST", "/responses/{id}/cancel", "cancel"),
    ("DELETE", "/responses/{id}", "delete"),
)

DIALECTS = (Dialect(messages.PATH, messages_schema.error_body, messages.ID_HEADER),)
"""Where errors are not in OpenAI's shape, whether there is a route or not."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What routes are made of. `wires`: what the upstream of a model speaks."""

    settings: Settings
    corridor: Corridor
    tenants: Tenants
    entrance: Entrance
    headers: VerdictHeaders
    wires: WiresOf

    @classmethod
    def of(
        cls,
        settings: Settings,
        corridor: Corridor,
        tenants: Tenants,
        *,
        admit: Admit,
        wires: WiresOf,
        retried: Callable[[], None],
    ) -> Self:
        """`retried` is told of a client that tries again."""

        def greet(headers: Mapping[str, str]) -> Visit:
            if headers.get("x-stainless-retry-count", "0") != "0":
                retried()
            return tenants.greet(headers)

        limits = Limits(
            body_bytes=settings.limits.body_bytes,
            depth=settings.limits.depth,
            messages=settings.limits.turns,
            choices=settings.limits.choices,
            exchange_seconds=settings.deadline_s,
        )
        users = EndUsers(end_user_key(settings), settings.end_user_ids)
        entrance = Entrance(greet, limits, admit, end_users=users)
        headers = VerdictHeaders(settings.expose_headers)
        return cls(settings, corridor, tenants, entrance, headers, wires)

    def guarded(self, surface: Surface, **how: Any) -> GuardedRoute:
        """A surface's way to the corridor; `how`: see `GuardedRoute`."""
        return GuardedRoute(surface, self.corridor, self.entrance, **how)


def hot_routes(doors: Doors) -> tuple[dict[str, Handler], list[Pattern]]:
    """Exact POST paths, and routes with a name in their path or of another method."""
    withheld = Withheld()
    hot: dict[str, Handler] = {
        **_speaking(doors, withheld),
        **_verdicts(doors),
        **_media(doors),
        "/feedback": _feedback(doors),
    }
    role = doors.settings.constitution_role
    deployment = doors.guarded(Deployment(ChatCodec(role), doors.headers))
    return hot, [Pattern("POST", DEPLOYMENT_PATH, deployment), *_stored(doors, withheld)]


def _speaking(doors: Doors, withheld: Withheld) -> dict[str, Handler]:
    """Routes that ask a model."""
    role, headers, wires = doors.settings.constitution_role, doors.headers, doors.wires
    return {
        "/chat/completions": doors.guarded(ChatCompletions(ChatCodec(role), headers)),
        completions.PATH: doors.guarded(Completions(wires, headers, role)),
        responses.PATH: doors.guarded(Responses(wires, withheld, headers, role)),
        messages.PATH: doors.guarded(Messages(wires, headers, role), id_header=messages.ID_HEADER),
        counting.PATH: doors.guarded(CountTokens(wires, headers), id_header=messages.ID_HEADER),
        embeddings.PATH: doors.guarded(Embeddings(wires, headers)),
    }


def _stored(doors: Doors, withheld: Withheld) -> list[Pattern]:
    """Stored responses: their answers are judged when they are fetched."""
    return [
        Pattern(
            method,
            path,
            doors.guarded(StoredResponses(action, doors.wires, withheld, doors.headers), bodyless=True),
        )
        for method, path, action in _STORED
    ]


def _verdicts(doors: Doors) -> dict[str, Handler]:
    """Routes that give a verdict and call no model."""
    headers = doors.headers
    return {
        moderations.PATH: Moderations(doors.corridor, doors.entrance),
        guard_check.PATH: doors.guarded(GuardCheck(headers)),
        litellm_guardrail.PATH: doors.guarded(LitellmGuardrail(headers)),
        **{
            prefix + path: doors.guarded(Agentgateway(side, headers))
            for prefix in ("", agentgateway.PREFIX)
            for side, path in agentgateway.HOOKS.items()
        },
    }


def _media(doors: Doors) -> dict[str, Handler]:
    """Audio and image routes that the settings name."""
    return {
        route.path: doors.guarded(Media(family, route, doors.wires, doors.headers), forms=route.forms)
        for family in doors.settings.relay
        for route in media.ROUTES[family]
    }


def _feedback(doors: Doors) -> FeedbackRoute:
    def record(feedback: Feedback) -> None:
        doors.corridor.ledger.tell(
            FeedbackGiven(
                feedback.decision,
                feedback.tenant,
                feedback.kind,
                time.time(),
                feedback.comment_length,
                feedback.comment,
            )
        )

    return FeedbackRoute(lambda headers: doors.tenants.greet(headers).tenant, record)
