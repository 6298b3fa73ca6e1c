"""What commands share: settings from options, and ends that scripts can rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from gatehouse.command_options import FAILED, WRONG_USE, fail, load, print_json, settings_of
from proxy.settings import SettingsError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_given_options_win_over_pairs_and_pairs_over_the_file(tmp_path: Path) -> None:
    """What was not given says nothing."""
    (tmp_path / "own.yaml").write_text("port: 1\nhost: ::1\nstore: memory\n")
    found = load(tmp_path / "own.yaml", ["port=2", "log.level=error"], {"port": 3, "host": None})
    assert (found.port, found.host, found.log.level) == (3, "::1", "error")


def test_a_pair_without_a_value_is_told() -> None:
    """It is not guessed at."""
    with pytest.raises(SettingsError, match="KEY=VALUE"):
        load(None, ["port"], {})


def test_wrong_settings_end_a_command_as_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """Every problem on a line of standard error."""
    with pytest.raises(typer.Exit) as ended:
        settings_of(None, ["port=x", "nothing=1"])
    assert ended.value.exit_code == WRONG_USE
    assert capsys.readouterr().err.count("gatehouse: ") == 2


def test_a_failure_has_its_code_and_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts."""
    with pytest.raises(typer.Exit) as ended:
        fail(["no"], FAILED)
    assert ended.value.exit_code == FAILED
    print_json({"é": 1})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert json.loads(printed) == {"é": 1}
