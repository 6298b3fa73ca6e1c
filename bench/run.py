"""Starting the parts and measuring them in interleaved rounds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import machine, prompts

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STREAM_FIRST_MS, STREAM_GAP_US, STREAM_TOKENS, BURST_TOKENS = 5, 1000, 16, 64


class BenchError(Exception):
    """The benchmark cannot run or what it measured is not valid."""


@dataclass(frozen=True)
class Scenario:
    """One kind of load. `upstream`: which stand-in model answers, `instant` or `paced`."""

    name: str
    title: str
    connections: int
    stream: bool = False
    upstream: str = "instant"
    tokens: int = 0


SCENARIOS = (
    Scenario("c1", "1 connection, whole answers", 1),
    Scenario("c64", "64 connections, whole answers", 64),
    Scenario("c8", "8 connections, whole answers", 8),
    Scenario("s1", "1 connection, paced streams", 1, stream=True, upstream="paced", tokens=STREAM_TOKENS),
    Scenario("burst", "16 connections, streams sent at once", 16, stream=True, tokens=BURST_TOKENS),
)


@dataclass(frozen=True)
class Target:
    """What is measured. `policy` empty: the bare upstream; `fresh`: no prompt comes twice."""

    name: str
    policy: str = ""
    fresh: bool = False
    scenarios: tuple[str, ...] = ("c1", "c64", "s1", "burst")

    def measures(self, scenario: Scenario) -> bool:
        """The bare upstream is measured in every scenario, to compare with."""
        return not self.policy or scenario.name in self.scenarios


TARGETS = (
    Target("bare upstream"),
    Target("monitor, verdicts cached", policy="monitor"),
    Target("default, verdicts cached", policy="default"),
    Target("default, fresh prompts", policy="default", fresh=True, scenarios=("c1", "c8", "s1")),
)


@dataclass(frozen=True)
class Plan:
    """How long and how often. The whole takes about rounds x 15 measurements x (seconds + warm-up)."""

    rounds: int = 3
    seconds: float = 3.0
    warmup: float = 0.5


@dataclass
class Server:
    """A running Gatehouse."""

    policy: str
    upstream: str
    port: int
    process: subprocess.Popen[bytes]
    start_seconds: float


@dataclass
class Bench:
    """The running parts of one benchmark."""

    folder: Path
    rig: Path
    ends: set[int]
    guarded: set[int]
    ports: dict[str, int] = field(default_factory=dict)
    servers: dict[tuple[str, str], Server] = field(default_factory=dict)

    def port_of(self, target: Target, scenario: Scenario) -> int:
        if not target.policy:
            return self.ports[scenario.upstream]
        return self.servers[target.policy, scenario.upstream].port

    def prime(self, target: Target, scenario: Scenario) -> None:
        """Send every prompt once, so that all verdicts are cached before the first window."""
        address = f"http://127.0.0.1:{self.port_of(target, scenario)}/v1/chat/completions"
        bodies = prompts.bodies(stream=scenario.stream, fresh=False, tokens=scenario.tokens or 32)
        for body in bodies.splitlines():
            with _ask(address, body) as answer:
                answer.read()
        if target.policy:
            _wait_until_idle(self.port_of(target, scenario))

    def measure(self, target: Target, scenario: Scenario, plan: Plan) -> dict[str, Any]:
        """One window of one scenario against one target."""
        server = self.servers.get((target.policy, scenario.upstream))
        body = self.folder / f"{scenario.name}-{'fresh' if target.fresh else 'same'}.jsonl"
        body.write_bytes(
            prompts.bodies(stream=scenario.stream, fresh=target.fresh, tokens=scenario.tokens or 32)
        )
        command = [self.rig, "load", self.port_of(target, scenario), body, scenario.connections]
        before = machine.cpu_seconds(server.process.pid) if server else 0.0
        run = _pinned(
            [*command, plan.seconds, plan.warmup, "Authorization: Bearer bench"],
            self.ends,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, complaint = run.communicate(timeout=plan.seconds + plan.warmup + 30)
        if run.returncode != 0:
            raise BenchError(f"load generator: {complaint.decode().strip()}")
        result: dict[str, Any] = json.loads(out)
        if server:
            spent = machine.cpu_seconds(server.process.pid) - before
            result["cpu_ms"] = spent * 1000 / max(1, result["sent"])
            result["rss_mib"] = machine.memory_mib(server.process.pid)
        return result


def _pinned(command: Sequence[object], cores: set[int], **options: Any) -> subprocess.Popen[bytes]:
    """A started process that stays on these cores, with every thread it will make."""
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, **options)
    with contextlib.suppress(ProcessLookupError):
        os.sched_setaffinity(process.pid, cores)
    return process


@contextlib.contextmanager
def started(targets: tuple[Target, ...] = TARGETS) -> Iterator[Bench]:
    """The rig built, the upstreams and a Gatehouse for each policy and upstream running."""
    ends, guarded = machine.cores()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-bench-")))
        bench = Bench(folder, compiled(HERE / "rig.c", "rig"), ends, guarded)
        answer = folder / "answer.txt"
        answer.write_text(prompts.ANSWER)
        pace = {"FIRST_MS": str(STREAM_FIRST_MS), "GAP_US": str(STREAM_GAP_US)}
        for name, environment in (("instant", {}), ("paced", pace)):
            bench.ports[name] = port = free_port()
            command = [bench.rig, "upstream", port, answer]
            process = _pinned(command, ends, env={**os.environ, **environment})
            stack.callback(_stop, process)
            _wait_for(port, process)
        for policy in dict.fromkeys(target.policy for target in targets if target.policy):
            for upstream in bench.ports:
                server = _serve(bench, policy, upstream)
                stack.callback(_stop, server.process)
                bench.servers[policy, upstream] = server
        yield bench


def compiled(source: Path, name: str, *options: str) -> Path:
    """What a C file of the benchmark compiles to, made anew where the file is newer."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise BenchError("the benchmark needs a C compiler (Debian: apt-get install gcc libc6-dev)")
    made = ROOT / "build" / "bench" / name
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        made.parent.mkdir(parents=True, exist_ok=True)
        flags = ["-O2", "-Wall", "-Wextra", *options]
        subprocess.run([compiler, *flags, "-o", str(made), str(source)], check=True)
    return made


