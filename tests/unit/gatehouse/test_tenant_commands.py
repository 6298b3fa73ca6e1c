"""Commands about keys, candidates and placement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gatehouse.cli import app
from proxy.keys import key_digest
from tests.kits.tenant_kit import KEYS, written

RUN = CliRunner()
ONE = 'tenants: {acme: {policy: strict, keys: {web: "{acme}"}}}'


def test_a_new_key_is_shown_with_its_digest_and_no_two_are_alike() -> None:
    first, second = (json.loads(RUN.invoke(app, ["key", "new", "--json"]).stdout) for _ in range(2))
    assert first["digest"] == key_digest(first["key"])
    assert first["key"] != second["key"]
    assert "digest: sha256:" in RUN.invoke(app, ["key", "new"]).stdout


def test_a_key_of_one_s_own_is_read_from_standard_input_and_not_printed() -> None:
    found = RUN.invoke(app, ["key", "hash"], input=KEYS["acme"] + "\n")
    assert found.stdout.strip() == key_digest(KEYS["acme"])
    short = RUN.invoke(app, ["key", "hash"], input="secret\n")
    assert short.exit_code == 2
    assert "secret" not in short.output


def test_explain_without_a_text_says_which_policy_applies(tmp_path: Path) -> None:
    options = ["--set", f"tenants.file={written(tmp_path, ONE)}", "--model", "gpt-5", "--route", "responses"]
    found = RUN.invoke(app, ["explain", "--key", "-", "--json", *options], input=KEYS["acme"])
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["tenant"], told["policy"]["name"], told["floor"]) == ("acme", "strict", "default")
    shown = RUN.invoke(app, ["explain", "--key", "acme/web", *options])
    assert "named by tenant acme" in shown.stdout


@pytest.mark.parametrize(
    ("text", "key", "code"), [(ONE, "acme/lost", 2), ("tenants: {acme: {policy: nowhere}}", "acme/web", 1)]
)
def test_what_cannot_be_explained_is_told(tmp_path: Path, text: str, key: str, code: int) -> None:
    found = RUN.invoke(app, ["explain", "--key", key, "--set", f"tenants.file={written(tmp_path, text)}"])
    assert found.exit_code == code
    assert found.output.startswith("gatehouse: ")


def test_the_report_of_candidates_reads_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    assert RUN.invoke(app, ["candidate", "report", str(path)]).exit_code == 1
    path.write_bytes(b"")
    assert json.loads(RUN.invoke(app, ["candidate", "report", str(path), "--json"]).stdout) == {
        "candidates": []
    }


@pytest.mark.parametrize("arguments", [["hello", "--model", "m"], [""], [" "]])
def test_a_text_and_a_question_about_policies_do_not_mix(arguments: list[str]) -> None:
    found = RUN.invoke(app, ["explain", *arguments])
    assert found.exit_code == 2
    assert found.output.startswith("gatehouse: ")
