"""The command line: exit codes that scripts can rely on, and no secret on any output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from classifiers.testing import MARKER, write_stub_model
from gatehouse.cli import app
from gatehouse.training import Made, MissingExtraError, TrainingError
from proxy.ledger.chain import Chain
from proxy.version import VERSION

KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file of whoever runs the tests, and no file left in the checkout."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environ)


def write_ledger(path: Path, count: int = 3, key: bytes = b"") -> Chain:
    chain = Chain(key)
    path.write_bytes(b"".join([chain.line({"kind": "exchange", "id": f"gh-{n}"}) for n in range(count)]))
    return chain


def test_the_version_is_printed() -> None:
    """Nothing else is."""
    assert (run("version").output, run("version").exit_code) == (f"{VERSION}\n", 0)


@pytest.mark.parametrize("command", ["serve", "check", "health", "explain"])
def test_wrong_settings_are_wrong_use(command: str) -> None:
    """Exit code 2, every problem on a line, no traceback."""
    arguments = [command, "text"] if command == "explain" else [command]
    result = run(*arguments, "--set", "ledger.mode=never", GATEHOUSE_NONSENSE="1", GATEHOUSE_PORT=KEY)
    assert result.exit_code == 2
    assert result.stderr.count("gatehouse: ") == 3
    assert "Traceback" not in result.output
    assert KEY not in result.output


def test_set_wants_a_value() -> None:
    """A typing mistake is told, not guessed at."""
    result = run("check", "--set", "port")
    assert (result.exit_code, result.stderr) == (2, "gatehouse: --set wants KEY=VALUE\n")


def test_a_check_that_passes_says_so() -> None:
    """Exit code 0 and a last line that means it; JSON has the same content."""
    result = run("check", "--fast", "--set", "policy=default")
    assert result.exit_code == 0, result.output
    assert result.stdout.rstrip().endswith("Ready to serve.")
    report = json.loads(run("check", "--fast", "--json").stdout)
    assert report["ok"] is True
    assert report["problems"] == []
    assert any("stand-in" in line for line in report["warnings"])


def test_a_check_that_fails_is_told_by_its_exit_code() -> None:
    """1 for problems in policies, 2 for settings that cannot be read, in JSON too."""
    assert run("check", "--fast", "--set", "policy=nope").exit_code == 1
    result = run("check", "--json", "--set", "port=x")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["problems"] == [
        "command line: port: input should be a valid integer, unable to parse string as an integer"
    ]


def test_secrets_are_printed_by_no_command() -> None:
    """Not by a check, not as JSON."""
    for arguments in (["check", "--fast"], ["check", "--fast", "--json"]):
        result = run(*arguments, GATEHOUSE_UPSTREAM="http://127.0.0.1:9/v1", GATEHOUSE_UPSTREAM_API_KEY=KEY)
        assert result.exit_code == 0, result.output
        assert "canary" not in result.output


def test_nobody_there_is_not_ready(unused_port: int) -> None:
    """Exit code 1, for a container's health check."""
    result = run("health", "--set", f"port={unused_port}")
    assert result.exit_code == 1
    assert result.stdout.startswith("not ready")
    asked = run("health", "--json", "--url", f"http://127.0.0.1:{unused_port}/readyz")
    assert json.loads(asked.stdout)["ready"] is False


def test_an_intact_ledger_verifies(tmp_path: Path) -> None:
    """The head is printed, for keeping elsewhere, and accepted as an anchor."""
    chain = write_ledger(tmp_path / "l.jsonl")
    result = run("ledger", "verify", "l.jsonl", "--anchor", f"3:{chain.head}")
    assert result.exit_code == 0, result.output
    assert f"head 3:{chain.head}" in result.stdout
    assert "The chain holds." in result.stdout


def test_a_broken_ledger_does_not(tmp_path: Path) -> None:
    """Exit code 1 and the line where it breaks."""
    path = tmp_path / "l.jsonl"
    write_ledger(path)
    path.write_bytes(path.read_bytes().replace(b"gh-1", b"gh-9"))
    result = run("ledger", "verify", str(path))
    assert result.exit_code == 1
    assert "l.jsonl:2: record 2 was changed" in result.stderr
    assert json.loads(run("ledger", "verify", str(path), "--json").stdout)["intact"] is False


def test_the_key_of_a_ledger_comes_from_the_settings(tmp_path: Path) -> None:
    """Never from the command line's own arguments alone: variables and files work too."""
    write_ledger(tmp_path / "l.jsonl", key=b"secret")
    assert run("ledger", "verify", "l.jsonl", GATEHOUSE_LEDGER__KEY="secret").exit_code == 0
    assert run("ledger", "verify", "l.jsonl").exit_code == 1


def test_no_ledger_is_told(tmp_path: Path) -> None:
    """A wrong path, and an anchor that is none."""
    assert "no such ledger" in run("ledger", "verify", "nowhere.jsonl").stderr
    assert run("ledger", "verify", "--anchor", "x").exit_code == 2


def test_the_schema_is_json() -> None:
    """It goes into a file as it is."""
    assert json.loads(run("schema").stdout)["title"] == "Gatehouse settings"


