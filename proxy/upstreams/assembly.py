"""The upstreams that settings ask for. Nothing is imported or connected before the first call needs it."""

from __future__ import annotations

from pydantic import SecretStr

from proxy.settings import RouteSettings, Settings
from proxy.upstreams.http_limits import HttpLimits, HttpTimeouts
from proxy.upstreams.http_upstream import HttpUpstream
from proxy.upstreams.litellm_upstream import LitellmTarget, LitellmTimeouts, LitellmUpstream
from proxy.upstreams.routing import Adapter, Route, UpstreamRouter
from proxy.upstreams.scripted import ScriptedUpstream


def assemble_upstreams(
    settings: Settings, *, relay_authorization: bool = True, scripted_delay: float = 0.0
) -> UpstreamRouter:
    """Routes and models of known providers to litellm, everything else to the configured server.

    With neither a server nor routes the scripted stand-in answers; with routes alone, a model that no
    route names does not exist. `relay_authorization` False: clients hold keys of Gatehouse itself.
    `scripted_delay`: seconds before each chunk of the stand-in's streams.
    """

    def connect(url: str) -> Adapter:
        """A tenant's own server gets the tenant's own key and no other."""
        return _server(settings, url, None, relay_authorization=False)

    if settings.scripted():
        return UpstreamRouter(ScriptedUpstream(scripted_delay), connect=connect)
    litellm = _litellm(settings)
    names = (*settings.routes, *(f"{provider}/*" for provider in settings.litellm_providers))
    key = _secret(settings.upstream_api_key)
    default = (
        _server(settings, settings.upstream, key, relay_authorization=relay_authorization)
        if settings.upstream
        else None
    )
    return UpstreamRouter(default, [Route(name, litellm) for name in names], connect)


def _server(settings: Settings, url: str, key: str | None, *, relay_authorization: bool) -> HttpUpstream:
    limits = settings.upstream_limits
    return HttpUpstream(
        url,
        key,
        timeouts=HttpTimeouts(limits.connect_s, limits.first_byte_s, limits.idle_s),
        limits=HttpLimits(limits.connections, limits.keepalive_s, limits.answer_bytes),
        relay_authorization=relay_authorization,
        wires=frozenset(settings.upstream_wires),
    )


def _litellm(settings: Settings) -> LitellmUpstream:
    limits = settings.upstream_limits
    targets = {name: _target(route) for name, route in settings.routes.items()}
    return LitellmUpstream(targets, LitellmTimeouts(limits.first_byte_s, limits.idle_s))


def _target(route: RouteSettings) -> LitellmTarget:
    return LitellmTarget(route.model, _secret(route.api_key), route.base_url)


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None
