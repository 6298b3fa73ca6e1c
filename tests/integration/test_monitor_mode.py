"""Monitoring and candidates change not one byte, in either direction, however answers are delivered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from classifiers.testing import MARKER
from proxy.app import build
from proxy.settings import load_settings
from tests.kits.marked_house import IN, OUT, MarkedHouse, http_answer

TEXT = f"Some words, then {MARKER}, then {'more ' * 60}"
CHAT = {"messages": [{"role": "user", "content": f"say  {MARKER}"}]}
WIRES: dict[str, tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = {
    "/v1/chat/completions": (
        CHAT,
        {
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
            ]
        },
        [{"choices": [{"index": 0, "delta": {"content": part}}]} for part in (TEXT[:30], TEXT[30:])]
        + [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}],
    ),
    "/v1/completions": (
        {"prompt": f"say  {MARKER}"},
        {"choices": [{"index": 0, "text": TEXT, "finish_reason": "stop"}]},
        [{"choices": [{"index": 0, "text": part, "finish_reason": None}]} for part in (TEXT[:30], TEXT[30:])]
        + [{"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}],
    ),
}
"""Path to a request, a whole answer and the frames of a stream, all with the marker in them."""
MORE = {"id": "x", "odd": [1.0, "é"], "model": "m", "object": "o"}


def sse(frames: list[dict[str, Any]]) -> bytes:
    """Spelt as no encoder of ours would: what is rebuilt would differ. The words of a comment never pass,
    under any policy, since no client reads them and no guard does."""
    lines = [b"data:  " + json.dumps({**MORE, **frame}).encode() + b"\n\n" for frame in frames]
    return b"".join([b":\n\n", *lines, b"data: [DONE]\n\n"])


@pytest.fixture(params=["auto", "live", "windowed", "buffered"])
def delivery(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["monitored policy", "monitored rules", "candidate"])
def house(request: pytest.FixtureRequest, tmp_path: Path, delivery: str) -> Iterator[MarkedHouse]:
    """A house that enforces nothing, in three ways."""
    more = f"stream: {delivery}"
    rules = [IN, OUT]
    if request.param == "monitored policy":
        more += "\nmode: monitor"
    else:
        rules = [rule.replace("{", "{mode: monitor, ", 1) for rule in rules]
        more += "\non_uncovered: allow\non_unsupported_language: allow"
    made = MarkedHouse(tmp_path, rules=rules, constitution="none", more=more)
    if request.param == "candidate":
        enforced = tmp_path / "enforced.yaml"
        text = (tmp_path / "policy.yaml").read_text().replace("mode: monitor, ", "")
        enforced.write_text(text.replace("name: marked", "name: enforced"))
        app, upstream = made.app, made.app.upstream.adapter("m")
        app.ledger._sinks[0].close()
        chosen = {"policy": str(tmp_path / "policy.yaml"), "candidate_policy": str(enforced), "log.access": 0}
        chosen |= {"models": dict(app.settings.models), "ledger.path": tmp_path / "candidate.jsonl"}  # type: ignore[dict-item]
        made.begin(build(load_settings(chosen, None, {}), upstream=upstream))
    with made:
        yield made


@pytest.mark.parametrize("path", WIRES)
@pytest.mark.parametrize("stream", [False, True])
def test_bytes_pass_as_they_are_in_both_directions(house: MarkedHouse, path: str, stream: bool) -> None:
    """Although every rule would have blocked both sides."""
    request, whole, frames = WIRES[path]
    raw = json.dumps({"model": "m", "stream": stream, **request}, indent=1).encode()
    answer = sse(frames) if stream else json.dumps({**MORE, **whole}, indent=2).encode()
    kind = "text/event-stream" if stream else "application/json"
    house.answer = lambda _: [http_answer(answer, kind)]
    got = house.post(path, [raw])
    assert got.status == 200
    assert got.body == answer
    assert house.bodies() == [raw]


def test_what_would_have_happened_is_on_record(house: MarkedHouse, tmp_path: Path) -> None:
    request, whole, _ = WIRES["/v1/chat/completions"]
    house.answer = lambda _: [http_answer(json.dumps(whole).encode())]
    house.ask("/v1/chat/completions", {"model": "m", **request})
    house.run(house.app.ledger.aclose())
    path = house.app.settings.ledger.path
    records = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    (closed,) = [record for record in records if record["kind"] == "exchange"]
    assert (closed["input"]["action"], closed["input"]["would"]) == ("allow", "block")
    if house.app.settings.candidate_policy:
        (told,) = closed["candidate"]
        assert (told["result"], told["side"], told["rule"]) == ("newly_blocked", "input", "in")
        assert told["policy"] == "enforced@1"
        assert MARKER not in path.read_text()
        page = house.app.metrics.exposition()[0].decode()
        assert 'gatehouse_candidate_exchanges_total{result="newly_blocked",rule="in"} 1.0' in page
