"""Verification: whatever is done to the file shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ledger import verify
from proxy.ledger.chain import Chain
from proxy.ledger.files import LedgerError

Lines = list[bytes]


def write(path: Path, count: int = 8, key: bytes = b"") -> Lines:
    chain = Chain(key)
    lines = [chain.line({"kind": "exchange", "id": f"gh-{number}", "n": number}) for number in range(count)]
    path.write_bytes(b"".join(lines))
    return lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "l.jsonl"


def test_an_untouched_ledger_is_intact(path: Path) -> None:
    """Number, head and count come out right."""
    write(path)
    found = verify(path)
    assert found.intact
    assert (found.first_seq, found.seq, found.records, found.exchanges) == (1, 8, 8, 8)


EDITS: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "a changed value": (lambda x: [*x[:3], x[3].replace(b'"n":3', b'"n":9'), *x[4:]], "record 4 was changed"),
    "a missing line": (lambda x: x[:3] + x[4:], "records 4 to 4 are missing"),
    "a missing start": (lambda x: x[2:], ""),
    "two lines swapped": (lambda x: [*x[:2], x[3], x[2], *x[4:]], "record 3 stands after record 4"),
    "a line doubled": (lambda x: [*x[:3], *x[2:]], "record 3 stands after record 3"),
    "a line cut off": (lambda x: [*x[:7], x[7][:40]], "the line is cut off"),
    "a foreign line": (lambda x: [*x[:3], b"hello\n", *x[3:]], "not a ledger record"),
    "an empty line": (lambda x: [*x[:3], b"\n", *x[3:]], "not a ledger record"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_and_placed(path: Path, edit: str) -> None:
    """Edits, gaps, reorderings and torn lines are each told by name and line."""
    change, problem = EDITS[edit]
    path.write_bytes(b"".join(change(write(path))))
    found = verify(path)
    if problem:
        assert problem in " ".join(found.problems)
        assert "l.jsonl:" in found.problems[0]
    else:
        assert found.first_seq == 3, "older files may have been archived elsewhere: that is shown, not blamed"


def test_a_rewritten_record_breaks_the_next_one(path: Path) -> None:
    """Whoever edits a line and seals it anew has to seal all that follow."""
    lines = write(path)
    forged = Chain(seq=3, head=lines[2][-67:-3].decode()).line({"kind": "exchange", "id": "gh-3", "n": 9})
    path.write_bytes(b"".join([*lines[:3], forged, *lines[4:]]))
    assert "record 5 does not continue record 4" in verify(path).problems[0]


def test_a_forged_chain_needs_the_key(path: Path) -> None:
    """A whole chain written without the key does not verify with it."""
    write(path, key=b"")
    assert len(verify(path, key=b"secret").problems) == 8


def test_a_cut_tail_shows_against_an_anchor(path: Path) -> None:
    """The chain alone cannot know what stood behind it; a head kept elsewhere does."""
    lines = write(path)
    whole = verify(path)
    path.write_bytes(b"".join(lines[:5]))
    assert verify(path).intact
    found = verify(path, anchor=(whole.seq, whole.head))
    assert found.problems == ["record 8 with the given head is missing: the tail was cut"]
    path.write_bytes(b"".join(lines))
    assert verify(path, anchor=(whole.seq, whole.head)).intact


def test_no_ledger_is_an_error(path: Path) -> None:
    """There is nothing to be intact."""
    with pytest.raises(LedgerError, match="no such ledger"):
        verify(path)


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(tmp_path_factory: pytest.TempPathFactory, position: int, bit: int) -> None:
    """One bit anywhere in the file is enough."""
    path = tmp_path_factory.mktemp("flip") / "l.jsonl"
    content = bytearray(b"".join(write(path, 4)))
    content[position % len(content)] ^= 1 << bit
    path.write_bytes(content)
    assert not verify(path).intact
