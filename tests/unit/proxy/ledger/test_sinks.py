"""Sinks: one chained file, one process, and no line lost by rotation."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from proxy.exchange.events import ExchangeOpened, LedgerEvent
from proxy.ledger import verify
from proxy.ledger.files import LedgerError, files_of
from proxy.ledger.sinks import AccessSink, JsonlSink
from tests.kits.ledger_events import an_exchange, an_exchange_closed

OPENED = ExchangeOpened("gh-open", "chat_completions", "default", "p", "sha256:0", stream=False, started=0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "ledger.jsonl"


def give(sink: JsonlSink, *events: LedgerEvent, dropped: int = 0) -> None:
    sink.take([(1.0, event) for event in events], dropped)
    sink.sync()


def records(path: Path) -> list[dict[str, Any]]:
    """All records of a ledger, files set aside included."""
    return [json.loads(line) for file in files_of(path) for line in file.read_bytes().splitlines()]


def kinds(path: Path) -> list[str]:
    return [record["kind"] for record in records(path)]


def test_every_exchange_becomes_one_line(path: Path) -> None:
    """Ten exchanges, ten records, framed by start and stop, and the chain holds."""
    sink = JsonlSink(path, about={"version": "9"})
    for number in range(10):
        give(sink, *an_exchange(f"gh-{number}"))
    sink.close()
    assert kinds(path) == ["start", *["exchange"] * 10, "stop"]
    assert [record["id"] for record in records(path)[1:-1]] == [f"gh-{number}" for number in range(10)]
    assert records(path)[0]["version"] == "9"
    found = verify(path)
    assert found.intact
    assert (found.records, found.exchanges) == (12, 10)


def test_a_restart_continues_the_chain(path: Path) -> None:
    """A new process goes on where the old one stopped."""
    for _ in range(3):
        sink = JsonlSink(path)
        give(sink, *an_exchange())
        head = sink.head
        sink.close()
    assert head == (8, records(path)[7]["hash"])
    assert verify(path).intact
    assert [record["seq"] for record in records(path)] == list(range(1, 10))


def test_a_torn_line_is_cut_and_noted(path: Path) -> None:
    """After a crash in the middle of a write the half line goes, the next start says how much it was."""
    sink = JsonlSink(path)
    give(sink, *an_exchange())
    sink.close()
    with path.open("ab") as file:
        file.write(b'{"seq":4,"half')
    JsonlSink(path).close()
    assert verify(path).intact
    assert records(path)[3]["recovered_bytes"] == "14"


def test_a_torn_first_line_after_a_rotation_is_recovered(path: Path) -> None:
    """The crash may hit the first line of a new file; the chain goes on from the one set aside."""
    sink = JsonlSink(path, rotate_bytes=4_096)
    for number in range(6):
        give(sink, *an_exchange(f"gh-{number}"))
    sink.close()
    assert len(files_of(path)) > 1
    path.write_bytes(b'{"seq":99')
    aside = files_of(path)[-2]
    last = json.loads(aside.read_bytes().splitlines()[-1])
    JsonlSink(path).close()
    assert verify(path).intact
    assert records(path)[-2]["prev"] == last["hash"]


def test_a_full_file_is_set_aside_and_nothing_is_lost(path: Path) -> None:
    """Rotation keeps every record, in order, in files named after their first record."""
    sink = JsonlSink(path, rotate_bytes=4_096)
    for number in range(40):
        give(sink, *an_exchange(f"gh-{number}"))
    sink.close()
    files = files_of(path)
    assert len(files) > 5
    assert files[0].name == "ledger.000000000001.jsonl"
    assert [record["seq"] for record in records(path)] == list(range(1, 43))
    assert verify(path).intact
    assert all(file.stat().st_size < 4_096 + 2_048 for file in files)


def test_a_file_renamed_by_somebody_else_is_followed_by_a_new_one(path: Path) -> None:
    """logrotate's rename loses nothing: the next record opens the old name again, the chain goes on."""
    sink = JsonlSink(path)
    give(sink, *an_exchange("gh-1"))
    path.rename(path.with_name("ledger.000000000001.jsonl"))
    give(sink, *an_exchange("gh-2"))
    sink.close()
    assert verify(path).intact
    assert kinds(path) == ["start", "exchange", "exchange", "stop"]


