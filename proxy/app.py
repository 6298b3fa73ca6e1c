"""The composition root: the one list of parts. `build(settings)` returns everything that serves.

Nothing here is global: two applications in one process do not know of each other. What a route may
reach is decided in `hot_routes.py`; the house test walks that list.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from classifiers import registry
from classifiers.classification import Classifier
from policies.digest import short
from policies.evidence import find_evidence
from policies.loader import load_refusal_calibrations
from policies.refusal_calibration import UNCALIBRATED, Calibrations
from proxy.exchange.pipeline import Corridor
from proxy.history import BlockMemory
from proxy.hot_routes import DIALECTS, Doors, hot_routes
from proxy.keys import digest_key, end_user_key
from proxy.ledger.opening import OpenLedger, open_ledger
from proxy.ledger.preferences import PreferenceJournal
from proxy.ledger.writer import LedgerWriter
from proxy.metric_families import vocabulary_of
from proxy.metrics import Metrics
from proxy.request_limit import RequestLimit
from proxy.screening import ScreeningRoom, VerdictCache
from proxy.settings import Settings
from proxy.stores import Store
from proxy.stores.tiered import LocalStore, TieredStore, open_store
from proxy.surfaces.constitutions import ConstitutionLister, constitution_routes
from proxy.surfaces.front import Front, Handler, Pattern
from proxy.surfaces.operations import (
    ModelLister,
    operator_routes,
    public_routes,
    reload_routes,
    speak_openai,
)
from proxy.tenants.loading import Manifest, load_snapshot
from proxy.tenants.reloading import Reloader, look_at
from proxy.tenants.snapshot import Snapshot
from proxy.tenants.visit import Tenants
from proxy.upstreams.assembly import assemble_upstreams
from proxy.upstreams.routing import Adapter, UpstreamRouter
from proxy.version import VERSION

DEMO_DELAY_S = 0.02
"""Pause between the pieces of a scripted stream, so that a person sees it stream."""


@dataclass(frozen=True, slots=True)
class Gatehouse:
    """An application: call it as ASGI (lifespan included).

    `routes`: hot path to handler, as the front dispatches them; `patterns`: guarded routes with a name in
    their path; `fastapi`: everything else;
    `operations`: health and metrics alone, for a second listener.
    """

    settings: Settings
    front: Front
    routes: Mapping[str, Handler]
    patterns: Sequence[Pattern]
    fastapi: FastAPI
    operations: FastAPI
    corridor: Corridor
    screening: ScreeningRoom
    tenants: Tenants
    reloader: Reloader
    metrics: Metrics
    ledger: LedgerWriter
    pairs: PreferenceJournal | None
    upstream: UpstreamRouter
    store: LocalStore
    classifiers: Mapping[str, Classifier]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one ASGI scope."""
        await self.front(scope, receive, send)

    def reload_soon(self) -> None:
        """Read policies, constitutions, replies and tenants anew, on a thread."""
        self.reloader.ask()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start what has threads; at the end, with no exchange under way, close everything in order."""
        self.ledger.start()
        if self.pairs is not None:
            self.pairs.start()
        self.reloader.start(self.settings.reload.watch_s)
        try:
            yield
        finally:
            self.reloader.close()
            self.screening.close()
            await self.upstream.aclose()
            await self.store.aclose()
            await self.ledger.aclose()
            if self.pairs is not None:
                await asyncio.to_thread(self.pairs.close)

    @property
    def policy(self) -> str:
        """Name, version and digest of the default policy."""
        policy = self.tenants.snapshot.default.policy
        return f"{policy.label} ({short(policy.digest)})"

    @property
    def models(self) -> tuple[str, ...]:
        """Classifiers that were loaded, as `name@version`."""
        return tuple(classifier.model for classifier in self.classifiers.values())


def build(
    settings: Settings,
    *,
    upstream: Adapter | None = None,
    classifiers: Mapping[str, Classifier] | None = None,
) -> Gatehouse:
    """Everything that serves under these settings. `upstream` and `classifiers` stand in for the configured
    ones.

    Raises:
        ModelFileError, PolicyError, LedgerError: a part cannot be used; serving must not start.
    """
    if classifiers is None:
        classifiers = load_classifiers(settings)
    manifest = Manifest.of(classifiers)
    tenants = Tenants(load_snapshot(settings, manifest))
    calibrations = load_calibrations(settings)
    metrics = Metrics(vocabulary=vocabulary_of(tenants.snapshot.bundles(), _labels(classifiers)))
    pairs = open_journal(settings, tenants)
    store = open_store(settings)
    limit = RequestLimit(store, settings.limits.per_minute, digest_key(settings), tenants)
    listeners = (metrics.tell, limit.tell, *((pairs.hear,) if pairs is not None else ()))
    opened = open_ledger(settings, listeners, about=_about(calibrations))
    ledger = opened.writer
    screening = _screening(settings, classifiers, store)
    router = _router(settings, upstream)
    history = _memory(settings, store)
    corridor = _corridor(screening, router, ledger, calibrations, history, pairs)
    doors = Doors.of(
        settings, corridor, tenants, admit=limit.admit, wires=router.wires, retried=metrics.client_retried
    )
    routes, patterns = hot_routes(doors)
    reloader = Reloader(
        tenants,
        lambda: load_snapshot(settings, manifest),
        lambda snapshot: look_at(settings, snapshot.lattice),
        lambda snapshot: _announce(metrics, snapshot, classifiers),
    )
    public = _public(lambda _: parts.running(), router, tenants)
    operations = _operations(reloader)
    ready = _readiness(classifiers, store, ledger)
    for app in (operations, public) if settings.metrics_port is None else (operations,):
        app.include_router(operator_routes(ready, metrics.exposition))
    parts: Gatehouse = Gatehouse(
        settings=settings,
        front=Front(public, routes, patterns, dialects=DIALECTS, origins=settings.cors.origins),
        routes=routes,
        patterns=patterns,
        fastapi=public,
        operations=operations,
        corridor=corridor,
        screening=screening,
        tenants=tenants,
        reloader=reloader,
        metrics=metrics,
        ledger=ledger,
        pairs=pairs,
        upstream=router,
        store=store,
        classifiers=classifiers,
    )
    _watch(parts, opened)
    return parts


def _corridor(
    screening: ScreeningRoom,
    router: UpstreamRouter,
    ledger: LedgerWriter,
    calibrations: Calibrations,
    history: BlockMemory,
    pairs: PreferenceJournal | None,
) -> Corridor:
    return Corridor(
        screener=screening,
        upstream=router,
        critic=router,
        ledger=ledger,
        clock=time.monotonic,
        nonce=lambda: secrets.token_hex(8),
        settled=ledger.flushed if ledger.strict else None,
        calibrations=calibrations,
        history=history,
        evidence=find_evidence,
        pairs=pairs,
    )


def _router(settings: Settings, upstream: Adapter | None) -> UpstreamRouter:
    if upstream is not None:
        return UpstreamRouter(upstream)
    return assemble_upstreams(settings, scripted_delay=DEMO_DELAY_S)


def _public(lifespan: Any, router: UpstreamRouter, tenants: Tenants) -> FastAPI:
    """What clients may ask besides the hot routes."""
    app = _app(lifespan)
    app.include_router(public_routes(_models(router, tenants), version=VERSION))
    app.include_router(constitution_routes(_constitutions(tenants)))
    return app


def _operations(reloader: Reloader) -> FastAPI:
    """What operators may ask."""
    app = _app()
    app.include_router(reload_routes(lambda: _reload(reloader)))
    return app


def _app(lifespan: Any = None) -> FastAPI:
    """An application without pages of its own, whose errors are in OpenAI's shape."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    speak_openai(app)
    return app


