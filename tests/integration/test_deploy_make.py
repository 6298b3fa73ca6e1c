"""The Makefile and the gate: what a newcomer types works, is quick the second time, fails in plain words."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    """A folder with everything that the set-up rules depend on."""
    (tmp_path / "requirements").mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements/run.lock", "requirements/test.lock"):
        shutil.copy(repository / name, tmp_path / name)
    return tmp_path


def test_help_lists_every_public_target(repository: Path) -> None:
    shown = make(repository, "help").stdout
    public = re.findall(r"^([\w-]+):.*## ", (repository / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "lint", "check"} <= {*public}
    for target in public:
        assert re.search(rf"^ +make {target} +\S", shown, re.MULTILINE), target


def test_an_old_python_is_named_and_refused(checkout: Path) -> None:
    """The message says what was found and how to name another one; nothing is left behind."""
    python = checkout / "python3.9"
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.18 && exit 0\nexit 1\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    run = make(checkout, "run", f"PYTHON={python}")
    assert run.returncode != 0
    assert "needs Python 3.11 or newer" in run.stderr
    assert "Python 3.9.18" in run.stderr
    assert "make PYTHON=" in run.stderr
    assert not (checkout / ".venv").exists()


def test_the_first_run_installs_by_hash_and_then_serves(checkout: Path) -> None:
    plan = make(checkout, "-n", "run").stdout
    assert "-m venv" in plan
    assert re.search(r"--require-hashes .*requirements/run\.lock", plan)
    assert plan.rstrip().endswith(".venv/bin/gatehouse serve")
    assert "test.lock" not in plan


def test_the_second_run_only_serves(checkout: Path) -> None:
    """Nothing is installed again until the lock or the project file changes."""
    stamps = checkout / ".venv" / ".stamps"
    stamps.mkdir(parents=True)
    for name in ("python", "run"):
        (stamps / name).touch()
    assert make(checkout, "-n", "run").stdout.strip() == "exec .venv/bin/gatehouse serve"
    os.utime(stamps / "run", (0, 0))
    assert "pip" in make(checkout, "-n", "run").stdout


def test_options_reach_the_program(checkout: Path) -> None:
    stamps = checkout / ".venv" / ".stamps"
    stamps.mkdir(parents=True)
    for name in ("python", "run"):
        (stamps / name).touch()
    plan = make(checkout, "-n", "run", "ARGS=--port 9000").stdout
    assert plan.strip() == "exec .venv/bin/gatehouse serve --port 9000"


def test_the_gate_lints_and_then_tests(repository: Path) -> None:
    """.ci/run is strict, needs no standard input, and ends with pytest's own closing line."""
    gate = repository / ".ci" / "run"
    text = gate.read_text()
    assert gate.stat().st_mode & stat.S_IXUSR
    assert text.startswith("#!/bin/bash\n")
    assert "set -euo pipefail" in text
    assert "</dev/null" in text
    commands = [line for line in text.splitlines() if line.startswith("make ")]
    assert commands == ["make lint", "make test"]


def test_scripts_are_strict(repository: Path) -> None:
    for name in ("tests/tools.sh", "deploy/image/build.sh", "deploy/image/try.sh"):
        text = (repository / name).read_text()
        assert "set -euo pipefail" in text, name
        assert os.access(repository / name, os.X_OK), name
