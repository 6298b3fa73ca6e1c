"""The report of a candidate: counted from the ledger alone, every share with its n."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from gatehouse.candidates import render, report
from proxy.ledger.files import LedgerError


def record(decision: str, result: str, side: str = "", rule: str = "", digest: str = "sha256:new") -> bytes:
    told = {"policy": "next@2", "policy_digest": digest, "result": result, "side": side, "rule": rule}
    body = {"kind": "exchange", "id": decision, "policy": "live@1", "policy_digest": "sha256:old"}
    return orjson.dumps({**body, "candidate": [told]}) + b"\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.jsonl"
    lines = [
        orjson.dumps({"kind": "start"}) + b"\n",
        *(record(f"gh-{n}", "same") for n in range(90)),
        *(record(f"gh-b{n}", "newly_blocked", "input", "harm") for n in range(6)),
        record("gh-c", "newly_blocked", "output", "leak"),
        *(record(f"gh-a{n}", "newly_allowed", "input", "old") for n in range(3)),
        *(record(f"gh-u{n}", "unmeasured") for n in range(10)),
        record("gh-o", "same", digest="sha256:other"),
        orjson.dumps({"kind": "exchange", "id": "gh-without"}) + b"\n",
        b'{"half": ',
    ]
    path.write_bytes(b"".join(lines))
    return path


def test_changes_are_counted_by_rule_over_what_could_be_judged(ledger: Path) -> None:
    first, other = report(ledger)
    assert (first.results.total(), first.measured, other.measured) == (110, 100, 1)
    found = first.as_json()
    assert found["results"]["unmeasured"] == 10
    blocked = found["rates"]["newly_blocked"]
    assert (blocked["hits"], blocked["n"]) == (7, 100)
    assert blocked["low"] < blocked["share"] == 0.07 < blocked["high"]
    rows = [(row["result"], row["side"], row["rule"], row["hits"]) for row in found["by_rule"]]
    assert rows == [
        ("newly_blocked", "input", "harm", 6),
        ("newly_allowed", "input", "old", 3),
        ("newly_blocked", "output", "leak", 1),
    ]
    assert found["by_rule"][0]["examples"] == ["gh-b0", "gh-b1", "gh-b2"]


def test_a_terminal_shows_each_share_with_its_n_and_interval(ledger: Path) -> None:
    shown = render(report(ledger))
    assert "newly blocked: 7 of 100, 7.00% (3.43% to 13.75%)" in shown
    assert "not judged, since it needs what was not measured: 10" in shown
    assert "newly blocked by harm on the input: 6 of 100" in shown


def test_a_ledger_without_a_candidate_says_so_and_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with pytest.raises(LedgerError):
        report(path)
    path.write_bytes(b"")
    assert "No candidate" in render(report(path))
