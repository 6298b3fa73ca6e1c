"""Serving: real listeners, one set of signals, the second ends with the first."""

from __future__ import annotations

import asyncio
import gc
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse.serving import (
    KEEP_ALIVE_S,
    Server,
    StartError,
    make_config,
    run,
    run_servers,
    settle_garbage,
)
from proxy.settings import CacheSettings, Settings


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """The smallest application."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def fetch(port: int) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return answer.read(), dict(answer.headers)


@pytest.fixture(autouse=True)
def _garbage_as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


async def test_both_listeners_answer_and_end_together(unused_port: int) -> None:
    """The port the system chose is told once listening; ending the first ends the second."""
    settings = Settings(port=0, metrics_port=unused_port)
    ports: list[int] = []
    main = Server(make_config(hello, settings), ports.append, signals=False)
    second = Server(make_config(hello, settings, operations=True), ports.append, signals=False)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(run_servers(main, second))
        while len(ports) < 2:  # noqa: ASYNC110 - uvicorn tells it through a callback
            await asyncio.sleep(0.01)
        assert main.port() in ports
        assert main.port() != 0
        for port in ports:
            body, headers = await asyncio.to_thread(fetch, port)
            assert body == b"hello"
            assert "server" not in headers
        main.should_exit = True
    assert second.should_exit


def test_uvicorn_is_run_as_the_hot_path_wants_it() -> None:
    """httptools, no access log, no trust in forwarded headers, a bounded shutdown."""
    config = make_config(hello, Settings(shutdown_s=7.5))
    assert (config.http, config.access_log, config.proxy_headers) == ("httptools", False, False)
    assert config.timeout_graceful_shutdown == 7
    assert config.timeout_keep_alive == KEEP_ALIVE_S > 60
    assert config.host == "127.0.0.1"


def test_the_second_listener_has_its_own_address() -> None:
    """Metrics may be reachable from outside where the API is not."""
    config = make_config(hello, Settings(metrics_host="0.0.0.0", metrics_port=9), operations=True)
    assert (config.host, config.port, config.lifespan) == ("0.0.0.0", 9, "off")


def test_start_up_is_kept_out_of_later_collections() -> None:
    """What start-up made is frozen, and full collections become rare."""
    before = gc.get_freeze_count()
    settle_garbage()
    assert gc.get_freeze_count() > before
    assert gc.get_threshold()[0] == 50_000


def test_settings_of_a_cache_do_not_touch_serving() -> None:
    """The listener depends on its own settings alone."""
    one = make_config(hello, Settings())
    other = make_config(hello, Settings(cache=CacheSettings(entries=1)))
    assert (one.host, one.port) == (other.host, other.port)


def test_a_port_in_use_is_told_before_models_are_loaded() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StartError, match=r"port [0-9]+ cannot be listened on: address already in use"):
            run(Settings(port=taken.getsockname()[1]))
