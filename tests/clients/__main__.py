"""Run every client against a Gatehouse of its own and say what applications see."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx

from tests.clients.clients import CLIENTS, Client, SetupError, drive
from tests.clients.page import Driven, judged, render

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "clients.md"


@contextmanager
def gatehouse() -> Iterator[str]:
    """Base URL of a Gatehouse on this machine, until the end of the context."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.clients.house", "--ledger", f"{folder}/ledger.jsonl"]
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


def run(client: Client, base_url: str, builds: Path) -> Driven:
    """One client's run, or why there is none."""
    if not serves(base_url, client.route):
        return Driven(client.title, absent="not served yet")
    version, seen = drive(client.command(builds), base_url)
    return judged(client.title, version, seen)


def serves(base_url: str, route: str) -> bool:
    """Whether Gatehouse guards a route."""
    answer = httpx.post(f"{base_url}/v1{route}", json={}, timeout=30)
    return answer.status_code != httpx.codes.NOT_FOUND


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
    chosen = [each for each in CLIENTS if not options.only or each.name in options.only]
    if options.write and options.only:
        parser.error("the page needs every client; leave --only out")
    runs: list[Driven] = []
    with gatehouse() as base_url:
        for client in chosen:
            try:
                runs.append(run(client, base_url, options.builds))
            except (SetupError, OSError, subprocess.TimeoutExpired) as error:
                print(f"{client.title}: {error}", file=sys.stderr)
                return 2
            print(_line(runs[-1]), file=sys.stderr)
    if options.json:
        print(json.dumps([asdict(each) for each in runs], ensure_ascii=False))
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
