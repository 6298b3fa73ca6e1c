"""`gatehouse export preferences` writes a training file, a validation file and a card."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gatehouse.cli import app
from tests.kits import preference_rows as rows

run = CliRunner().invoke


def exported(tmp_path: Path, *options: str, keys: int = 120) -> tuple[int, str]:
    path = rows.write(tmp_path / "journal.jsonl", [rows.pair(n) for n in range(keys)])
    told = run(
        app, ["export", "preferences", str(path), "--out", str(tmp_path / "out" / "d.jsonl"), *options]
    )
    return told.exit_code, told.output


@pytest.mark.parametrize(
    ("form", "dialect"),
    [("sft", "trl"), ("dpo", "trl"), ("kto", "trl"), ("reward", "trl"), ("sft", "openai"), ("dpo", "openai")],
)
def test_three_files_are_written_for_their_owner_alone(tmp_path: Path, form: str, dialect: str) -> None:
    code, said = exported(tmp_path, "--format", form, "--dialect", dialect, "--per-key", "0.02", "--json")
    assert code == 0, said
    told = json.loads(said)
    train, held_out, card = (Path(each) for each in told["files"])
    assert [len(path.read_text().splitlines()) for path in (train, held_out)] == [
        told["train"],
        told["validation"],
    ]
    assert card.name == "d.README.md"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (train, held_out, card)} == {0o600}


def test_too_few_keys_end_with_one_and_a_larger_share_is_possible(tmp_path: Path) -> None:
    code, said = exported(tmp_path, "--format", "sft", keys=10)
    assert code == 1
    assert "10 keys" in said
    assert exported(tmp_path, "--format", "sft", "--per-key", "1", "--per-end-user", "1", keys=10)[0] == 0


def test_what_cannot_be_is_wrong_use(tmp_path: Path) -> None:
    assert exported(tmp_path, "--format", "kto", "--dialect", "openai")[0] == 2
    (tmp_path / "bad").write_text('{"kind": "pair"}\n')
    for path in ("bad", "none"):
        told = run(
            app,
            ["export", "preferences", str(tmp_path / path), "--format", "sft", "--out", str(tmp_path / "o")],
        )
        assert told.exit_code == 2
