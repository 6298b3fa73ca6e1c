"""Asking a running Gatehouse whether it is ready: for container health checks without curl."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from gatehouse.banner import reachable
from proxy.settings import Settings


@dataclass(frozen=True, slots=True)
class Health:
    """`ready`: it said so; `parts`: state of each part, or what went wrong."""

    ready: bool
    parts: dict[str, str] = field(default_factory=dict)


def readiness_url(settings: Settings) -> str:
    """Where these settings put `/readyz`."""
    second = settings.metrics_port is not None
    host = settings.metrics_host if second else settings.host
    port = settings.metrics_port if second else settings.port
    return f"http://{reachable(host)}:{port}/readyz"


def ask(url: str, timeout_s: float = 3.0) -> Health:
    """The answer of `/readyz`; whatever goes wrong is not ready."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_s) as answer:
            return Health(True, _parts(answer.read()))
    except urllib.error.HTTPError as error:
        return Health(False, _parts(error.read()) or {"status": str(error.code)})
    except (OSError, ValueError) as error:
        return Health(False, {"error": _told(error)})


def _told(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return (reason.strerror or "no answer").lower() if isinstance(reason, OSError) else str(reason)


def _parts(body: bytes) -> dict[str, str]:
    try:
        parts = json.loads(body).get("parts", {})
        return {str(name): str(state) for name, state in parts.items()}
    except (ValueError, AttributeError):
        return {}
