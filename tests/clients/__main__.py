"""Run every client against a Gatehouse of its own and say what applications see."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx

from tests.clients.clients import CLIENTS, Client, SetupError, drive
from tests.clients.expectations import UNDER_ERROR
from tests.clients.page import Driven, judged, render

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "clients.md"
AT_ONCE = 4
"""Clients that are set up and driven at the same time."""
ERROR_POLICY = "version: '1'\nname: errors\nextends: default\nblock_style: error\n"


@contextmanager
def gatehouse(policy: str = "default") -> Iterator[str]:
    """Base URL of a Gatehouse on this machine, until the end of the context."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.clients.house", "--policy", policy]
        command += ["--ledger", f"{folder}/ledger.jsonl"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            if not base_url:
                raise SetupError("Gatehouse did not start")
            yield base_url
        finally:
            process.terminate()
            process.wait(30)
            if process.stdout is not None:
                process.stdout.close()


@dataclass(frozen=True, slots=True)
class Houses:
    """Base URLs: of the shipped policy, and of the same one with blocks as errors."""

    shipped: str
    errors: str

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Houses]:
        """Both of them, until the end of the context."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            policy = folder / "errors.yaml"
            policy.write_text(ERROR_POLICY, encoding="utf-8")
            yield cls(*(stack.enter_context(gatehouse(each)) for each in ("default", str(policy))))

    def serve(self, route: str) -> bool:
        """Whether Gatehouse guards a route."""
        answer = httpx.post(f"{self.shipped}/v1{route}", json={}, timeout=30)
        return answer.status_code != httpx.codes.NOT_FOUND

    def drive(self, title: str, command: Sequence[str], *, responses: bool = False) -> Driven:
        """A driver's run against both."""
        version, seen = drive(command, self.shipped)
        _, again = drive(command, self.errors, *UNDER_ERROR)
        seen += [replace(each, scenario=UNDER_ERROR[each.scenario]) for each in again]
        return judged(title, version, seen, responses=responses)


def run(client: Client, houses: Houses, builds: Path) -> Driven:
    """One client's run, or why there is none."""
    if not houses.serve(client.route):
        return Driven(client.title, client.pinned, absent="not served yet")
    return houses.drive(client.title, client.command(builds), responses=client.responses)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 where an application saw what it should not, 2 where a client could not be run."""
    parser = argparse.ArgumentParser(prog="make clients", description=__doc__)
    parser.add_argument("--only", action="append", help="name of a client; may be repeated")
    parser.add_argument(
        "--builds", type=Path, default=ROOT / "build" / "clients", help="where environments are kept"
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--json", action="store_true", help="print what was seen as JSON")
    options = parser.parse_args(arguments)
    if options.write and options.only:
        parser.error("the page needs every client; leave --only out")
    chosen = [each for each in CLIENTS if not options.only or each.name in options.only]
    runs: list[Driven] = []
    with Houses.open() as houses, ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [(client, pool.submit(run, client, houses, options.builds)) for client in chosen]
        for client, driven in waiting:
            try:
                runs.append(driven.result())
            except (SetupError, OSError, subprocess.TimeoutExpired) as error:
                sys.stderr.write(f"{client.title}: {error}\n")
                pool.shutdown(cancel_futures=True)
                return 2
            sys.stderr.write(f"{_line(runs[-1])}\n")
    if options.json:
        sys.stdout.write(json.dumps([asdict(each) for each in runs], ensure_ascii=False) + "\n")
    if options.write:
        PAGE.write_text(render(runs), encoding="utf-8")
    return int(any(each.problems for each in runs))


def _line(run: Driven) -> str:
    if run.absent:
        return f"{run.title}: {run.absent}"
    told = "; ".join(f"{name}: {what}" for name, what in run.problems.items())
    return f"{run.title} {run.version}: {len(run.seen)} scenarios, {told or 'as they should be'}"


if __name__ == "__main__":
    sys.exit(main())