def test_an_unknown_classifier_is_told() -> None:
    """With those that there are."""
    result = run("explain", "hello", "--classifier", "nope")
    assert result.exit_code == 2
    assert "there is no classifier 'nope'" in result.stderr


@pytest.fixture
def marked(tmp_path: Path) -> str:
    """A setting that adds a classifier `marked`, which fires on the marker."""
    return f"models.marked={write_stub_model(tmp_path / 'stub')}"


def test_a_text_is_explained(marked: str) -> None:
    """In an order that reads from the text to the scores; plain markers where nobody watches."""
    result = run("explain", f"say {MARKER} now", "--classifier", "marked", "--set", marked)
    assert result.exit_code == 0, result.output
    assert f"  say [+{MARKER}] now" in result.stdout
    assert "block at 0.9000: reached" in result.stdout
    assert f'Smallest flip: Without "{MARKER}"' in result.stdout
    assert "\x1b" not in result.stdout


def test_an_explanation_looks_at_every_window_with_the_whole_network() -> None:
    """Where a cascade settles a text early, no word of it would weigh anything."""
    plain = "Could you suggest a simple recipe for a vegetable soup with carrots and leeks?"
    found = json.loads(run("explain", plain, "--json").stdout)
    assert any(abs(span["log_odds"]) > 0.001 for span in found["spans"])


def test_a_text_is_explained_from_standard_input_as_json(marked: str) -> None:
    """The argument - reads it; everything is in the document, and the text is in no log."""
    arguments = ["explain", "-", "--classifier", "marked", "--label", "harm", "--json", "--set", marked]
    result = CliRunner().invoke(app, arguments, input=f"say\n{MARKER} now\n")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) == {
        *("model", "label", "score", "scores", "margins", "spans", "flip", "push", "calls"),
    }
    assert found["flip"]["words"] == [MARKER]
    assert result.stderr == ""


def test_an_unknown_label_is_told(marked: str) -> None:
    """With those that the classifier has."""
    result = run("explain", "x", "--classifier", "marked", "--label", "nope", "--set", marked)
    assert (result.exit_code, result.stderr) == (2, "gatehouse: marked has no label 'nope'; known: harm\n")


def made(*_: object, **given: object) -> Made:
    return Made({"given": {key: str(value) for key, value in given.items()}}, ["made"])


def test_training_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated options are all kept; the summary is text or JSON."""
    monkeypatch.setattr("gatehouse.training.train_models", made)
    assert run("train", "--out", "o").stdout == "made\n"
    result = run(
        *("train", "--out", "o", "--pool", "p", "--base", "b", "--model", "input", "--model", "exchange"),
        *("--labels", "one", "--labels", "two", "--device", "cpu", "--minutes", "2", "--json"),
    )
    given = json.loads(result.stdout)["given"]
    assert (given["models"], given["device"], given["minutes"]) == ("('input', 'exchange')", "cpu", "2.0")
    assert given["labels"].count("Path") == 2


@pytest.mark.parametrize(
    "more", [("--model", "other"), ("--device", "tpu"), ("--minutes", "-1"), ("--pool", "nowhere"), ()]
)
def test_a_wrong_order_is_wrong_use(monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]) -> None:
    """Also without --out; nothing is trained and no traceback is shown."""
    arguments = ["train", *(("--out", "o") if more else ()), *more]
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def raising(error: Exception) -> Callable[..., Made]:
    def fail(*_: object, **__: object) -> Made:
        raise error

    return fail


@pytest.mark.parametrize("arguments", [("train", "--out", "o"), ("convert", "d", "--out", "o")])
def test_without_the_extra_it_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Serving installs no training library; the command names the extra that brings it."""
    error = MissingExtraError(["torch is not installed", "pip install 'gatehouse[train]'"])
    monkeypatch.setattr("gatehouse.training.train_models", raising(error))
    monkeypatch.setattr("gatehouse.training.convert_model", raising(error))
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr == "gatehouse: torch is not installed\ngatehouse: pip install 'gatehouse[train]'\n"


def test_a_conversion_is_told_and_a_failed_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1: it was tried and did not work."""
    monkeypatch.setattr("gatehouse.training.convert_model", made)
    result = run("convert", "d", "--out", "o", "--int8", "--name", "n", "--json")
    assert json.loads(result.stdout)["given"] == {"int8": "True", "name": "n"}
    monkeypatch.setattr("gatehouse.training.convert_model", raising(TrainingError(["no config.json"])))
    result = run("convert", "d", "--out", "o")
    assert (result.exit_code, result.stderr) == (1, "gatehouse: no config.json\n")


def test_the_package_runs_as_a_module(repository: Path) -> None:
    """`python -m gatehouse` is the command."""
    done = subprocess.run(
        [sys.executable, "-m", "gatehouse", "version"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{VERSION}\n")


def test_little_is_imported_for_a_small_command(repository: Path) -> None:
    """A health check every ten seconds does not load the server, the models or metrics."""
    code = (
        "import sys; from gatehouse.cli import app; import gatehouse.health; "
        "heavy = {'fastapi', 'uvicorn', 'aiohttp', 'onnxruntime', 'redis', 'prometheus_client', 'litellm'}; "
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "", done.stderr
