"""Asking for health: any trouble is not ready, and never a traceback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from gatehouse.health import ask, readiness_url
from proxy.settings import Settings


class Answer(BaseHTTPRequestHandler):
    """Answers by path: status and body."""

    pages: ClassVar = {
        "/ok": (200, b'{"status":"ok","parts":{"store":"ok"}}'),
        "/down": (503, b'{"status":"unavailable","parts":{"ledger":"failing"}}'),
        "/odd": (200, b"[]"),
        "/plain": (404, b"nothing"),
    }

    def do_GET(self) -> None:
        status, content = self.pages[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_ready_house_is_ready(address: str) -> None:
    """200 is ready, and the parts are told."""
    found = ask(f"{address}/ok")
    assert (found.ready, found.parts) == (True, {"store": "ok"})
    assert ask(f"{address}/odd").ready


def test_trouble_is_not_ready(address: str, unused_port: int) -> None:
    """503 with its parts, another status, nobody there, nonsense: all not ready."""
    assert ask(f"{address}/down").parts == {"ledger": "failing"}
    assert not ask(f"{address}/down").ready
    assert ask(f"{address}/plain").parts == {"status": "404"}
    assert ask(f"http://127.0.0.1:{unused_port}/readyz").parts == {"error": "connection refused"}
    assert not ask("nonsense").ready
    assert "nonsense" in ask("nonsense").parts["error"]


def test_no_proxy_stands_between(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A health check asks its own container, whatever HTTP_PROXY says."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert ask(f"{address}/ok").ready


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), "http://127.0.0.1:8080/readyz"),
        (Settings(host="0.0.0.0", port=80), "http://127.0.0.1:80/readyz"),
        (Settings(host="::1"), "http://[::1]:8080/readyz"),
        (Settings(metrics_port=9, metrics_host="0.0.0.0"), "http://127.0.0.1:9/readyz"),
    ],
)
def test_the_address_follows_the_settings(settings: Settings, url: str) -> None:
    """Health is on the second listener where there is one."""
    assert readiness_url(settings) == url
