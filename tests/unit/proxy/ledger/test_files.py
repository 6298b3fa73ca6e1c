"""Files of a ledger: found in order, continued at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.ledger.chain import ORIGIN, Chain
from proxy.ledger.files import LastRecord, LedgerError, files_of, last_record, lines_of, set_aside, walk


def test_files_come_in_the_order_of_their_records(tmp_path: Path) -> None:
    """Those set aside first, the one being written last; other files are none of them."""
    path = tmp_path / "l.jsonl"
    for name in ("l.jsonl", "l.000000000900.jsonl", "l.000000000001.jsonl", "l.bak.jsonl", "other.jsonl"):
        (tmp_path / name).touch()
    assert [file.name for file in files_of(path)] == [
        "l.000000000001.jsonl",
        "l.000000000900.jsonl",
        "l.jsonl",
    ]


def test_a_file_is_set_aside_under_its_first_number(tmp_path: Path) -> None:
    """The name says where it belongs."""
    path = tmp_path / "l.jsonl"
    path.write_bytes(Chain(seq=41).line({"kind": "x"}))
    assert set_aside(path).name == "l.000000000042.jsonl"
    assert not path.exists()


def test_a_new_ledger_starts_the_chain(tmp_path: Path) -> None:
    """No file, and an empty one, are a beginning."""
    path = tmp_path / "l.jsonl"
    assert last_record(path, b"") == LastRecord(0, ORIGIN)
    path.touch()
    assert last_record(path, b"").seq == 0


def test_the_end_is_found_whatever_the_length(tmp_path: Path) -> None:
    """Number and hash of the last whole line, and where a torn one begins."""
    path = tmp_path / "l.jsonl"
    chain = Chain()
    content = b"".join(chain.line({"kind": "x", "pad": "y" * 5_000}) for _ in range(300))
    path.write_bytes(content + b'{"torn')
    assert last_record(path, b"") == LastRecord(300, chain.head, len(content), 6)


@pytest.mark.parametrize("content", [b"{}\n", b"\n\n", b'{"seq":1}\n'])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """What is no ledger is not continued."""
    path = tmp_path / "l.jsonl"
    path.write_bytes(content)
    if content.strip():
        with pytest.raises(LedgerError):
            last_record(path, b"")
    else:
        assert last_record(path, b"").seq == 0


def test_lines_know_whether_they_are_whole(tmp_path: Path) -> None:
    """The last line without an end mark is told apart."""
    path = tmp_path / "l.jsonl"
    path.write_bytes(b"a\nb")
    assert list(lines_of(path)) == [(1, b"a", True), (2, b"b", False)]


def test_a_walk_goes_through_all_files(tmp_path: Path) -> None:
    """In order; a ledger that is not there is an error, not an empty one."""
    path = tmp_path / "l.jsonl"
    (tmp_path / "l.000000000001.jsonl").write_bytes(b"a\nb\n")
    path.write_bytes(b"c")
    found = [(file.name, number, line, whole) for file, number, line, whole in walk(path)]
    assert found == [
        ("l.000000000001.jsonl", 1, b"a", True),
        ("l.000000000001.jsonl", 2, b"b", True),
        ("l.jsonl", 1, b"c", False),
    ]
    with pytest.raises(LedgerError, match="no such ledger"):
        list(walk(tmp_path / "other.jsonl"))
