"""The preference journal keeps texts of tenants that consent, scrubbed, and of nobody else."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluation.preferences import Pair
from proxy.exchange.events import FeedbackGiven
from proxy.exchange.pairing import LONGEST_PAIR, PreferencePair
from proxy.ledger.files import LedgerError
from proxy.ledger.preferences import CONSENT, SCHEMA, PreferenceJournal

PAIR = PreferencePair(
    exchange="gh-1",
    choice=0,
    tenant="open",
    model="m",
    language="en",
    messages=(("system", "Be brief."), ("user", "I am jo@mail.example, help me")),
    draft="a draft for jo@mail.example",
    critique='{"findings": []}',
    revision="a revision",
    outcome="revised",
    delivered="revision",
    category="ncr",
    risk=0.6,
    end_user="",
    client="sha256:virtual",
    policy="default@1",
    policy_digest="sha256:p",
    constitution="default@1",
    constitution_digest="sha256:c",
)


def journal(path: Path, **changes: Any) -> PreferenceJournal:
    return PreferenceJournal(path, "open".__eq__, key=b"k", **{"clock": lambda: 1.0, **changes})


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def kept(path: Path, *pairs: PreferencePair) -> list[dict[str, Any]]:
    keeper = journal(path)
    keeper.start()
    for pair in pairs:
        keeper.keep(pair)
    keeper.close()
    return rows(path)


def test_a_pair_is_a_scrubbed_row_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "own" / "pairs.jsonl"
    (row,) = kept(path, PAIR)
    assert row["messages"][1] == {"role": "user", "content": "I am [email], help me"}
    assert row["draft"] == "a draft for [email]"
    assert (row["schema"], row["kind"], row["consent"], row["masked"]) == (SCHEMA, "pair", CONSENT, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "jo@" not in path.read_text()
    assert '"open"' not in path.read_text()


def test_keys_and_people_stand_in_a_row_as_digests(tmp_path: Path) -> None:
    """Without a key of the client the tenant's digest stands for it."""
    first, second, bare = kept(
        tmp_path / "pairs.jsonl", PAIR, replace(PAIR, client="Bearer sk-secret"), replace(PAIR, client="")
    )
    assert len({first["key"], second["key"], bare["key"]}) == 3
    assert bare["key"] == bare["tenant"] == first["tenant"]
    assert "sk-secret" not in (tmp_path / "pairs.jsonl").read_text() + repr(replace(PAIR, client="sk-secret"))
    assert "sha256:virtual" not in (tmp_path / "pairs.jsonl").read_text()
    assert all(Pair.model_validate(row) for row in (first, second, bare))


def test_tenants_that_do_not_consent_are_never_written(tmp_path: Path) -> None:
    keeper = journal(tmp_path / "pairs.jsonl")
    keeper.start()
    keeper.keep(replace(PAIR, tenant="closed"))
    keeper.hear(FeedbackGiven("gh-1", "closed", "thumbs_up", 1.0))
    keeper.close()
    assert (tmp_path / "pairs.jsonl").read_bytes() == b""
    assert keeper.dropped == 0


def test_feedback_of_consenting_tenants_is_a_row_without_its_comment(tmp_path: Path) -> None:
    keeper = journal(tmp_path / "pairs.jsonl")
    keeper.start()
    keeper.hear(FeedbackGiven("gh-1", "open", "thumbs_down", 1.0, 3, "sad"))
    keeper.close()
    (row,) = rows(tmp_path / "pairs.jsonl")
    assert (row["kind"], row["id"], row["feedback"]) == ("feedback", "gh-1", "thumbs_down")
    assert "sad" not in json.dumps(row)


def test_rounds_of_a_conversation_share_its_digest_and_other_conversations_do_not(tmp_path: Path) -> None:
    later = replace(PAIR, messages=(*PAIR.messages, ("assistant", "yes"), ("user", "and now?")))
    other = replace(PAIR, messages=(("user", "something else"),))
    first, second, third = (row["conversation"] for row in kept(tmp_path / "p.jsonl", PAIR, later, other))
    assert first == second != third


def test_what_does_not_fit_is_dropped_and_counted_and_nothing_waits(tmp_path: Path) -> None:
    keeper = journal(tmp_path / "pairs.jsonl", capacity=2)
    for _ in range(5):
        keeper.keep(PAIR)
    keeper.keep(replace(PAIR, draft="x" * LONGEST_PAIR))
    assert keeper.dropped == 4
    keeper.start()
    keeper.close()
    assert keeper.written == len(rows(tmp_path / "pairs.jsonl")) == 2


def test_a_disk_that_fails_costs_rows_and_nothing_else(tmp_path: Path) -> None:
    keeper = PreferenceJournal(Path("/dev/full"), "open".__eq__, key=b"k")
    keeper.keep(PAIR)
    try:
        keeper.start()
    except LedgerError:
        pytest.skip("there is no /dev/full to fail on")
    keeper.close()
    assert (keeper.written, keeper.dropped) == (0, 1)


def test_one_process_writes_a_journal(tmp_path: Path) -> None:
    first = journal(tmp_path / "pairs.jsonl")
    first.start()
    with pytest.raises(LedgerError, match="another process"):
        journal(tmp_path / "pairs.jsonl").start()
    first.close()


def test_a_line_that_a_crash_cut_off_spoils_no_later_one(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"schema": 1, "ki')
    assert [line[:10] for line in _lines_after(path)] == ['{"schema":']


def _lines_after(path: Path) -> list[str]:
    keeper = journal(path)
    keeper.start()
    keeper.keep(PAIR)
    keeper.close()
    return path.read_text().splitlines()[1:]