def _models(router: UpstreamRouter, tenants: Tenants) -> ModelLister:
    """Models as the tenant of a request may see them."""

    async def models(headers: Mapping[str, str]) -> list[dict[str, Any]]:
        visit = tenants.greet(headers)
        found = await router.models(visit.headers, visit.onward)
        return [entry for entry in found if visit.who.may_ask(str(entry.get("id")))]

    return models


def load_classifiers(settings: Settings) -> dict[str, Classifier]:
    """The shipped models and those of the settings, by the names that policies use."""
    directories: dict[str, Path] = {**registry.shipped(), **settings.models}
    return {
        name: registry.load(path, name=name, cascade=settings.guard.cascade)
        for name, path in directories.items()
    }


def load_calibrations(settings: Settings) -> Calibrations:
    """How refusals are read for each upstream model; no file, no calibration."""
    path = settings.refusal_calibration
    return UNCALIBRATED if path is None else load_refusal_calibrations(path)


def open_journal(settings: Settings, tenants: Tenants) -> PreferenceJournal | None:
    """The preference journal, not started; None where no file is named."""
    said = settings.preferences
    if said.path is None:
        return None

    def consents(name: str) -> bool:
        member = tenants.snapshot.tenants.get(name)
        return name in said.consent or (member is not None and member.consents)

    return PreferenceJournal(said.path, consents, key=end_user_key(settings), capacity=said.queue)


