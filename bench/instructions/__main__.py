"""The command line: `python -m bench.instructions`."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import uvloop

from bench.instructions.house import CHUNKS, ask, bodies, opened
from bench.run import ROOT, BenchError, compiled
from gatehouse.serving import settle_garbage

MARKS = Path(__file__).resolve().parent / "marks.c"
WARM_UP = 64
WORDS = b"account "
"""Of the answer; they come in one piece of a stream."""
_COUNTED = re.compile(r"^desc: Trigger: Client Request: (.+)$.*?^summary: (\d+)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Scene:
    """One kind of request. A stream counts for five, so fewer of them are sent."""

    name: str
    policy: str
    stream: bool = False
    fresh: bool = False

    def requests(self, whole: int) -> int:
        return max(1, whole // 5) if self.stream else whole


SCENES = (
    Scene("monitor, whole answer", "monitor"),
    Scene(f"monitor, stream of {CHUNKS}", "monitor", stream=True),
    Scene("default, whole answer", "default"),
    Scene(f"default, stream of {CHUNKS}", "default", stream=True),
    Scene("default, whole answer, fresh prompts", "default", fresh=True),
)


def main() -> int:
    """Count and tell; status 1 when it cannot run."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("--requests", type=int, default=200, help="requests of each kind (default 200)")
    parser.add_argument("--only", type=int, nargs="*", default=[], help="numbers of kinds, from 1")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--marks", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    scenes = [each for number, each in enumerate(SCENES, 1) if not chosen.only or number in chosen.only]
    if chosen.marks:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_send(scenes, chosen.requests, ctypes.CDLL(str(chosen.marks))))
        return 0
    try:
        found = dict(_counted(sys.argv[1:]))
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    rows = {each.name: found[each.name] / each.requests(chosen.requests) for each in scenes}
    print(json.dumps(rows, indent=1) if chosen.json else _table(rows))
    return 0


def _counted(arguments: list[str]) -> Iterator[tuple[str, int]]:
    """Scene to instructions: this command again, under callgrind."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise BenchError("counting needs valgrind (Debian: apt-get install valgrind)")
    marks = compiled(MARKS, "marks.so", "-shared", "-fPIC")
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        command = [valgrind, "-q", "--tool=callgrind", "--instr-atstart=no"]
        command += [f"--callgrind-out-file={folder}/count", sys.executable, "-m", "bench.instructions"]
        command += [*arguments, "--marks", str(marks)]
        run = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, check=False
        )
        if run.returncode != 0:
            raise BenchError(run.stderr.decode()[-2000:])
        for part in Path(folder).glob("count.*"):
            yield from ((name, int(count)) for name, count in _COUNTED.findall(part.read_text()))


async def _send(scenes: list[Scene], requests: int, marks: ctypes.CDLL) -> None:
    for scene in scenes:
        with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
            async with opened(scene.policy, Path(folder)) as app:
                source = bodies(stream=scene.stream, fresh=scene.fresh)
                for body in islice(source, WARM_UP):
                    answer = await ask(app, body)
                    if answer[0]["status"] != 200 or WORDS not in b"".join(
                        part["body"] for part in answer[1:]
                    ):
                        raise BenchError(f"{scene.name}: status {answer[0]['status']}, or not its answer")
                batch = list(islice(source, scene.requests(requests)))
                await app.ledger.flushed()
                settle_garbage()
                marks.begin()
                for body in batch:
                    await ask(app, body)
                await app.ledger.flushed()
                marks.end(scene.name.encode())


def _table(rows: dict[str, float]) -> str:
    lines = ["| | thousand instructions/request |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {count / 1000:,.0f} |" for name, count in rows.items())])


if __name__ == "__main__":
    sys.exit(main())
