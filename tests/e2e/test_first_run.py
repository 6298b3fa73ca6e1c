"""What a newcomer does: start the program, try what it prints, and look at the counts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest

from gatehouse.demo import DEMOS, Demo

DEMO = {demo.kind: demo for demo in DEMOS}


@dataclass(frozen=True)
class Running:
    url: str
    banner: str

    def client(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="none", max_retries=0)

    def metrics(self) -> dict[str, float]:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as page:
            lines = page.read().decode().splitlines()
        return {
            key: float(value) for key, _, value in (line.rpartition(" ") for line in lines) if key[:1] != "#"
        }

    def ask(self, demo: Demo):
        messages = [{"role": "user", "content": demo.prompt}]
        with self.client() as client:
            return client.chat.completions.with_raw_response.create(model="any", messages=messages)  # type: ignore[arg-type]

    def stream(self, prompt: str) -> tuple[str, str | None]:
        text, finish = "", None
        with self.client() as client:
            for chunk in client.chat.completions.create(
                model="any", messages=[{"role": "user", "content": prompt}], stream=True
            ):
                for choice in chunk.choices:
                    text += choice.delta.content or ""
                    finish = choice.finish_reason or finish
        return text, finish


@pytest.fixture(scope="module")
def gatehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("run")
    log = folder / "out.txt"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEHOUSE_")}
    environment |= {"GATEHOUSE_PORT": "0", "PYTHONPATH": str(Path.cwd())}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gatehouse", "serve"], cwd=folder, env=environment, stdout=out, stderr=out
        )
    try:
        yield Running(*_started(log, process))
    finally:
        process.terminate()
        process.wait(30)


def _started(log: Path, process: subprocess.Popen[bytes]) -> tuple[str, str]:
    for _ in range(600):
        text = log.read_text()
        found = re.search(r"listening on\s+(http://127\.0\.0\.1:\d+)/v1", text)
        if found and "/metrics |" in text:
            return found[1], text
        assert process.poll() is None, text
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_the_banner_says_plainly_that_the_model_is_a_stand_in(gatehouse: Running) -> None:
    assert "SCRIPTED STAND-IN" in gatehouse.banner
    for demo in DEMOS:
        assert demo.prompt.replace("'", "'\\''") in gatehouse.banner
    with gatehouse.client() as client:
        (model,) = client.models.list().data
    assert model.id == "gatehouse-scripted"


def test_an_allowed_question_gets_the_models_reply(gatehouse: Running) -> None:
    raw = gatehouse.ask(DEMO["allowed"])
    assert raw.headers["x-gatehouse-action"] == "allow"
    assert raw.headers["x-gatehouse-constitution"].startswith("default@")
    assert raw.parse().choices[0].finish_reason == "stop"
    assert "dough" in (raw.parse().choices[0].message.content or "")


def test_a_harmful_request_gets_a_canned_reply_with_a_decision_id(gatehouse: Running) -> None:
    before = gatehouse.metrics()
    raw = gatehouse.ask(DEMO["blocked"])
    choice = raw.parse().choices[0]
    assert choice.finish_reason == "content_filter"
    assert raw.headers["x-request-id"] in (choice.message.content or "")
    after = gatehouse.metrics()
    blocks = 'gatehouse_refusals_total{kind="refuse",origin="input_rule"}'
    assert after[blocks] == before[blocks] + 1


def test_a_hurtful_draft_is_criticised_and_revised_whole_and_as_a_stream(gatehouse: Running) -> None:
    before = gatehouse.metrics()
    raw = gatehouse.ask(DEMO["revised"])
    text = raw.parse().choices[0].message.content or ""
    assert raw.headers["x-gatehouse-action"] == "revise"
    assert "idiot" not in text
    streamed, finish = gatehouse.stream(DEMO["stream"].prompt)
    assert (streamed, finish) == (text, "stop")
    after = gatehouse.metrics()
    revised = 'gatehouse_revisions_total{outcome="revised"}'
    assert after[revised] == before[revised] + 2


def test_a_refusal_of_a_harmless_question_is_a_suspected_over_refusal(gatehouse: Running) -> None:
    before = gatehouse.metrics()
    gatehouse.ask(DEMO["over_refusal"])
    gatehouse.stream(DEMO["over_refusal"].prompt)
    after = gatehouse.metrics()
    suspected = 'gatehouse_suspected_over_refusals_total{origin="model"}'
    assert after[suspected] == before[suspected] + 2


def test_a_blocked_stream_ends_as_a_client_expects(gatehouse: Running) -> None:
    text, finish = gatehouse.stream(DEMO["blocked"].prompt)
    assert "gh-" in text
    assert finish == "content_filter"


def test_structured_callers_get_the_refusal_form(gatehouse: Running) -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    with gatehouse.client() as client:
        answer = client.chat.completions.create(
            model="any",
            messages=[{"role": "user", "content": DEMO["blocked"].prompt}],
            response_format=schema,  # type: ignore[arg-type]
        )
    message = answer.choices[0].message
    assert message.content is None
    assert message.refusal