def _about(calibrations: Calibrations) -> dict[str, str]:
    """What the ledger's start record says of this service."""
    return {"version": VERSION} | (
        {"refusal_calibration": calibrations.digest} if calibrations.patterns else {}
    )


def _constitutions(tenants: Tenants) -> ConstitutionLister:
    return lambda headers: tenants.greet(headers).constitutions("chat_completions")


def _labels(classifiers: Mapping[str, Classifier]) -> tuple[str, ...]:
    return tuple(label for classifier in classifiers.values() for label in classifier.labels)


def _screening(settings: Settings, classifiers: Mapping[str, Classifier], store: LocalStore) -> ScreeningRoom:
    shared: Store | None = store if isinstance(store, TieredStore) else None
    return ScreeningRoom(
        classifiers,
        VerdictCache(settings.cache.entries, shared, int(settings.cache.ttl_s)),
        secret=digest_key(settings),
        threads=settings.guard.threads or min(4, len(os.sched_getaffinity(0))),
        queue=settings.guard.queue,
    )


def _memory(settings: Settings, store: LocalStore) -> BlockMemory:
    shared = isinstance(store, TieredStore)
    return BlockMemory(store, digest_key(settings), shared=shared, ttl_seconds=settings.cache.blocked_ttl_s)


def _readiness(
    classifiers: Mapping[str, Classifier], store: Store, ledger: LedgerWriter
) -> Callable[[], Any]:
    async def ready() -> tuple[bool, Mapping[str, str]]:
        parts = {
            "classifiers": "ok" if classifiers else "none",
            "store": "ok" if store.healthy() else "degraded",
            "ledger": "ok" if ledger.healthy() else "failing",
        }
        return ledger.healthy() or not ledger.strict, parts

    return ready


def _watch(parts: Gatehouse, opened: OpenLedger) -> None:
    """Hand the metrics page everything that is asked for at a scrape, and what is running."""
    metrics, ledger, store = parts.metrics, parts.ledger, parts.store
    metrics.watch("gatehouse_inflight_exchanges", lambda: float(len(parts.corridor.under_way)))
    metrics.watch("gatehouse_guard_queue_depth", lambda: float(parts.screening.busy))
    metrics.watch("gatehouse_store_up", lambda: float(store.healthy()))
    metrics.watch("gatehouse_ledger_up", lambda: float(ledger.healthy()))
    metrics.watch("gatehouse_ledger_queue_depth", lambda: float(ledger.depth()))
    metrics.watch("gatehouse_ledger_dropped_total", lambda: float(ledger.dropped))
    metrics.watch("gatehouse_listener_failures_total", lambda: float(ledger.listener_failures))
    metrics.watch("gatehouse_ledger_records_total", opened.records)
    pairs = parts.pairs
    if pairs is not None:
        metrics.watch("gatehouse_preference_rows_total", lambda: float(pairs.written))
        metrics.watch("gatehouse_preferences_dropped_total", lambda: float(pairs.dropped))
    shared = store.shared if isinstance(store, TieredStore) else None
    faults = getattr(shared, "faults", None)
    if faults is not None:
        metrics.watch("gatehouse_store_faults_total", lambda: {k: float(v) for k, v in faults.items()})
        metrics.watch("gatehouse_store_forged_total", lambda: float(getattr(shared, "forged", 0)))
    reloader = parts.reloader
    metrics.watch("gatehouse_reloads_total", lambda: reloader.counts)
    metrics.watch("gatehouse_reload_ok", lambda: float(reloader.ok))
    metrics.watch("gatehouse_reload_last_good_timestamp_seconds", lambda: reloader.last_good)
    _announce(metrics, parts.tenants.snapshot, parts.classifiers)


def _announce(metrics: Metrics, snapshot: Snapshot, classifiers: Mapping[str, Classifier]) -> None:
    """Tell the metrics page what serves, before it does."""
    bundle = snapshot.default
    metrics.learn(vocabulary_of(snapshot.bundles(), _labels(classifiers)))
    metrics.describe_build(
        version=VERSION,
        policy=bundle.policy.label,
        policy_digest=bundle.policy.digest,
        constitution=bundle.constitution.label,
        constitution_digest=bundle.constitution.digest,
        models=",".join(classifier.model for classifier in classifiers.values()),
        snapshot=snapshot.digest,
    )


def _reload(reloader: Reloader) -> tuple[bool, Mapping[str, Any]]:
    found = reloader.reload()
    return found.result != "failed", asdict(found)