def _serve(bench: Bench, policy: str, upstream: str) -> Server:
    port = free_port()
    folder = bench.folder / f"{policy}-{upstream}"
    folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
    environment = {
        **kept,
        "GATEHOUSE_HOST": "127.0.0.1",
        "GATEHOUSE_PORT": str(port),
        "GATEHOUSE_UPSTREAM": f"http://127.0.0.1:{bench.ports[upstream]}/v1",
        "GATEHOUSE_POLICY": policy,
        "GATEHOUSE_LEDGER__PATH": str(folder / "ledger.jsonl"),
        "GATEHOUSE_LOG__ACCESS": "0",
        "GATEHOUSE_LOG__LEVEL": "error",
    }
    log = (folder / "log").open("wb")
    begun = time.monotonic()
    process = _pinned(
        [Path(sys.executable).parent / "gatehouse", "serve"],
        bench.guarded,
        cwd=folder,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(port, process)
    except BenchError as error:
        _stop(process)
        raise BenchError(f"{error}\n{(folder / 'log').read_text()[-2000:]}") from None
    return Server(policy, upstream, port, process, time.monotonic() - begun)


def _ask(address: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)


def _wait_until_idle(port: int, seconds: float = 30) -> None:
    """Until no exchange is under way: a policy that only observes judges after it has answered."""
    address = f"http://127.0.0.1:{port}/metrics"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with _ask(address) as page:
            if b"\ngatehouse_inflight_exchanges 0.0\n" in page.read():
                return
        time.sleep(0.05)
    raise BenchError("the verdicts were not cached in time")


def _wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Until the first whole chat answer comes back."""
    address = f"http://127.0.0.1:{port}/v1/chat/completions"
    body = prompts.bodies(stream=False, fresh=False).splitlines()[0]
    end = time.monotonic() + seconds
    last: object = "no answer"
    while time.monotonic() < end:
        if process.poll() is not None:
            raise BenchError(f"a part ended with status {process.returncode}")
        try:
            with _ask(address, body) as answer:
                if json.load(answer)["choices"][0]["message"]["content"]:
                    return
        except urllib.error.HTTPError as error:
            last = f"{error.code} {error.read()[:300]!r}"
        except (OSError, ValueError, KeyError) as error:
            last = error
        time.sleep(0.02)
    raise BenchError(f"no valid answer on port {port} within {seconds:g} s: {last}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Samples = dict[tuple[str, str], list[dict[str, Any]]]


def measured(bench: Bench, plan: Plan, targets: tuple[Target, ...], tell: Callable[[str], None]) -> Samples:
    """Every scenario against every target, all targets in each round."""
    samples: Samples = {}
    for target in targets:
        for scenario in SCENARIOS:
            if target.measures(scenario) and not target.fresh:
                bench.prime(target, scenario)
    for number in range(1, plan.rounds + 1):
        for scenario in SCENARIOS:
            for target in targets:
                if not target.measures(scenario):
                    continue
                result = bench.measure(target, scenario, plan)
                samples.setdefault((target.name, scenario.name), []).append(result)
                tell(
                    f"round {number}/{plan.rounds}  {scenario.name:6}{target.name:26}"
                    f"{result['rate']:>10.0f}/s  failed {result['failed']}"
                )
    return samples
