"""Serving: one process, uvicorn with uvloop and httptools, and a second listener where one is wanted."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Protocol

import uvicorn

from classifiers.classification import ModelFileError
from gatehouse.banner import banner
from gatehouse.logs import set_up_logs
from policies.policy import PolicyError
from proxy.ledger.files import LedgerError
from proxy.settings import Settings, SettingsError

KEEP_ALIVE_S = 75
"""Longer than the pools of clients keep idle connections, so that they close first and never meet a
connection that is just being closed here."""
_BACKLOG = 2048
_FULL_COLLECTIONS = (50_000, 20, 100)

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Callable[[], Awaitable[Scope]], Callable[[Scope], Awaitable[None]]], Awaitable[None]]


class StartError(Exception):
    """It cannot start. `problems`: why, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class BuiltApp(Protocol):
    """What `proxy.app.build` gives: an ASGI application that runs the lifespan, and what to say of it."""

    @property
    def operations(self) -> Asgi:
        """Health and metrics alone, for a second listener; has no lifespan of its own."""

    @property
    def policy(self) -> str:
        """Name, version and digest of the default policy."""

    @property
    def models(self) -> tuple[str, ...]:
        """Classifiers that were loaded, as `name@version`."""

    def reload_soon(self) -> None:
        """Read policies, constitutions, replies and tenants anew, on a thread."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The application."""


class Server(uvicorn.Server):
    """A uvicorn server that says when it listens, and tunes the garbage collector then."""

    def __init__(
        self, config: uvicorn.Config, listening: Callable[[int], None], *, signals: bool = True
    ) -> None:
        super().__init__(config)
        self._listening = listening
        self._signals = signals

    async def startup(self, sockets: Any = None) -> None:
        """See `uvicorn.Server.startup`."""
        await super().startup(sockets=sockets)
        if self.started:
            self._listening(self.port())

    def port(self) -> int:
        """The port that is listened on (the one the system chose where 0 was asked for)."""
        for server in getattr(self, "servers", []):
            for listener in server.sockets:
                return int(listener.getsockname()[1])
        return self.config.port

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """One server of a process takes the signals; the other is stopped by it."""
        if not self._signals:
            yield
            return
        with super().capture_signals():
            yield


def run(settings: Settings, *, quiet: bool = False) -> bool:
    """Run until a signal; True when it started. `quiet` leaves out the start-up text."""
    set_up_logs(settings.log.level, settings.log.format)
    _check_free(settings.host, settings.port, "--port")
    if settings.metrics_port is not None:
        _check_free(settings.metrics_host, settings.metrics_port, "--set metrics_port=…")
    from proxy.app import build  # noqa: PLC0415 - `check` and `health` do without the whole proxy

    try:
        app: BuiltApp = build(settings)
    except (PolicyError, SettingsError) as error:
        raise StartError(error.problems) from None
    except (LedgerError, ModelFileError) as error:
        raise StartError([str(error)]) from None

    def listening(port: int) -> None:
        settle_garbage()
        if not quiet:
            text = banner(settings, port=port, policy=app.policy, models=app.models)
            sys.stdout.write(text)
            sys.stdout.flush()

    main = Server(make_config(app, settings), listening)
    second = None
    if settings.metrics_port is not None:
        config = make_config(app.operations, settings, operations=True)
        second = Server(config, lambda _: None, signals=False)
    with asyncio.Runner(loop_factory=main.config.get_loop_factory()) as runner:
        runner.get_loop().add_signal_handler(signal.SIGHUP, app.reload_soon)
        runner.run(run_servers(main, second))
    return main.started


def _check_free(host: str, port: int, option: str) -> None:
    """That an address can be listened on, before models are loaded.

    Raises:
        StartError: it cannot, and why.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise StartError(
            [f"{host} port {port} cannot be listened on: {why} (choose another: {option})"]
        ) from None


def make_config(app: Any, settings: Settings, *, operations: bool = False) -> uvicorn.Config:
    """How uvicorn is run: no access log (the ledger has one), no proxy headers, no own log set-up."""
    return uvicorn.Config(
        app,
        host=settings.metrics_host if operations else settings.host,
        port=(settings.metrics_port or 0) if operations else settings.port,
        loop="auto",
        http="httptools",
        ws="none",
        lifespan="off" if operations else "on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, int(settings.shutdown_s)),
        h11_max_incomplete_event_size=64 * 1024,
    )


def settle_garbage() -> None:
    """Keep what start-up made out of later collections, and collect the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_FULL_COLLECTIONS)


async def run_servers(main: Server, second: Server | None) -> None:
    """Run one server or two; the second ends with the first."""
    if second is None:
        await main.serve()
        return
    async with asyncio.TaskGroup() as group:
        group.create_task(second.serve())
        try:
            await main.serve()
        finally:
            second.should_exit = True
