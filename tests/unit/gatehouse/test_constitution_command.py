"""The commands `gatehouse constitution …`: what they print, and their exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gatehouse.cli import app
from policies.loader import load_compiled_constitution

CLAUSE = """\
  - id: kind
    title: Kind
    behaviour: Be kind.
    limit: {limit}
    critique: Is it unkind?
    revision: Make it kind.
    examples:
      - {{request: q, reply: You are a fool and always were., verdict: break}}
      - {{request: q, reply: You did what you could that day., verdict: keep}}
    bite: {{opposite: Demean people., act: demean}}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["constitution", *arguments])


def ours(limit: str = "Do not demean anyone.", version: str = "1.0.0", name: str = "ours.yaml") -> str:
    text = f"name: ours\nversion: '{version}'\nprinciples:\n{CLAUSE.format(limit=limit)}"
    Path(name).write_text(text)
    return f"./{name}"


def test_all_are_listed_with_digest_size_and_modes() -> None:
    """For people and as JSON."""
    assert "default@" in run("list").stdout
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows["default"]["digest"] == load_compiled_constitution("default").digest
    assert rows["children"]["modes"] == ["fun", "formal"]


def test_clauses_are_shown_in_their_order() -> None:
    """With what a critic asks."""
    shown = run("show", "default").stdout
    assert shown.index("1. mass-harm (hard)") < shown.index("tone (style)")
    told = json.loads(run("show", "default+fun", "--json").stdout)
    assert told["name"] == "default+fun"
    assert told["principles"][0]["bite"]["act"] == "usable help"


def test_the_text_is_printed_byte_for_byte() -> None:
    """So that it can be piped."""
    compiled = load_compiled_constitution("default")
    assert run("text", "default").stdout == compiled.text
    assert json.loads(run("text", "default", "--json").stdout)["digest"] == compiled.digest


@pytest.mark.parametrize("command", ["test", "bite", "tones"])
def test_the_shipped_default_passes(command: str) -> None:
    """With the scripted critic."""
    result = run(command, "default")
    assert result.exit_code == 0, result.output


def test_a_clause_that_is_decoration_fails_the_bite_test_and_its_examples() -> None:
    """And says why."""
    result = run("bite", ours("Be so at all times."))
    assert result.exit_code == 1
    assert "kind does not bite: under the own rule keep in place of break" in result.stdout
    assert json.loads(run("bite", "./ours.yaml", "--json").stdout)["idle"] == ["kind"]
    assert run("test", "./ours.yaml").exit_code == 1
    assert run("bite", ours()).exit_code == 0


def test_a_patch_that_flips_verdicts_fails() -> None:
    """A minor version that says so passes, and so do siblings."""
    old = ours()
    patch = run("diff", old, ours("Be so at all times.", "1.0.1", "new.yaml"))
    assert patch.exit_code == 1
    assert "dignity-02: break -> keep" in patch.stdout
    assert "The version says: patch. What changed asks for: minor." in patch.stdout
    assert run("diff", old, ours("Be so at all times.", "1.1.0", "new.yaml")).exit_code == 0
    assert run("diff", old, ours("Do not ever demean anyone.", "1.0.1", "new.yaml")).exit_code == 0
    told = json.loads(run("diff", "confucian-daoist", "western-liberal", "--json").stdout)
    assert (told["declared"], told["honest"], told["unread"]) == (None, True, 0)


def test_the_file_of_the_guide_passes_everything() -> None:
    """What is printed there can be used."""
    page = Path(__file__).parents[3] / "docs" / "howto" / "write-a-constitution.md"
    (text,) = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    Path("our-desk.yaml").write_text(text)
    for command in ("test", "bite", "tones"):
        assert run(command, "./our-desk.yaml").exit_code == 0, command


def test_wrong_names_and_options_are_told() -> None:
    """Exit code 1 for files, 2 for the command line."""
    missing = run("show", "nobody")
    assert (missing.exit_code, "no constitution 'nobody'" in missing.stderr) == (1, True)
    assert run("show", "default+grim").exit_code == 1
    assert run("test", "default", "--upstream", "http://127.0.0.1:1/v1").exit_code == 2
    assert run("test", "default", "--upstream", "file:///x", "--model", "m").exit_code == 2
    assert run("diff", "default", "strict", "--corpus", "nowhere.tsv").exit_code == 2


def test_a_model_that_cannot_be_reached_passes_nothing() -> None:
    """Not read is not passed."""
    result = run("bite", ours(), "--upstream", "http://127.0.0.1:1/v1", "--model", "m")
    assert result.exit_code == 2
    assert "gave no answer; nothing was tested" in result.stderr
