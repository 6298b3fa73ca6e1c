"""The benchmark measures what it says: its ends work, its arithmetic is right, its page can be written."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import machine, prompts, report, run
from bench.run import Plan, Scenario, Target
from evaluation.measured_page import BEGIN, END, rewritten

SAMPLE: dict[str, Any] = {"answered": 100, "failed": 0, "sent": 100, "text_events": 100, "rate": 50.0}


def sample(p50: float, **more: float) -> dict[str, Any]:
    figures = {"n": 100, "p50": p50, "p95": p50 * 2, "p99": p50 * 3}
    return {**SAMPLE, "latency_us": figures, "ttft_us": figures, **more}


@pytest.fixture(scope="module")
def rig() -> Path:
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        pytest.skip("no C compiler (Debian: apt-get install gcc libc6-dev)")
    return run.compiled(run.HERE / "rig.c", "rig")


@pytest.fixture
def upstream(rig: Path, tmp_path: Path) -> Iterator[int]:
    answer = tmp_path / "answer.txt"
    answer.write_text(prompts.ANSWER)
    port = run.free_port()
    process = subprocess.Popen([rig, "upstream", str(port), answer], stdin=subprocess.DEVNULL)
    run._wait_for(port, process)
    yield port
    run._stop(process)


def load(rig: Path, port: int, bodies: Path, connections: int) -> dict[str, Any]:
    command = [rig, "load", str(port), bodies, str(connections), "0.3", "0.05"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_ends_are_faster_than_what_they_measure(
    rig: Path, upstream: int, tmp_path: Path, stream: bool
) -> None:
    """Every answer is whole and valid, and there are far more of them than Gatehouse could carry."""
    bodies = tmp_path / "bodies.jsonl"
    bodies.write_bytes(prompts.bodies(stream=stream, fresh=True))
    result = load(rig, upstream, bodies, 16)
    assert result["failed"] == 0
    assert result["rate"] > 2000
    assert result["latency_us"]["p50"] <= result["latency_us"]["p95"] <= result["latency_us"]["p99"]


def test_a_broken_upstream_is_counted_as_failures(rig: Path, unused_port: int, tmp_path: Path) -> None:
    """An answer that is no chat answer never counts as a fast one."""
    server = tmp_path / "server.py"
    server.write_text(
        "import http.server, sys\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    protocol_version = 'HTTP/1.1'\n"
        "    def do_POST(self):\n"
        "        self.rfile.read(int(self.headers['content-length']))\n"
        "        self.send_response(503); self.send_header('Content-Length', '2'); self.end_headers()\n"
        "        self.wfile.write(b'{}')\n"
        "    def log_message(self, *_): pass\n"
        "http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n"
    )
    process = subprocess.Popen([shutil.which("python3") or "python3", server, str(unused_port)])
    try:
        with pytest.raises(run.BenchError, match="503"):
            run._wait_for(unused_port, process, seconds=3)
        bodies = tmp_path / "bodies.jsonl"
        bodies.write_bytes(prompts.bodies(stream=False, fresh=False))
        result = load(rig, unused_port, bodies, 2)
    finally:
        run._stop(process)
    assert result["answered"] == 0
    assert result["failed"] > 0
    assert result["last_bad_status"] == 503


def test_fresh_prompts_carry_a_mark_and_cached_ones_do_not() -> None:
    for fresh in (True, False):
        for line in prompts.bodies(stream=False, fresh=fresh).splitlines():
            text = json.loads(line)["messages"][1]["content"]
            assert (prompts.MARK in text) is fresh
            assert 800 < len(text) < 1400


def test_added_latency_is_taken_within_a_round() -> None:
    """The difference of each round, then the median: a slow round does not count against a fast one."""
    targets = (Target(report.BARE), Target("ours", policy="monitor"))
    samples = {
        (report.BARE, "c1"): [sample(10), sample(1000), sample(20)],
        ("ours", "c1"): [
            sample(110, cpu_ms=0.2, rss_mib=90),
            sample(1100, cpu_ms=0.2, rss_mib=90),
            sample(130, cpu_ms=0.4, rss_mib=90),
        ],
    }
    result = report.summary(samples, targets, machine.description(), Plan())
    ours = next(row for row in result["results"] if row["target"] == "ours")
    assert ours["added.latency_us.p50"] == {"median": 100, "low": 100, "high": 110}
    assert ours["cpu_ms"] == {"median": 0.2, "low": 0.2, "high": 0.4}
    assert ours["answered"] == 300


def test_the_page_is_rewritten_between_its_marks(repository: Path) -> None:
    """The page in the repository has the marks, and everything around them stays."""
    text = (repository / "docs/reference/performance.md").read_text()
    facts = {**machine.description(), "start-up s": "0.90"}
    targets = (Target(report.BARE), Target("ours", policy="monitor"))
    samples = {
        (name, scenario.name): [sample(100, cpu_ms=0.1, rss_mib=90)] * 2
        for name in (report.BARE, "ours")
        for scenario in run.SCENARIOS
    }
    page = report.page(report.summary(samples, targets, facts, Plan()))
    written = rewritten(text, page)
    assert written.startswith(text[: text.index(BEGIN)])
    assert written.endswith(text[text.index(END) :])
    assert facts["processor"] in written
    assert "| ours | 0.100 | 0.000 | 0.000 | 0.000 | 0.100 | 200 | 0 |" in written


def test_the_whole_run_stays_within_four_minutes() -> None:
    plan = Plan()
    windows = sum(target.measures(scenario) for target in run.TARGETS for scenario in run.SCENARIOS)
    assert windows * plan.rounds * (plan.seconds + plan.warmup) < 230


def test_every_target_names_scenarios_that_exist() -> None:
    known = {scenario.name for scenario in run.SCENARIOS}
    assert all(set(target.scenarios) <= known for target in run.TARGETS)
    assert isinstance(run.SCENARIOS[0], Scenario)
