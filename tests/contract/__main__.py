"""Asks a Gatehouse whose upstream checks every request against a specification, and counts.

The upstream is Steady, in a mode that notes what is wrong and answers all the same. What it knows is OpenAI's
specification and, for the Messages API, a document made of the types of anthropic's client. Requests that
Steady finds wrong when they come straight from the client prove nothing about Gatehouse: others are drawn in
their place. Everything that Gatehouse sends for the rest has to be right: with and without a constitution,
translated to chat, counted, and the calls of the critic. What Steady answers is made up (a choice may have
the index 76), so that only what was asked says anything.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from classifiers.testing import MARKER
from proxy.exchange.ports import Wire
from proxy.upstreams.http_upstream import OPENAI_WIRES, HttpUpstream
from tests.clients.clients import SetupError, python_of
from tests.kits.marked_house import MarkedHouse
from tests.kits.marker_chat import CHAT
from tests.kits.marker_completions import COMPLETIONS, COMPLETIONS_OVER_CHAT
from tests.kits.marker_messages import MESSAGES
from tests.kits.marker_responses import RESPONSES
from tests.kits.marker_surface import Json, MarkedSurface
from tests.kits.surface_kit import Caller

ROOT = Path(__file__).parents[2]
SPEC = ROOT.parent / "shared" / "specs" / "openai-openapi.json.gz"
MARK = "/models"
"""A request to this path ends the notes on those before it."""
OWN_FIELDS = ("guided_json", "extra_body", "other_server")
REVIEW = "{id: out, stage: post_call, action: review, classifier: exchange, labels: [harm], threshold: 0.5}"
WATCH = "{id: in, stage: during_call, action: flag, labels: [harm], threshold: 0.5}"


@dataclass
class Steady:
    """The checking server."""

    port: int
    log: Any

    def ask(self, path: str, body: Json | None = None) -> None:
        """A request straight to it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"content-type": "application/json", "authorization": "Bearer key"}
        raw = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, raw, headers)
        connection.getresponse().read()
        connection.close()

    def heard(self) -> list[Json]:
        """Its notes on the requests since the last time, which a request of our own ends."""
        self.ask(MARK)
        notes: list[Json] = []
        while True:
            line = json.loads(self.log.readline())
            if line.get("type") == "request" and line["request"]["path"] == MARK:
                return notes
            if line.get("type") == "request":
                notes.append(line)


