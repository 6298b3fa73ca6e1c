"""Sends what schemathesis makes of OpenAPI documents to a Gatehouse in this process, and reads the answers.

Every operation of the documents that Gatehouse serves gets requests that fit its schema and requests that do
not. No answer may be a fault of the server, an error must be in OpenAI's shape, a stream must be one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import schemathesis
from hypothesis import HealthCheck, given, settings

from gatehouse import openapi
from tests.kits.marked_house import MarkedHouse, http_answer
from tests.kits.marker_kit import SURFACES
from tests.kits.marker_responses import RESPONSES
from tests.kits.surface_kit import Answer, Caller

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "openai-openapi.json.gz"
ERRORS = {400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429}
STORED = {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": []}
DELETED = {"id": "resp_1", "object": "response.deleted", "deleted": True}


class Findings(Counter[str]):
    """What was answered, and how often; `wrong` holds what must not be."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: dict[str, str] = {}


def upstream_answer(raw: bytes) -> list[bytes]:
    """A model server that answers everything well."""
    method, target, _ = raw.split(b" ", 2)
    path = target.decode().partition("?")[0].removeprefix("/v1")
    chance = random.Random(len(raw))
    if method == b"POST":
        for surface in SURFACES:
            if surface.path.removeprefix("/v1") == path:
                return [surface.says(raw, chance)]
    known = {"/models": {"object": "list", "data": [{"id": "m", "object": "model"}]}}
    body = known.get(path, DELETED if method == b"DELETE" else STORED)
    if "stream=true" in target.decode():
        frames = RESPONSES.frames([("text", 0, "Fine.")], 1)
        return [http_answer(b"".join(map(RESPONSES.framed, frames)), "text/event-stream")]
    if path.endswith("/input_items"):
        body = {"object": "list", "data": [], "has_more": False}
    return [http_answer(json.dumps(body).encode())]


def documents(spec: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Name, document and prefix of its paths."""
    yield "gatehouse", openapi.document(), ""
    if spec.is_file():
        with gzip.open(spec, "rt", encoding="utf-8") as file:
            yield "openai", json.load(file), "/v1"
    else:
        sys.stderr.write(f"fuzz: no specification of OpenAI's at {spec}; only our own routes are tried\n")


def is_served(house: MarkedHouse, method: str, path: str) -> bool:
    """Whether Gatehouse has that operation."""
    bare = path.removeprefix("/v1")
    patterns = {(item.method, "/".join(_steps(item.template))) for item in house.app.patterns}
    cold = {"/", "/models", "/models/{}", "/livez", "/readyz", "/metrics"}
    return (
        (method == "POST" and bare in house.app.routes)
        or (method, "/".join(_steps(bare))) in patterns
        or (method == "GET" and "/".join(_steps(bare)) in cold)
    )


def _steps(path: str) -> list[str]:
    return ["{}" if step[:1] == "{" else step for step in path.split("/")]


def request_of(case: Any, prefix: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Path, headers and body of a case."""
    path = prefix + case.formatted_path
    query = "&".join(f"{name}={value}" for name, value in (case.query or {}).items())
    body = case.body
    if isinstance(body, bytes):
        raw = body
    elif type(body).__name__ == "NotSet":
        raw = b""
    else:
        named = isinstance(body, dict) and prefix and case.path != "/moderations"
        if named and case.meta.generation.mode.is_positive:
            body = {**body, "model": "m"}  # a name that leads to the upstream
        raw = json.dumps(body, default=str).encode("utf-8", "replace")
    headers = [("content-length", str(len(raw)))]
    if raw or case.method == "POST":
        headers.append(("content-type", case.media_type or "application/json"))
    for name, value in (case.headers or {}).items():
        text = str(value)
        if name.lower() not in ("content-length", "content-type") and text.isascii() and text.isprintable():
            headers.append((name.lower(), text))
    return unquote(path, errors="replace") + (f"?{query}" if query.isascii() else ""), headers, raw


def told(answer: Answer) -> str:
    """Status, and what an error is about."""
    if answer.status not in ERRORS:
        return str(answer.status)
    error = json.loads(answer.body).get("error") or {}
    return f"{answer.status} {error.get('code')} {str(error.get('param'))[:40]!r}"


def problem(answer: Answer) -> str:
    """What is wrong with an answer; empty for nothing."""
    kind = answer.header("content-type") or ""
    if answer.status >= 500 or answer.status == 0:
        return f"status {answer.status}"
    if answer.status in ERRORS:
        error = json.loads(answer.body).get("error")
        whole = isinstance(error, dict) and error.keys() >= {"message", "type", "param", "code"}
        return "" if whole else "an error in another shape"
    if answer.status != 200:
        return f"status {answer.status}"
    if "event-stream" in kind:
        frames = answer.body.split(b"\n\n")
        return "" if frames[-1] == b"" else "a stream that ends in the middle of an event"
    if "json" in kind:
        json.loads(answer.body)
        return ""
    return "" if "text/plain" in kind or "openmetrics" in kind else f"content type {kind}"


class Fuzzer:
    """Tries operations and collects what it finds."""

    def __init__(self, house: MarkedHouse, examples: int) -> None:
        self._house = house
        self._examples = examples
        self.findings = Findings()

    def attempt(self, operation: Any, prefix: str) -> None:
        """Requests that fit, and requests that do not."""
        label = f"{operation.method.upper()} {prefix}{operation.path}"
        for mode in schemathesis.GenerationMode:
            try:
                self._attempt(operation.as_strategy(generation_mode=mode), prefix, f"{label} {mode.value}")
            except Exception as error:  # a document can say what no generator can make
                if "Unsatisfiable" not in type(error).__name__ and "Skip" not in type(error).__name__:
                    raise
                self.findings[f"{label} {mode.value} cannot be made"] += 1

    def _attempt(self, cases: Any, prefix: str, label: str) -> None:
        @settings(
            max_examples=self._examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def attempt(case: Any) -> None:
            path, headers, raw = request_of(case, prefix)
            answer = self._house.run(Caller(self._house.app).call(case.method, path, headers, [raw]))
            self.findings[f"{label} {told(answer)}"] += 1
            wrong = problem(answer)
            if wrong:
                shown = f"{case.method} {path!r} {headers} {raw[:600]!r}\n   {answer.body[:300]!r}"
                self.findings.wrong.setdefault(f"{label}: {wrong}", shown)

        attempt()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz and tell; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=60, help="cases of each operation and mode")
    parser.add_argument(
        "--spec", type=Path, default=SPEC, help="OpenAI's specification (default: %(default)s)"
    )
    parser.add_argument("--only", default="", help="operations whose path holds this")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, MarkedHouse(Path(folder)) as house:
        house.answer = upstream_answer
        fuzzer = Fuzzer(house, chosen.examples)
        for _, document, prefix in documents(chosen.spec):
            for found in schemathesis.openapi.from_dict(document).get_all_operations():
                operation = found.ok()
                path = prefix + operation.path
                if chosen.only in path and is_served(house, operation.method.upper(), path):
                    fuzzer.attempt(operation, prefix)
    tell(fuzzer.findings)
    return 1 if fuzzer.findings.wrong else 0


def tell(findings: Findings) -> None:
    """The table, then what is wrong."""
    for label, count in sorted(findings.items()):
        sys.stdout.write(f"{count:6}  {label}\n")
    sys.stdout.write(f"{sum(findings.values()):6}  cases, {len(findings.wrong)} kinds of wrong answers\n")
    for label, shown in findings.wrong.items():
        sys.stdout.write(f"\n{label}\n   {shown}\n")


if __name__ == "__main__":
    sys.exit(main())