def test_two_processes_cannot_write_one_ledger(path: Path) -> None:
    """The second is told so before anything is written."""
    first = JsonlSink(path)
    with pytest.raises(LedgerError, match="another process writes this ledger"):
        JsonlSink(path)
    first.close()
    JsonlSink(path).close()
    assert verify(path).intact


def test_a_foreign_file_is_not_appended_to(path: Path) -> None:
    """A ledger path that leads to something else stops the start."""
    path.parent.mkdir()
    path.write_text("my notes\n")
    with pytest.raises(LedgerError, match="not a ledger record"):
        JsonlSink(path)
    assert path.read_text() == "my notes\n"


def test_another_key_cannot_continue_a_chain(path: Path) -> None:
    """A keyed ledger goes on under its key only."""
    JsonlSink(path, key=b"one").close()
    with pytest.raises(LedgerError, match=r"does not verify with this ledger\.key"):
        JsonlSink(path, key=b"two")
    assert verify(path, key=b"one").intact
    assert not verify(path).intact


def test_lost_events_are_recorded_as_lost(path: Path) -> None:
    """A gap in what was told is a record of its own."""
    sink = JsonlSink(path)
    give(sink, *an_exchange(), dropped=7)
    sink.close()
    assert kinds(path) == ["start", "dropped", "exchange", "stop"]
    assert verify(path).dropped == 7


def test_a_crash_leaves_unknown_and_not_silence(path: Path) -> None:
    """An exchange that was opened and never closed is found by the verifier."""
    sink = JsonlSink(path)
    give(sink, OPENED)
    give(sink, an_exchange_closed("gh-other"))
    os.close(sink._descriptor)  # what a kill does
    found = verify(path)
    assert found.intact
    assert found.unfinished == ["gh-open"]


def test_a_write_that_fails_leaves_whole_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the middle of a line loses that record, not the chain."""
    sink = JsonlSink(path)
    real = os.write

    def half(descriptor: int, content: Any) -> int:
        real(descriptor, bytes(content)[:50])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        give(sink, *an_exchange("gh-lost"))
    assert not sink.healthy()
    monkeypatch.setattr(os, "write", real)
    give(sink, *an_exchange("gh-kept"))
    assert sink.healthy()
    sink.close()
    assert verify(path).intact
    assert [record.get("id") for record in records(path)] == [None, "gh-kept", None]


def test_the_file_is_not_for_everybody(path: Path) -> None:
    """Others on the machine cannot read it."""
    JsonlSink(path).close()
    assert path.stat().st_mode & 0o007 == 0


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """The start stops with a sentence and not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be"):
        JsonlSink(tmp_path / "file" / "ledger.jsonl")


@pytest.mark.parametrize("as_json", [True, False])
def test_an_access_line_says_what_happened_without_content(as_json: bool) -> None:
    """One line an exchange with id, status, outcome and durations."""
    out = io.StringIO()
    sink = AccessSink(out, json=as_json)
    sink.take([(1.0, event) for event in an_exchange("gh-1", error="upstream_timeout")], 0)
    sink.close()
    (line,) = out.getvalue().splitlines()
    assert "gh-1" in line
    assert "200" in line
    assert "50.0" in line
    if as_json:
        assert json.loads(line)["error"] == "upstream_timeout"


def test_access_lines_may_be_a_sample() -> None:
    """The share is drawn by decision id."""
    out = io.StringIO()
    sink = AccessSink(out, json=True, share=0.1)
    sink.take([(1.0, an_exchange_closed(f"gh-{number}")) for number in range(1_000)], 0)
    assert 50 < len(out.getvalue().splitlines()) < 160