@contextmanager
def steady(command: Path, spec: Path, port: int) -> Iterator[Steady]:
    """The server on a port of this machine, until the end of the context."""
    options = ["--host", "127.0.0.1", "-p", str(port), "--log-format", "json", "--reject-on-sdk-error=false"]
    process = subprocess.Popen(
        [str(command), *options, str(spec)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # the command starts the server as a child of its own
    )
    assert process.stdout is not None
    try:
        if json.loads(process.stdout.readline() or "{}").get("type") != "startup":
            raise SystemExit(f"contract: Steady did not start on port {port}")
        yield Steady(port, process.stdout)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@dataclass(frozen=True)
class Way:
    """One way through Gatehouse. `marked`: the answer is reviewed, so a critic is asked as well."""

    name: str
    surface: MarkedSurface
    wires: frozenset[Wire] = OPENAI_WIRES
    constitution: str = "none"
    marked: bool = False


CHAT_ONLY: frozenset[Wire] = frozenset({"chat_completions"})
ANTHROPIC: frozenset[Wire] = frozenset({"messages"})
UNCOUNTED = ("max_tokens", "stream", "stop_sequences", "temperature", "metadata")
COUNTING = replace(
    MESSAGES,
    path="/v1/messages/count_tokens",
    request=lambda chance, _, choices: {
        name: value
        for name, value in MESSAGES.request(chance, False, choices).items()
        if name not in UNCOUNTED
    },
)
WAYS = (
    Way("chat", CHAT),
    Way("chat, constitution", CHAT, constitution="default"),
    Way("chat, constitution, reviewed", CHAT, constitution="default", marked=True),
    Way("completions, constitution", COMPLETIONS, constitution="default"),
    Way("completions over chat", COMPLETIONS_OVER_CHAT, CHAT_ONLY, "default"),
    Way("responses, constitution", RESPONSES, constitution="default"),
    Way("responses, constitution, reviewed", RESPONSES, constitution="default", marked=True),
    Way("responses over chat", RESPONSES, CHAT_ONLY, "default"),
    Way("messages", MESSAGES, ANTHROPIC),
    Way("messages, constitution", MESSAGES, ANTHROPIC, "default"),
    Way("messages, constitution, reviewed", MESSAGES, ANTHROPIC, "default", marked=True),
    Way("messages over chat", MESSAGES, CHAT_ONLY, "default"),
    Way("messages, counted", COUNTING, ANTHROPIC, "default"),
)


class Counted(Counter[str]):
    """Outcomes of one way; `wrong`: what Steady said, with the body where it is at hand."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: Counter[str] = Counter()


def opened(way: Way, folder: Path, port: int) -> MarkedHouse:
    """A Gatehouse whose upstream is Steady."""
    upstream = HttpUpstream(f"http://127.0.0.1:{port}", "key", wires=way.wires)
    more = "review: {on_failure: original}" if way.marked else ""
    rules = [REVIEW if way.marked else WATCH]
    return MarkedHouse(folder, rules=rules, constitution=way.constitution, more=more, upstream=upstream)


def walk(way: Way, server: Steady, examples: int) -> Counted:
    """So many requests of one way."""
    counted = Counted()
    with tempfile.TemporaryDirectory() as folder, opened(way, Path(folder), server.port) as house:
        for body in right(way, server, examples, counted):
            answer = house.run(Caller(house.app).post(way.surface.path, body))
            counted[f"answered {answer.status}"] += 1
            for note in server.heard():
                counted["sent upstream"] += 1
                counted.wrong.update(_faults(note))
    if not counted["sent upstream"]:
        counted.wrong["nothing went upstream"] += 1
    return counted


def right(way: Way, server: Steady, examples: int, counted: Counted) -> Iterator[Json]:
    """So many requests that Steady finds nothing wrong with, after one that it has to find wrong."""
    path = way.surface.path.removeprefix("/v1")
    server.ask(path, {"model": 4})
    if not any(map(_faults, server.heard())):
        raise SystemExit(f"contract: Steady finds nothing wrong with a model 4 on {path}")
    for number in itertools.count():
        body = drawn(way, random.Random(number))
        server.ask(path, body)
        (straight,) = server.heard()
        if _faults(straight):
            counted["drawn wrong"] += 1
            continue
        yield body
        examples -= 1
        if not examples:
            return


def drawn(way: Way, chance: random.Random) -> Json:
    """A request without fields that no API knows."""
    body = way.surface.request(chance, not way.marked and chance.random() < 0.3, 1)
    body = {name: value for name, value in body.items() if name not in OWN_FIELDS and value is not None}
    if way.marked:
        said = f"Tell me of {MARKER}."
        body |= {"input": said} if "input" in body else {"messages": [{"role": "user", "content": said}]}
    return body


def _faults(note: Json) -> list[str]:
    """Errors, and the warnings by which Steady says that no variant of a schema fits."""
    path = note["request"]["path"]
    return [f"{path}: {each['requestPath']}: {each['message']}" for each in note["diagnostics"]]


def specification(official: Path, builds: Path) -> Json:
    """OpenAI's document, with the paths of the Messages API.

    Raises:
        SetupError: the environment with anthropic's client could not be made, or its types not be told.
    """
    with gzip.open(official, "rb") as source:
        document: Json = json.load(source)
    command = [str(python_of("anthropic", builds)), str(Path(__file__).with_name("anthropic_document.py"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"anthropic's types could not be told: {done.stderr.strip()[-2000:]}")
    more = json.loads(done.stdout)
    document["paths"] |= more["paths"]
    document["components"]["schemas"] |= more["components"]["schemas"]
    return document


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and tell; 1 where something that went upstream was wrong."""
    parser = argparse.ArgumentParser(prog="make contract", description=__doc__)
    parser.add_argument("--steady", type=Path, required=True, help="the command of @stdy/cli")
    parser.add_argument(
        "--spec", type=Path, default=SPEC, help="OpenAI's specification (default: %(default)s)"
    )
    parser.add_argument("--examples", type=int, default=200, help="requests of each way")
    parser.add_argument(
        "--builds", type=Path, default=ROOT / "build" / "clients", help="where the clients' environments are"
    )
    parser.add_argument("--port", type=int, default=4789)
    chosen = parser.parse_args(arguments)
    if not chosen.spec.is_file():
        sys.stderr.write(f"contract: no specification of OpenAI's at {chosen.spec}\n")
        return 1
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "specification.json"
        plain.write_text(json.dumps(specification(chosen.spec, chosen.builds)), encoding="utf-8")
        with steady(chosen.steady, plain, chosen.port) as server:
            for way in WAYS:
                counted = walk(way, server, chosen.examples)
                wrong += counted.wrong.total()
                told = ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))
                sys.stdout.write(f"{way.name}: {told}; faults upstream {counted.wrong.total()}\n")
                for fault, count in counted.wrong.most_common(10):
                    sys.stdout.write(f"  {count:4}  {fault}\n")
                sys.stdout.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
