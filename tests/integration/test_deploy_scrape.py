"""A real Prometheus scrapes a real Gatehouse, and every panel of the dashboard has something to show."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatehouse.demo import DEMOS, body
from tests.conftest import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="prometheus is not installed (Debian: apt-get install prometheus)",
    ),
]
SUBSTITUTES = {
    "$__rate_interval": "30s",
    "$__range": "5m",
    "$window": "5m",
    "$job": ".+",
    "$instance": ".+",
    "$policy": ".+",
    "$category": ".+",
}


def fetch(url: str, payload: object | None = None) -> Any:
    data = None if payload is None else json.dumps(payload).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return answer.read()


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if what():
                return
        assert time.monotonic() < end, "it did not come up"
        time.sleep(0.1)


@contextlib.contextmanager
def running(*command: object, cwd: Path, **environment: str) -> Iterator[None]:
    log = (cwd / f"{Path(str(command[0])).name}.log").open("wb")
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


@pytest.fixture
def prometheus(tmp_path: Path, repository: Path) -> Iterator[str]:
    """Address of a Prometheus that has scraped a Gatehouse which answered every printed request."""
    guarded, watching = free_port(), free_port()
    config = yaml.safe_load((repository / "deploy/prometheus/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(repository / "deploy/prometheus/rules/*.rules.yml")]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{guarded}"]
    config["scrape_configs"] = config["scrape_configs"][:1]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    serve = (sys.executable, "-m", "gatehouse", "serve", "--quiet", "--port", guarded)
    watch = ("prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data")
    with (
        running(*serve, cwd=tmp_path, PYTHONPATH=str(repository)),
        running(*watch, f"--web.listen-address=127.0.0.1:{watching}", cwd=tmp_path),
    ):
        base, url = f"http://127.0.0.1:{guarded}", f"http://127.0.0.1:{watching}"
        wait_for(lambda: fetch(f"{base}/readyz"))
        wait_for(lambda: query(url, 'up{job="gatehouse"} == 1'))
        for _ in range(3):
            for demo in DEMOS:
                if demo.prompt:
                    fetch(f"{base}/v1/chat/completions", body(demo, "gatehouse-scripted"))
            time.sleep(1.2)
        time.sleep(1.5)
        yield url


def query(url: str, expr: str) -> list[Any]:
    answer = json.loads(fetch(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"))
    assert answer["status"] == "success"
    found: list[Any] = answer["data"]["result"]
    return found


def filled(expr: str) -> str:
    for variable, value in SUBSTITUTES.items():
        expr = expr.replace(variable, value)
    return expr


def test_every_panel_has_something_to_show(prometheus: str, repository: Path) -> None:
    """Queries join on labels that exist, and the share of refusals lies within its interval."""
    dashboard = json.loads((repository / "deploy/grafana/dashboards/gatehouse.json").read_text())
    panels = {panel["title"]: panel for panel in dashboard["panels"] if panel["type"] != "row"}
    empty = [
        title
        for title, panel in panels.items()
        if not any(query(prometheus, filled(target["expr"])) for target in panel["targets"])
    ]
    assert not empty
    shown = {
        target["legendFormat"]: float(query(prometheus, filled(target["expr"]))[0]["value"][1])
        for target in panels["Share of refusals"]["targets"]
    }
    assert 0 <= shown["95 % low"] < shown["share"] < shown["95 % high"] <= 1
    assert shown["n"] > 5
