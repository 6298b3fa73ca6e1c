"""What a starting Gatehouse says about itself, in plain words."""

from __future__ import annotations

from collections.abc import Iterable

from gatehouse.demo import render
from proxy.settings import Settings
from proxy.version import VERSION

SCRIPTED_MODEL = "gatehouse-scripted"


def banner(settings: Settings, *, port: int, policy: str, models: Iterable[str]) -> str:
    """The start-up text with requests to copy. `policy`: name, version and digest; `models`: names."""
    url = f"http://{reachable(settings.host)}:{port}"
    metrics = url
    if settings.metrics_port is not None:
        metrics = f"http://{reachable(settings.metrics_host)}:{settings.metrics_port}"
    facts = {
        "listening on": f"{url}/v1  (give this to any OpenAI client as its base URL)",
        "upstream": describe_upstream(settings),
        "policy": policy,
        "classifiers": ", ".join(models) or "none",
        "store": describe_store(settings),
        "ledger": describe_ledger(settings),
        "metrics": f"{metrics}/metrics",
    }
    width = max(map(len, facts))
    lines = [f"Gatehouse {VERSION}", *(f"  {name:<{width}}  {fact}" for name, fact in facts.items())]
    if settings.scripted():
        lines += ["", *_SCRIPTED]
    lines += ["", "Try it:", "", render(url, metrics, SCRIPTED_MODEL if settings.scripted() else "MODEL"), ""]
    return "\n".join(lines)


_SCRIPTED = (
    "  No upstream is configured: answers come from a SCRIPTED STAND-IN, not from a language model.",
    "  Guard a real one with  GATEHOUSE_UPSTREAM=http://127.0.0.1:8000/v1",
)


def describe_upstream(settings: Settings) -> str:
    """Where answers come from."""
    if settings.scripted():
        return "scripted stand-in (no language model)"
    parts = [settings.upstream] if settings.upstream else []
    if settings.upstream:
        key = "own key" if settings.upstream_api_key else "the client's key is relayed"
        parts.append(f"({key})")
    if settings.routes:
        parts.append(f"and {len(settings.routes)} route(s) through litellm")
    return " ".join(parts)


def describe_store(settings: Settings) -> str:
    """Where measurements and counters are kept."""
    if settings.store == "memory":
        return f"memory of this process, up to {settings.cache.entries:,} measurements"
    return f"{settings.store}, at most {settings.redis.budget_ms} ms an operation, memory in front"


def describe_ledger(settings: Settings) -> str:
    """What is recorded, and how safely."""
    ledger = settings.ledger
    if ledger.mode == "off":
        return "off: decisions are counted, none is recorded"
    promise = "before the exchange ends" if ledger.mode == "strict" else f"within {ledger.flush_ms} ms"
    keyed = "keyed chain" if ledger.key else "chain without a key"
    return f"{ledger.path}, on disk {promise}, {keyed}"


def reachable(host: str) -> str:
    """The host of a URL that leads to what listens on `host`."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared with, not bound to
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
