"""A hundred reloads under load: no answer fails, and none is ruled by parts of two snapshots."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import orjson

from classifiers.testing import MARKER, write_stub_model
from proxy.app import Gatehouse, build
from proxy.exchange.exchange import Exchange
from proxy.exchange.ports import UpstreamAnswer
from proxy.settings import load_settings
from proxy.upstreams.scripted import ScriptedUpstream
from tests.kits.surface_kit import Answer, Caller
from tests.kits.tenant_kit import bearer, written

RELOADS, CLIENTS = 100, 8
POLICY = """
name: turning
version: "{number}"
constitution: said
replies: told
rules:
  - {{id: in, stage: during_call, action: block, labels: [harm], threshold: 0.5}}
  - {{id: out, stage: post_call, action: block, classifier: exchange, labels: [harm], threshold: 0.5}}
"""
CONSTITUTION = """
name: said
version: "{number}"
preamble: This is edition {number}.
"""
REPLIES = """
name: told
version: "{number}"
languages: {{en: {{texts: {{default: "Edition {number} says no."}}}}}}
"""
TENANTS = """
# edition {number}
tenants:
  acme: {{keys: {{web: "{{acme}}"}}, constitution: said, models: ["edition-{number}", "m"]}}
"""
EDITION = re.compile(r"edition (\d+)", re.IGNORECASE)


class Listening(ScriptedUpstream):
    """The stand-in, which notes the edition of policy and constitution that each call comes with."""

    def __init__(self) -> None:
        super().__init__(0.002)
        self.heard: list[tuple[str, str]] = []

    def open(self, exchange: Exchange, payload: bytes) -> AbstractAsyncContextManager[UpstreamAnswer]:
        said = EDITION.search(payload.decode())
        assert said is not None
        self.heard.append((exchange.bundle.policy.version, said[1]))
        return super().open(exchange, payload)


def write(folder: Path, number: int, *, broken: bool = False) -> None:
    """Files of one edition."""
    library = folder / "library"
    for kind, name, text in (
        ("policies", "turning", POLICY),
        ("constitutions", "said", CONSTITUTION),
        ("replies", "told", REPLIES),
    ):
        path = library / kind / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(number=number))
    if broken:
        (library / "constitutions/said.yaml").write_text("name: [")
    written(folder, TENANTS.format(number=number))


def house(folder: Path, upstream: ScriptedUpstream, **more: Any) -> Gatehouse:
    models = {}
    for name, kind in (("input", "text"), ("exchange", "exchange")):
        models[name] = write_stub_model(folder / name, kind=kind)  # type: ignore[arg-type]
    write(folder, 0)
    chosen: dict[str, Any] = {
        "models": models,
        "policy": "turning",
        "policies_dir": folder / "library",
        "tenants.file": folder / "tenants.yaml",
        "ledger.path": folder / "ledger.jsonl",
        "log.access": 0,
        "reload.watch_s": 0,
        **more,
    }
    return build(load_settings(chosen, None, {}), upstream=upstream)


def body(number: int) -> dict[str, Any]:
    content = f"Tell me about bread. {MARKER if number % 5 == 0 else ''} {number}"
    messages = [{"role": "user", "content": content}]
    return {"model": "m", "stream": number % 2 == 0, "messages": messages}


async def keep_asking(app: Gatehouse, client: int, ended: asyncio.Event, answers: list[Answer]) -> None:
    headers = bearer("acme") if client % 2 else {}
    number = client
    while not ended.is_set():
        answers.append(await Caller(app).post("/v1/chat/completions", body(number), headers))
        number += CLIENTS
        await asyncio.sleep(0)


def editions(answer: Answer) -> set[str]:
    """Every edition that an answer speaks of: policy, constitution, and the canned reply where it is one."""
    policy, constitution = answer.header("x-gatehouse-policy"), answer.header("x-gatehouse-constitution")
    assert policy is not None
    assert constitution is not None
    found = {policy.partition("@")[2], constitution.split()[0].partition("@")[2]}
    return found | {each for each in EDITION.findall(answer.body.decode()) if b"says no" in answer.body}


async def test_a_hundred_reloads_under_load_fail_nobody_and_mix_nothing(tmp_path: Path) -> None:
    """One reload in ten finds a broken file: it changes nothing, and the next one does."""
    upstream = Listening()
    app = house(tmp_path, upstream)
    ended, answers = asyncio.Event(), list[Answer]()
    seen = set()
    async with app.running(), asyncio.TaskGroup() as group:
        for client in range(CLIENTS):
            group.create_task(keep_asking(app, client, ended, answers))
        for number in range(1, RELOADS + 1):
            write(tmp_path, number, broken=number % 10 == 0)
            before, enough = app.tenants.snapshot, len(answers) + 4
            done = await asyncio.to_thread(app.reloader.reload)
            assert done.result == ("failed" if number % 10 == 0 else "swapped"), done.problems
            assert (app.tenants.snapshot is before) == (done.result == "failed")
            while len(answers) < enough:  # noqa: ASYNC110 - the clients tell nobody
                await asyncio.sleep(0.001)
        ended.set()
    assert app.reloader.counts == {"swapped": 90.0, "unchanged": 0.0, "failed": 10.0}
    assert {answer.status for answer in answers} == {200}
    for answer in answers:
        found = editions(answer)
        assert len(found) == 1, answer.headers
        seen |= found
    assert all(policy == constitution for policy, constitution in upstream.heard)
    assert len(seen) > RELOADS / 2, "the load met many of the editions"
    records = [orjson.loads(line) for line in (tmp_path / "ledger.jsonl").read_bytes().splitlines()]
    closed = [each for each in records if each["kind"] == "exchange"]
    assert len(closed) == len(answers)
    assert all(each["policy"].partition("@")[2] == each["constitution"].partition("@")[2] for each in closed)


async def test_the_operator_s_listener_reloads_and_the_clients_does_not(tmp_path: Path) -> None:
    app = house(tmp_path, Listening())
    async with app.running():
        write(tmp_path, 1)
        assert (await Caller(app).call("POST", "/-/reload")).status == 404
        assert (await Caller(app).call("POST", "/v1/-/reload")).status == 404
        operations = Caller(app.operations)
        swapped = await operations.call("POST", "/-/reload")
        assert (swapped.status, swapped.json()["result"]) == (200, "swapped")
        assert swapped.json()["before"] != swapped.json()["after"] == app.tenants.snapshot.digest
        assert (await operations.call("POST", "/-/reload")).json()["result"] == "unchanged"
        write(tmp_path, 2, broken=True)
        failed = await operations.call("POST", "/-/reload")
        assert (failed.status, failed.json()["result"]) == (422, "failed")
        assert any("said.yaml" in problem for problem in failed.json()["problems"])
        page = (await operations.call("GET", "/metrics")).body.decode()
        assert 'gatehouse_reloads_total{result="failed"} 1.0' in page
        assert "gatehouse_reload_ok 0.0" in page
        assert f'snapshot="{app.tenants.snapshot.digest}"' in page


async def test_a_watched_folder_is_read_anew_without_being_asked(tmp_path: Path) -> None:
    app = house(tmp_path, Listening(), **{"reload.watch_s": 0.02})
    async with app.running(), asyncio.timeout(20):
        first = app.tenants.snapshot
        write(tmp_path, 1)
        while app.tenants.snapshot is first:  # noqa: ASYNC110 - the thread tells nobody
            await asyncio.sleep(0.01)
        assert app.tenants.snapshot.default.policy.version == "1"


async def test_a_policy_that_a_reload_brings_is_counted_under_its_name(tmp_path: Path) -> None:
    app = house(tmp_path, Listening())
    async with app.running():
        path = tmp_path / "library/policies/turning.yaml"
        path.write_text(path.read_text().replace("name: turning", "name: turned"))
        assert (await asyncio.to_thread(app.reloader.reload)).result == "swapped"
        await Caller(app).post("/v1/chat/completions", body(1))
        assert 'outcome="completed",policy="turned"} 1.0' in app.metrics.exposition()[0].decode()
